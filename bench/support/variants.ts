import type { Sharp } from 'sharp';
import sharp from 'sharp';

/** Decoded pixels of a photo: upright, three channels of 8 bits. */
export interface BenchPixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Something that people and programs do to a photo; the same bytes each time. */
export interface Transformation {
  readonly name: string;
  /** Whether every finder of look-alikes should see through it; the others change what is in the picture, or how it lies. */
  readonly core: boolean;
  readonly make: (photo: BenchPixels) => Promise<Buffer>;
}

/** What an editor saves with, unless the transformation is about that. */
const editorQuality = 88;

/** The photo's pixels as the file of an original. */
export async function decodeUpright(file: string | Buffer): Promise<BenchPixels> {
  const { data, info } = await sharp(file, { failOn: 'none' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3) return { data, width: info.width, height: info.height };
  const rgb = Buffer.allocUnsafe(info.width * info.height * 3);
  for (let at = 0; at < rgb.length; at++) rgb[at] = data[Math.floor(at / 3)] ?? 0;
  return { data: rgb, width: info.width, height: info.height };
}

function open({ data, width, height }: BenchPixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** An edit that is saved as an editor does. */
function edit(name: string, core: boolean, change: (picture: Sharp, photo: BenchPixels) => Sharp): Transformation {
  return { name, core, make: (photo) => change(open(photo), photo).jpeg({ quality: editorQuality }).toBuffer() };
}

function save(name: string, write: (picture: Sharp) => Sharp): Transformation {
  return { name, core: true, make: (photo) => write(open(photo)).toBuffer() };
}

function resized(percent: number): Transformation {
  return edit(`resize ${percent} %`, true, (picture, { width, height }) =>
    picture.resize(part(width, percent / 100), part(height, percent / 100), { fit: 'fill' }),
  );
}

/** Keeps `side` of both sides; what is left over is `left` of it to the left and `top` of it above. */
function cropped(name: string, core: boolean, side: number, left = 0.5, top = 0.5): Transformation {
  return edit(name, core, (picture, photo) => {
    const [width, height] = [part(photo.width, side), part(photo.height, side)];
    return picture.extract({
      left: Math.round((photo.width - width) * left),
      top: Math.round((photo.height - height) * top),
      width,
      height,
    });
  });
}

function part(length: number, by: number): number {
  return Math.max(1, Math.round(length * by));
}

/** A frame of one colour, by the shorter side. */
function framed(name: string, background: string, width: number, bottom = width): Transformation {
  return edit(name, false, (picture, photo) => {
    const side = part(Math.min(photo.width, photo.height), width);
    const below = part(Math.min(photo.width, photo.height), bottom);
    return picture.extend({ top: side, left: side, right: side, bottom: below, background });
  });
}

/** Each channel times its factor. */
function tinted(name: string, factors: readonly [number, number, number]): Transformation {
  return edit(name, true, (picture) => picture.linear([...factors], [0, 0, 0]));
}

/** Straightens a horizon: turned, and cut to the largest part of the same shape without corners. */
function straightened(degrees: number): Transformation {
  return {
    name: `rotate ${degrees}°`,
    core: false,
    async make(photo) {
      const { data, info } = await open(photo)
        .rotate(degrees, { background: '#000000' })
        .raw()
        .toBuffer({ resolveWithObject: true });
      const angle = (degrees * Math.PI) / 180;
      const long = Math.max(photo.width / photo.height, photo.height / photo.width);
      const side = 1 / (Math.cos(angle) + long * Math.sin(angle));
      const [width, height] = [part(photo.width, side), part(photo.height, side)];
      return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
        .extract({
          left: Math.round((info.width - width) / 2),
          top: Math.round((info.height - height) / 2),
          width,
          height,
        })
        .jpeg({ quality: editorQuality })
        .toBuffer();
    },
  };
}

/** Something drawn over the picture. */
function drawnOver(name: string, draw: (photo: BenchPixels) => string): Transformation {
  return edit(name, true, (picture, photo) => {
    const { width, height } = photo;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${draw(photo)}</svg>`;
    return picture.composite([{ input: Buffer.from(svg) }]);
  });
}

/** White letters (as boxes: no font is the same everywhere) on a dark bar along the lower edge. */
function caption({ width, height }: BenchPixels): string {
  const bar = height * 0.09;
  const letter = bar * 0.45;
  const letters = Array.from({ length: Math.floor((width * 0.8) / (letter * 0.8)) }, (_, n) => {
    if (n % 7 === 6) return '';
    const tall = letter * (n % 3 === 0 ? 1 : 0.7);
    const x = width * 0.1 + n * letter * 0.8;
    return `<rect x="${x}" y="${height - bar * 0.28 - tall}" width="${letter * 0.5}" height="${tall}" fill="none" stroke="white" stroke-width="${letter * 0.15}"/>`;
  });
  return `<rect y="${height - bar}" width="${width}" height="${bar}" opacity="0.75"/>${letters.join('')}`;
}

/** Half transparent rings and a bar across the middle, as agencies lay over their previews. */
function watermark({ width, height }: BenchPixels): string {
  const size = Math.min(width, height) * 0.16;
  const ring = (x: number): string =>
    `<circle cx="${width / 2 + x * size}" cy="${height / 2}" r="${size}" fill="none" stroke="white" stroke-width="${size * 0.2}"/>`;
  return `<g opacity="0.45">${ring(-1)}${ring(1)}<rect x="${width / 2 - size * 2.5}" y="${height / 2 - size * 0.12}" width="${size * 5}" height="${size * 0.24}" fill="white"/></g>`;
}

/** Grain of a sensor: normally distributed, the same for the same size. */
function withNoise({ data, width, height }: BenchPixels, deviation: number): BenchPixels {
  let state = 0x2545f491;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const noisy = Buffer.allocUnsafe(data.length);
  for (let at = 0; at < data.length; at++) {
    // The sum of three even ones is near enough to a normal one, with a standard deviation of a half.
    const noise = (next() + next() + next() - 1.5) * 2 * deviation;
    noisy[at] = Math.max(0, Math.min(255, Math.round((data[at] ?? 0) + noise)));
  }
  return { data: noisy, width, height };
}

function sepia(picture: Sharp): Sharp {
  return picture.recomb([
    [0.393, 0.769, 0.189],
    [0.349, 0.686, 0.168],
    [0.272, 0.534, 0.131],
  ]);
}

function contrast(factor: number): (picture: Sharp) => Sharp {
  return (picture) => picture.linear(factor, 128 * (1 - factor));
}

/** The 40 that recall is measured over. */
export const transformations: readonly Transformation[] = [
  resized(50),
  resized(25),
  resized(10),
  save('JPEG q60', (picture) => picture.jpeg({ quality: 60 })),
  save('JPEG q30', (picture) => picture.jpeg({ quality: 30 })),
  save('JPEG q10', (picture) => picture.jpeg({ quality: 10 })),
  save('PNG', (picture) => picture.png({ compressionLevel: 1 })),
  save('WebP', (picture) => picture.webp({ quality: 75, effort: 1 })),
  save('AVIF', (picture) => picture.avif({ quality: 50, effort: 1 })),
  save('GIF', (picture) => picture.gif({ effort: 1 })),
  edit('greyscale', true, (picture) => picture.greyscale()),
  edit('sepia', true, sepia),
  edit('saturation +50 %', true, (picture) => picture.modulate({ saturation: 1.5 })),
  edit('brightness +25 %', true, (picture) => picture.linear(1.25, 0)),
  edit('brightness -30 %', true, (picture) => picture.linear(0.7, 0)),
  edit('contrast +30 %', true, contrast(1.3)),
  edit('contrast -30 %', true, contrast(0.7)),
  edit('gamma 1.6', true, (picture) => picture.gamma(1.6, 1)),
  tinted('warm', [1.12, 1, 0.85]),
  edit('blur', true, (picture, { width, height }) => picture.blur(Math.max(0.5, Math.max(width, height) / 400))),
  {
    name: 'noise',
    core: true,
    make: (photo) => open(withNoise(photo, 12)).jpeg({ quality: editorQuality }).toBuffer(),
  },
  drawnOver('caption', caption),
  drawnOver('watermark', watermark),
  cropped('crop 2 %', true, 0.98),
  cropped('crop 5 %', true, 0.95),
  {
    name: 'EXIF rotation',
    core: true,
    make: (photo) => open(photo).rotate(270).withMetadata({ orientation: 6 }).jpeg({ quality: 92 }).toBuffer(),
  },
  edit('messenger', true, (picture) =>
    picture.resize({ width: 1600, height: 1600, fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 70 }),
  ),
  cropped('crop 10 %', false, 0.9),
  cropped('crop 10 % off centre', false, 0.9, 0, 0.3),
  cropped('crop 20 %', false, 0.8),
  cropped('crop 20 % off centre', false, 0.8, 0.9, 0.1),
  framed('black frame', '#000000', 0.05),
  framed('white frame', '#ffffff', 0.08),
  framed('polaroid', '#f4f1e8', 0.06, 0.22),
  straightened(1),
  straightened(2),
  edit('turned 90°', false, (picture) => picture.rotate(90)),
  edit('mirrored', false, (picture) => picture.flop()),
  edit('upside down', false, (picture) => picture.flip()),
  edit('stretched 10 %', false, (picture, { width, height }) =>
    picture.resize(part(width, 1.1), height, { fit: 'fill' }),
  ),
];
