import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Sharp } from 'sharp';
import sharp from 'sharp';
import type { GroupMetadata } from '../../src/protocol/control.ts';
import { dice } from './pictures.ts';

/** Made photos and what people make of them, in several folders, and the groups that are to be found in them. */
export interface LookAlikes {
  /** Every file once. */
  files: MadeFile[];
  groups: MadeGroup[];
}

/** One file that was written. */
export interface MadeFile {
  path: string;
  /** Its SHA-256. */
  id: string;
  /** How it came from its photo: `original`, or one of the variants. */
  kind: string;
}

/** Files of one photo. */
export interface MadeGroup {
  /** The best of them. */
  keeper: MadeFile;
  /** All of them, the keeper too. */
  files: MadeFile[];
  /** What the keeper lacks and another one knows. */
  metadata: GroupMetadata;
}

/** A way in which a file is made from a photo. */
interface Variant {
  kind: string;
  extension: string;
  make: (photo: Sharp, size: Size) => Sharp;
}

interface Size {
  width: number;
  height: number;
}

/** Pixels of the photos, one after the other. */
const sizes = [
  { width: 1200, height: 800 },
  { width: 960, height: 720 },
  { width: 800, height: 1200 },
  { width: 1280, height: 720 },
] as const;

/** Parts of a size, in whole pixels. */
const part = ({ width, height }: Size, share: number): Size => ({
  width: Math.round(width * share),
  height: Math.round(height * share),
});

