import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

/** What a made picture looks like; the same seed gives the same picture. */
export interface Picture {
  seed: number;
  /** Pixels. */
  width?: number;
  height?: number;
}

/** Numbers from 0 to 1, the same ones for the same seed. */
export function dice(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A JPEG with smooth, distinct content: a few soft blobs of colour on a gradient, placed by `seed`. */
export async function jpeg({ seed, width = 320, height = 240 }: Picture): Promise<Buffer> {
  const next = dice(seed);
  const color = (): string =>
    `hsl(${Math.floor(next() * 360)} ${40 + Math.floor(next() * 60)}% ${20 + Math.floor(next() * 60)}%)`;
  const blobs = Array.from(
    { length: 6 },
    () =>
      `<ellipse cx="${next() * width}" cy="${next() * height}" rx="${(0.05 + next() * 0.3) * width}" ry="${(0.05 + next() * 0.3) * height}" fill="${color()}" opacity="0.8"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="${next()}" y2="${next()}"><stop stop-color="${color()}"/><stop offset="1" stop-color="${color()}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>${blobs.join('')}</svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer();
}

/** Writes `count` different pictures named `<prefix>NNNN.jpg` and returns their paths. */
export async function writePictures(
  folder: string,
  count: number,
  firstSeed: number,
  prefix = 'IMG_',
): Promise<string[]> {
  const files: string[] = [];
  for (let n = 0; n < count; n++) {
    const file = path.join(folder, `${prefix}${String(firstSeed + n).padStart(4, '0')}.jpg`);
    fs.writeFileSync(file, await jpeg({ seed: firstSeed + n }));
    files.push(file);
  }
  return files;
}
