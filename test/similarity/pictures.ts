import { lumaBytes, lumaSide } from '../../src/protocol/features.ts';
import type { Raster } from '../../src/daemon/similarity/types.ts';

/** Numbers from 0 to 1, the same for the same seed. */
export function dice(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** A luma raster with structure of every size, like photographs have; another one for each seed. */
export function noiseLuma(seed: number): Uint8Array {
  return noisePlane(seed, lumaSide, lumaSide).slice(0, lumaBytes);
}

/** The same for any size: waves in all directions, the long ones higher. */
export function noisePlane(seed: number, width: number, height: number): Uint8Array {
  const next = dice(seed);
  const waves = Array.from({ length: 40 }, () => {
    const length = 1 + next() * 14;
    const direction = next() * 2 * Math.PI;
    return { x: length * Math.cos(direction), y: length * Math.sin(direction), phase: next() * 7, height: 50 / length };
  });
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const x = ((at % width) + 0.5) / width;
    const y = (Math.floor(at / width) + 0.5) / height;
    const sum = waves.reduce(
      (total, wave) => total + wave.height * Math.sin(Math.PI * (wave.x * x + wave.y * y) + wave.phase),
      0,
    );
    return Math.max(0, Math.min(255, Math.round(128 + sum)));
  });
}

/** A picture with colour out of three such planes. */
export function noiseRaster(seed: number, width = 320, height = 240): Raster {
  const planes = [0, 1, 2].map((channel) => noisePlane(seed * 3 + channel, width, height));
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => planes[at % 3]?.[Math.floor(at / 3)] ?? 0);
  return { width, height, channels: 3, data };
}