const svg = ({ width, height }: Size, shapes: string): Buffer =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`);

/** What looks like a line of writing, without the need of a font. */
function writing(x: number, y: number, letter: number, colour: string, opacity: number): string {
  return Array.from(
    { length: 14 },
    (_one, n) =>
      `<rect x="${x + n * letter * 0.8}" y="${y}" width="${letter * (n % 3 === 0 ? 0.25 : 0.55)}" height="${letter}" fill="${colour}" opacity="${opacity}"/>`,
  ).join('');
}

const half = (photo: Sharp, size: Size): Sharp => photo.resize(part(size, 0.5)).jpeg({ quality: 85 });

/** Twenty ways in which a photo comes back. None of them makes a better photo of it. */
const variants: readonly Variant[] = [
  { kind: 'half', extension: 'jpg', make: (photo, size) => half(photo.keepExif(), size) },
  { kind: 'quarter', extension: 'jpg', make: (photo, size) => photo.resize(part(size, 0.25)).jpeg({ quality: 85 }) },
  { kind: 'compressed', extension: 'jpg', make: (photo) => photo.keepExif().jpeg({ quality: 35 }) },
  { kind: 'webp', extension: 'webp', make: (photo) => photo.keepExif().webp({ quality: 75 }) },
  {
    kind: 'avif',
    extension: 'avif',
    make: (photo, size) => photo.resize(part(size, 0.6)).avif({ quality: 55, effort: 1 }),
  },
  { kind: 'png', extension: 'png', make: (photo, size) => photo.resize(part(size, 0.6)).png() },
  { kind: 'tiff', extension: 'tif', make: (photo, size) => photo.resize(part(size, 0.7)).tiff({ compression: 'lzw' }) },
  { kind: 'grey', extension: 'jpg', make: (photo) => photo.keepExif().greyscale().jpeg({ quality: 80 }) },
  { kind: 'sepia', extension: 'jpg', make: (photo) => photo.tint('#b08a5a').jpeg({ quality: 75 }) },
  { kind: 'dark', extension: 'jpg', make: (photo) => photo.modulate({ brightness: 0.75 }).jpeg({ quality: 75 }) },
  {
    kind: 'caption',
    extension: 'jpg',
    make: (photo, size) => {
      const line = Math.round(size.height * 0.08);
      const bar = `<rect y="${size.height - line}" width="${size.width}" height="${line}" fill="black"/>`;
      const words = writing(line, size.height - line * 0.75, line * 0.5, 'white', 1);
      return photo
        .keepExif()
        .composite([{ input: svg(size, bar + words) }])
        .jpeg({ quality: 75 });
    },
  },
  {
    kind: 'watermark',
    extension: 'jpg',
    make: (photo, size) => {
      const words = writing(size.width * 0.55, size.height * 0.85, size.width * 0.03, 'white', 0.6);
      return photo.composite([{ input: svg(size, words) }]).jpeg({ quality: 75 });
    },
  },
  {
    kind: 'cropped',
    extension: 'jpg',
    make: (photo, size) =>
      photo
        .keepExif()
        .extract(window(size, 0.9, 0.3))
        .jpeg({ quality: 85 }),
  },
  {
    kind: 'cropped more',
    extension: 'jpg',
    make: (photo, size) => photo.extract(window(size, 0.84, 0.5)).jpeg({ quality: 85 }),
  },
  { kind: 'mirrored', extension: 'jpg', make: (photo) => photo.flop().jpeg({ quality: 75 }) },
  { kind: 'turned', extension: 'jpg', make: (photo) => photo.rotate(90).jpeg({ quality: 75 }) },
  { kind: 'upside down', extension: 'jpg', make: (photo) => photo.rotate(180).jpeg({ quality: 75 }) },
  {
    // Stored lying on its side, as cameras do, with the note how to hold it.
    kind: 'orientation',
    extension: 'jpg',
    make: (photo) => photo.rotate(270).keepExif().withMetadata({ orientation: 6 }).jpeg({ quality: 75 }),
  },
  {
    kind: 'framed',
    extension: 'jpg',
    make: (photo, size) => {
      const border = Math.round(size.width * 0.05);
      return photo
        .resize(part(size, 0.75))
        .extend({ top: border, bottom: border, left: border, right: border, background: 'white' })
        .jpeg({ quality: 85 });
    },
  },
  {
    kind: 'messenger',
    extension: 'jpg',
    make: (photo) => photo.resize({ width: 640, height: 640, fit: 'inside' }).jpeg({ quality: 60 }),
  },
];

/** A window of this share of width and height; `at` 0 lies at the left and top, 1 at the right and bottom. */
function window(size: Size, share: number, at: number) {
  const { width, height } = part(size, share);
  return { left: Math.round((size.width - width) * at), top: Math.round((size.height - height) * at), width, height };
}

/** Names of the variants that a photo can have. */
export const variantKinds: readonly string[] = variants.map(({ kind }) => kind);

/**
 * Renders `photos` photos and `count` variants of them, spread over the folders: the same bytes every time on one
 * machine. Every sixth photo has lost what its camera wrote, and one smaller version still has it. Every tenth is stored
 * without colour beside a version in colour, which every other time is large enough to be the better one.
 */
export async function renderLookAlikes(
  folders: readonly string[],
  { photos, variants: count }: { photos: number; variants: number },
): Promise<LookAlikes> {
  const groups: MadeGroup[] = [];
  for (let number = 0; number < photos; number++) {
    const own = Math.floor(count / photos) + (number < count % photos ? 1 : 0);
    groups.push(await renderGroup(folders, number, own));
  }
  return { groups, files: groups.flatMap(({ files }) => files) };
}

async function renderGroup(folders: readonly string[], number: number, count: number): Promise<MadeGroup> {
  const size = sizes[number % sizes.length] ?? sizes[0];
  const [bare, grey] = [number % 6 === 5, number % 10 === 9];
  const notes = cameraNotes(number);
  const files: MadeFile[] = [];
  const write = (kind: string, extension: string, bytes: Buffer): MadeFile => {
    const folder = folders[(number + files.length) % folders.length] ?? '';
    const name = `IMG_${String(number + 1).padStart(4, '0')}${kind === 'original' ? '' : ` ${kind}`}.${extension}`;
    fs.writeFileSync(path.join(folder, name), bytes);
    const file = { path: path.join(folder, name), kind, id: createHash('sha256').update(bytes).digest('hex') };
    files.push(file);
    return file;
  };

  const drawn = sharp(svg(size, drawing(number, size))).flatten();
  const developed = (picture: Sharp): Promise<Buffer> =>
    (bare ? picture : picture.withExif(exifOf(notes))).jpeg({ quality: 93, chromaSubsampling: '4:4:4' }).toBuffer();
  const original = await developed(grey ? drawn.clone().greyscale() : drawn.clone());
  let keeper = write('original', 'jpg', original);
  if (grey) {
    // With 81 % of the pixels colour is better, with 25 % it is not.
    const better = number % 20 === 9;
    const coloured = write('coloured', 'jpg', await developed(drawn.clone().resize(part(size, better ? 0.9 : 0.5))));
    if (better) keeper = coloured;
  }
  if (bare) write('with notes', 'jpg', await half(sharp(original).withExif(exifOf(notes)), size).toBuffer());
  for (const { kind, extension, make } of variantsFor(number, count + 1 - files.length, grey)) {
    write(kind, extension, await make(sharp(original), size).toBuffer());
  }
  return { keeper, files, metadata: bare ? notes : { takenAt: null, camera: null, place: null } };
}

/** So many different variants, other ones for each photo. */
function variantsFor(number: number, count: number, grey: boolean): readonly Variant[] {
  // Without a common divisor with the number of variants, each step leads to another one.
  const step = 3;
  const all = variants.flatMap((_one, n) => {
    const start = (number * 7 + n * step) % variants.length;
    return variants.slice(start, start + 1);
  });
  return all.filter(({ kind }) => !(grey && kind === 'sepia')).slice(0, count);
}

/** What the camera wrote: another time of another day for each photo. */
function cameraNotes(number: number) {
  const taken = new Date(Date.UTC(2024, 4, 1 + number * 3, 8 + (number % 11), (number * 17) % 60, number));
  return {
    takenAt: taken.toISOString().slice(0, 19),
    camera: ['Canon EOS R50', 'Pixel 9', 'ILCE-6400'][number % 3] ?? '',
    // Whole degrees: nothing is lost in the fractions of EXIF.
    place: { latitude: 30 + (number % 20), longitude: 5 + (number % 13) },
  };
}

function exifOf({ takenAt, camera, place }: ReturnType<typeof cameraNotes>) {
  return {
    IFD0: { Model: camera },
    IFD2: { DateTimeOriginal: takenAt.replaceAll('-', ':').replace('T', ' ') },
    IFD3: {
      GPSLatitudeRef: 'N',
      GPSLatitude: `${place.latitude}/1 0/1 0/1`,
      GPSLongitudeRef: 'E',
      GPSLongitude: `${place.longitude}/1 0/1 0/1`,
    },
  };
}

/** Shapes of all sizes and colours, so that no two photos are alike in any orientation. */
function drawing(number: number, { width, height }: Size): string {
  const next = dice(number + 1);
  const colour = (): string => `hsl(${Math.floor(next() * 360)} ${40 + next() * 60}% ${10 + next() * 80}%)`;
  const shapes = Array.from({ length: 120 }, (_one, n) => {
    // Large ones first, small ones on top of them.
    const scale = Math.min(width, height) * (0.05 + 0.4 * (1 - n / 120) ** 3);
    const [x, y] = [next() * width, next() * height];
    const turn = `transform="rotate(${next() * 180} ${x} ${y})"`;
    const [wide, high] = [scale * (0.3 + next()), scale * (0.3 + next())];
    return n % 2 === 0
      ? `<ellipse cx="${x}" cy="${y}" rx="${wide}" ry="${high}" ${turn} fill="${colour()}"/>`
      : `<rect x="${x - wide}" y="${y - high}" width="${wide * 2}" height="${high * 2}" ${turn} fill="${colour()}"/>`;
  });
  return `<rect width="${width}" height="${height}" fill="${colour()}"/>${shapes.join('')}`;
}
