import { lumaBytes, lumaSide } from '../../protocol/features.ts';
import type { LookAlikeFeatures, Raster } from './types.ts';

/** What the pixels of a photo say about the photos that it looks like. */
export function lookAlikeFeatures({ width, height, channels, data }: Raster): LookAlikeFeatures {
  const luma = new Uint8Array(lumaBytes);
  let grey = true;
  for (let y = 0; y < lumaSide; y++) {
    for (let x = 0; x < lumaSide; x++) {
      const at = (Math.floor((y * height) / lumaSide) * width + Math.floor((x * width) / lumaSide)) * channels;
      const [r = 0, g = 0, b = 0] = channels < 3 ? [data[at], data[at], data[at]] : data.subarray(at, at + 3);
      luma[y * lumaSide + x] = 0.299 * r + 0.587 * g + 0.114 * b;
      if (Math.max(r, g, b) - Math.min(r, g, b) > 12) grey = false;
    }
  }
  return { aspect: Math.max(1, Math.round((1000 * width) / height)), hashes: null, luma, grey };
}
