import fs from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

interface Size {
  width: number;
  height: number;
}

/**
 * Pixels of the scenes that are rendered, each of which gives five photos: 6.4 million on average, sizes that phones and
 * older cameras have. In one of four both sides are multiples of 16, which blockhash-core goes through faster.
 */
const scenes: readonly Size[] = [
  { width: 2848, height: 2136 },
  { width: 2976, height: 2232 },
  { width: 3000, height: 2250 },
  { width: 3072, height: 2048 },
  { width: 2136, height: 2848 },
  { width: 2976, height: 2232 },
  { width: 2250, height: 3000 },
  { width: 3072, height: 2048 },
];
const variants = [
  { flip: false, flop: false, brightness: 1 },
  { flip: true, flop: false, brightness: 0.9 },
  { flip: false, flop: true, brightness: 1.1 },
  { flip: true, flop: true, brightness: 1.05 },
  { flip: false, flop: false, brightness: 0.8 },
];

/**
 * Renders 40 JPEGs that cost a decoder what photographs do (broad shapes, texture, grain: some 2.5 MB each) into a folder.
 * The same pixels each time.
 * @returns their paths
 */
export async function renderBenchPhotos(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const [scene, size] of scenes.entries()) {
    const raw = { ...size, channels: 3 as const };
    const pixels = await sceneOf(scene, size);
    for (const [n, { flip, flop, brightness }] of variants.entries()) {
      const file = path.join(folder, `IMG_${scene}${n}.jpg`);
      const jpeg = await sharp(pixels, { raw })
        .flip(flip)
        .flop(flop)
        .modulate({ brightness })
        .jpeg({ quality: 85 })
        .toBuffer();
      await fs.writeFile(file, jpeg);
      files.push(file);
    }
  }
  return files;
}

async function sceneOf(seed: number, size: Size): Promise<Buffer> {
  const random = generator(seed + 1);
  const shapes = await octave(random, size, { width: 12, height: 9 }, 90);
  const texture = await octave(random, size, { width: 368, height: 276 }, 40);
  const grain = await octave(random, size, size, 40);
  const pixels = Buffer.allocUnsafe(size.width * size.height * 3);
  for (let n = 0; n < pixels.length; n++) {
    const value = (shapes[n] ?? 0) + (texture[n] ?? 0) + (grain[n] ?? 0) - 256;
    pixels[n] = Math.max(0, Math.min(255, value));
  }
  return pixels;
}

/** Noise around 128 of so many `spots`, stretched to `size`. */
async function octave(random: () => number, size: Size, spots: Size, strength: number): Promise<Buffer> {
  const noise = Buffer.allocUnsafe(spots.width * spots.height * 3);
  for (let n = 0; n < noise.length; n++) noise[n] = 128 + (random() + random() - 1) * strength;
  return sharp(noise, { raw: { ...spots, channels: 3 } })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
}

/** Numbers from 0 to 1, the same for the same seed (xorshift32). */
function generator(seed: number): () => number {
  let state = (seed * 2_654_435_769) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
