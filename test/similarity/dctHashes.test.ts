import { describe, expect, test } from 'vitest';
import { hashBytes, lumaBytes, lumaSide, windowCount } from '../../src/protocol/features.ts';
import { dctHashes } from '../../src/daemon/similarity/dctHashes.ts';
import { windows } from '../../src/daemon/similarity/windows.ts';
import { noiseLuma } from './pictures.ts';

/** Coefficient (u, v) of a part of a luma raster, straight from the definition: cosines in the middle of fine steps. */
function coefficient(luma: Uint8Array, window: number, u: number, v: number): number {
  const { left, top, right, bottom } = windows[window] ?? { left: 0, top: 0, right: 1, bottom: 1 };
  const steps = 512;
  let sum = 0;
  for (let row = 0; row < steps; row++) {
    const y = Math.floor((top + ((row + 0.5) / steps) * (bottom - top)) * lumaSide);
    const cosine = Math.cos((Math.PI * v * (row + 0.5)) / steps);
    for (let column = 0; column < steps; column++) {
      const x = Math.floor((left + ((column + 0.5) / steps) * (right - left)) * lumaSide);
      sum += (luma[y * lumaSide + x] ?? 0) * cosine * Math.cos((Math.PI * u * (column + 0.5)) / steps);
    }
  }
  return sum / (steps * steps);
}

/** Whether the bit of coefficient (u, v) is set. */
function bit(hashes: Uint8Array, window: number, u: number, v: number): boolean {
  const parity = (u % 2) + 2 * (v % 2);
  const index = (v >> 1) * 8 + (u >> 1);
  return (((hashes[window * hashBytes + parity * 8 + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1;
}

describe('DCT hashes', () => {
  test.each(Array.from({ length: windowCount }, (_, window) => window))(
    'have the signs of the coefficients of window %d, each in its place',
    (window) => {
      const luma = noiseLuma(7);
      const hashes = dctHashes(luma);
      let checked = 0;
      for (const [u, v] of [
        [1, 0],
        [0, 1],
        [1, 1],
        [2, 0],
        [3, 2],
        [2, 3],
        [5, 4],
        [0, 7],
        [9, 1],
        [1, 10],
        [15, 2],
        [4, 15],
        [13, 13],
      ] as const) {
        const value = coefficient(luma, window, u, v);
        // Too near to zero for a comparison with sums that are not exact.
        if (Math.abs(value) < 0.02) continue;
        expect([u, v, bit(hashes, window, u, v)]).toEqual([u, v, value > 0]);
        checked++;
      }
      expect(checked).toBeGreaterThan(6);
    },
  );

  test('do not tell the mean', () => {
    for (let window = 0; window < windowCount; window++) {
      expect(bit(dctHashes(noiseLuma(3)), window, 0, 0)).toBe(false);
      expect(bit(dctHashes(new Uint8Array(lumaBytes).fill(255)), window, 0, 0)).toBe(false);
    }
  });

  test('are the same, whatever is added to all pixels', () => {
    const luma = noiseLuma(5).map((value) => Math.min(value, 200));
    const brighter = dctHashes(luma.map((value) => value + 50)).subarray(0, hashBytes);
    const bits = dctHashes(luma)
      .subarray(0, hashBytes)
      .reduce((sum, byte, at) => sum + (byte ^ (brighter[at] ?? 0)).toString(2).replaceAll('0', '').length, 0);
    expect(bits).toBeLessThanOrEqual(1);
  });
});
