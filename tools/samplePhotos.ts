import fs from 'node:fs/promises';
import path from 'node:path';
import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { renderScene, scenes } from './sampleScenes.ts';
import type { Scene } from './sampleScenes.ts';

/** Friends whose folders can be made, in this order. */
export const sampleFriends = ['Ana', 'Bruno', 'Clara'] as const;
export type SampleFriend = (typeof sampleFriends)[number];

/** How a friend's file comes from a scene. */
interface Shot {
  readonly seed: number;
  readonly scene: Scene;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly camera: Camera;
}

interface Camera {
  readonly make: string;
  readonly model: string;
  /** Name of the n-th file of this camera. */
  fileName(shot: number, taken: Date): string;
}

const cameras: Readonly<Record<SampleFriend, Camera>> = {
  Ana: { make: 'Canon', model: 'Canon EOS R50', fileName: (shot) => `IMG_${String(400 + shot).padStart(4, '0')}.JPG` },
  Bruno: {
    make: 'Google',
    model: 'Pixel 9',
    fileName: (_, taken) =>
      `PXL_${taken
        .toISOString()
        .replace(/[-:]|\..*/g, '')
        .replace('T', '_')}.jpg`,
  },
  Clara: { make: 'SONY', model: 'ILCE-6400', fileName: (shot) => `DSC${String(1200 + shot).padStart(5, '0')}.JPG` },
};

/** Where the pictures were "taken": around Aveiro. */
const home = { latitude: 40.64, longitude: -8.654 };

/** Width and height in pixels: from 1 to 6 megapixels, both ways up. */
const sizes = [
  [1600, 1067],
  [2048, 1536],
  [1200, 900],
  [3000, 2000],
  [1536, 2048],
  [2400, 1350],
] as const;

/** Pictures of its own that each friend has; copies of others' come on top. */
const ownPhotos = 10;

/**
 * Renders the folders of three friends below `directory`: made pictures that look like photographs, with dates, cameras
 * and places, with exact copies across folders and with re-encoded, smaller, grey and turned versions. The same every time.
 * @returns absolute path of each friend's folder
 */
export async function renderSampleFolders(directory: string): Promise<Record<SampleFriend, string>> {
  const folders = {} as Record<SampleFriend, string>;
  for (const friend of sampleFriends) {
    folders[friend] = path.join(directory, friend);
    await fs.mkdir(path.join(folders[friend], 'Holidays'), { recursive: true });
  }
  const files = {} as Record<SampleFriend, string[]>;
  for (const [index, friend] of sampleFriends.entries()) {
    files[friend] = await Promise.all(
      Array.from({ length: ownPhotos }, (_, shot) => renderPhoto(folders[friend], friend, index * ownPhotos + shot)),
    );
  }
  await addCopies(folders, files);
  return folders;
}

/** Writes one picture of `friend` and gives its path. */
async function renderPhoto(folder: string, friend: SampleFriend, number: number): Promise<string> {
  const camera = cameras[friend];
  const taken = takenAt(number);
  const size = sizes[(number * 5 + Math.floor(number / 6)) % sizes.length] ?? sizes[0];
  const shot: Shot = {
    seed: number + 1,
    scene: scenes[number % scenes.length] ?? scenes[0],
    width: size[0],
    height: size[1],
    camera,
  };
  const file = path.join(folder, number % 3 === 0 ? 'Holidays' : '.', camera.fileName(number, taken));
  await (await develop(shot, taken, number)).jpeg({ quality: 86, mozjpeg: false }).toFile(file);
  return file;
}

async function develop(shot: Shot, taken: Date, number: number): Promise<Sharp> {
  const pixels = await renderScene(shot.scene, shot.seed, shot.width, shot.height);
  return sharp(pixels.data, { raw: pixels.info }).withExif(exifOf(shot.camera, taken, number));
}

/** Mid-day of some day of the last two summers, later with each number. */
function takenAt(number: number): Date {
  return new Date(
    Date.UTC(
      number % 2 === 0 ? 2024 : 2025,
      5 + (number % 4),
      1 + ((number * 7) % 27),
      9 + (number % 10),
      (number * 13) % 60,
    ),
  );
}

function exifOf({ make, model }: Camera, taken: Date, number: number) {
  const date = taken.toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', ':');
  const latitude = home.latitude + ((number * 37) % 20) / 100;
  const longitude = -home.longitude + ((number * 53) % 20) / 100;
  return {
    IFD0: { Make: make, Model: model, DateTime: date },
    IFD2: { DateTimeOriginal: date, OffsetTimeOriginal: '+01:00', ISOSpeedRatings: '200', FNumber: '56/10' },
    IFD3: {
      GPSLatitudeRef: 'N',
      GPSLatitude: degrees(latitude),
      GPSLongitudeRef: 'W',
      GPSLongitude: degrees(longitude),
    },
  };
}

/** Degrees, minutes and seconds as EXIF has them: three fractions. */
function degrees(value: number): string {
  const seconds = Math.round(value * 360_000);
  return `${Math.floor(seconds / 360_000)}/1 ${Math.floor((seconds % 360_000) / 6_000)}/1 ${seconds % 6_000}/100`;
}

/** What friends send each other: the same files, and what messengers and editors make of them. */
async function addCopies(folders: Record<SampleFriend, string>, files: Record<SampleFriend, string[]>): Promise<void> {
  const [ana1, ana2, ana3] = files.Ana;
  const [bruno1, bruno2] = files.Bruno;
  const [clara1] = files.Clara;
  if (!ana1 || !ana2 || !ana3 || !bruno1 || !bruno2 || !clara1) throw new Error('Too few pictures to copy.');
  await fs.copyFile(ana1, path.join(folders.Bruno, `From Ana ${path.basename(ana1)}`));
  await fs.copyFile(ana1, path.join(folders.Clara, path.basename(ana1)));
  await fs.copyFile(bruno1, path.join(folders.Clara, path.basename(bruno1)));
  await sharp(ana2)
    .resize({ width: 1280 })
    .jpeg({ quality: 70 })
    .toFile(path.join(folders.Bruno, 'IMG-20250714-WA0003.jpg'));
  await sharp(bruno2).keepExif().webp({ quality: 80 }).toFile(path.join(folders.Ana, 'Sunset for the calendar.webp'));
  await sharp(clara1)
    .greyscale()
    .keepExif()
    .jpeg({ quality: 85 })
    .toFile(path.join(folders.Clara, 'In black and white.jpg'));
  // Stored lying on its side, as cameras do, with the note how to hold it.
  await sharp(ana3)
    .rotate(270)
    .keepExif()
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 88 })
    .toFile(path.join(folders.Ana, 'Turned.jpg'));
}
