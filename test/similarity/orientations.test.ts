import { assert, constantFrom, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashBytes, lumaSide, windowCount } from '../../src/protocol/features.ts';
import { dctHashes } from '../../src/daemon/similarity/dctHashes.ts';
import {
  hashDistance,
  inverse,
  orientations,
  orientCrop,
  orientHash,
  orientPixels,
  transposeHash,
} from '../../src/daemon/similarity/orientations.ts';
import { windows } from '../../src/daemon/similarity/windows.ts';
import { noiseLuma } from './pictures.ts';

const hash = uint8Array({ minLength: hashBytes, maxLength: hashBytes });
const orientation = constantFrom(...orientations);

describe('orientations of hashes', () => {
  test('are undone by their inverses', () => {
    assert(
      property(hash, orientation, (bits, way) => {
        expect(orientHash(orientHash(bits, way), inverse(way))).toEqual(bits);
      }),
    );
  });

  test('exchange rows and columns twice to nothing', () => {
    assert(
      property(hash, (bits) => {
        expect(transposeHash(transposeHash(bits))).toEqual(bits);
      }),
    );
  });

  test.each(orientations)('%d: the hashes of a turned picture follow from those of the picture', (way) => {
    for (let seed = 1; seed <= 20; seed++) {
      const luma = noiseLuma(seed);
      const hashes = dctHashes(luma);
      const turned = dctHashes(orientPixels(luma, lumaSide, way));
      for (let window = 0; window < windowCount; window++) {
        const there = windowAfter(window, way);
        expect(of(turned, there)).toEqual(orientHash(of(hashes, window), way));
      }
    }
  });

  test('are found, however a picture is turned', () => {
    for (const way of orientations) {
      const luma = noiseLuma(100 + way);
      const turned = dctHashes(orientPixels(luma, lumaSide, way));
      expect(hashDistance(of(dctHashes(luma), 0), of(turned, 0))).toEqual({ distance: 0, orientation: way });
    }
  });

  test('leave the distance of different pictures large', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { distance } = hashDistance(of(dctHashes(noiseLuma(seed)), 0), of(dctHashes(noiseLuma(seed + 1000)), 0));
      expect(distance).toBeGreaterThan(88);
    }
  });
});

/** The window that shows after turning what `window` showed before. */
function windowAfter(window: number, way: (typeof orientations)[number]): number {
  const crop = orientCrop(windows[window] ?? raise(), way);
  return windows.findIndex(
    ({ left, top, right }) =>
      Math.abs(left - crop.left) + Math.abs(top - crop.top) + Math.abs(right - crop.right) < 1e-9,
  );
}

function of(hashes: Uint8Array, window: number): Uint8Array {
  return hashes.slice(window * hashBytes, (window + 1) * hashBytes);
}

function raise(): never {
  throw new Error('No such window.');
}
