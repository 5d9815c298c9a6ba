import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { Sharp } from 'sharp';
import sharp from 'sharp';

/** A picture with enough in it for a blockhash to hold on to; every seed gives another one. */
export function picture(seed = 1, width = 640, height = 480): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  const [a, b, c] = [3 + (seed % 5), 2 + (seed % 7), 1 + (seed % 11)];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [u, v] = [x / width, y / height];
      pixels[at] = 128 + 100 * Math.sin(a * u * 3 + seed);
      pixels[at + 1] = 128 + 100 * Math.sin(b * v * 4 + a * u);
      pixels[at + 2] = 255 * u * v + 20 * Math.sin(c * (u + v) * 9);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** `picture(3, 320, 240)` as a HEIC (HEVC), which no encoder of ours makes. */
export const heic = fs.readFileSync(new URL('./picture3.heic', import.meta.url));

/** The same picture with its colours written in Display P3, as phones do. */
export const heicInP3 = fs.readFileSync(new URL('./picture3-p3.heic', import.meta.url));

/** A HEIC with two pictures. */
export const twoHeics = fs.readFileSync(new URL('./two-pictures.heic', import.meta.url));

let plain: Promise<Buffer> | undefined;

/** Many different photos for little time: one small JPEG with another comment (COM segment) each. */
export async function tinyJpeg(n: number): Promise<Buffer> {
  const jpeg = await (plain ??= picture(1, 64, 48).jpeg().toBuffer());
  const text = Buffer.from(`photo ${n}`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xfe]), length, text, jpeg.subarray(2)]);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bits in which two hashes (hex) differ. */
export function distance(one: string, other: string): number {
  let bits = BigInt(`0x${one}`) ^ BigInt(`0x${other}`);
  let count = 0;
  for (; bits > 0n; bits >>= 1n) count += Number(bits & 1n);
  return count;
}
