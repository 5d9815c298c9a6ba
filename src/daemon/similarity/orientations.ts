import { hashBytes } from '../../protocol/features.ts';
import type { Crop, Orientation } from './types.ts';

// A DCT hash has a bit for each coefficient (u horizontal, v vertical, 0 to 15): whether it is positive. They are in four
// classes of 64 bits by the parity of u and v, in the order even-even, odd-even, even-odd, odd-odd, each by rows of v / 2.
// A mirror changes the sign of the coefficients that are odd in its direction, which is whole classes; exchanging rows and
// columns exchanges u and v. So the hash of a turned picture follows from the hash of the picture.

/** Bytes of a parity class. */
export const classBytes = 8;

/** All ways to lay a picture on another. */
export const orientations: readonly Orientation[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Which bits of a hash change when its picture is mirrored: left and right, top and bottom, both. */
const mirrorMasks = [0, 1, 2, 3].map((mirror) =>
  Uint8Array.from({ length: hashBytes }, (_, at) => {
    const parity = Math.floor(at / classBytes);
    const odd = (mirror & 1 & parity) ^ ((mirror >> 1) & (parity >> 1));
    return odd * 0xff;
  }),
);

/** The hash of the picture whose rows are the columns of that of `hash`. */
export function transposeHash(hash: Uint8Array): Uint8Array {
  const result = new Uint8Array(hashBytes);
  for (let parity = 0; parity < 4; parity++) {
    const from = parity * classBytes;
    const to = transposedClass(parity) * classBytes;
    for (let v = 0; v < 8; v++) {
      for (let u = 0; u < 8; u++) {
        const bit = ((hash[from + v] ?? 0) >> u) & 1;
        result[to + u] = (result[to + u] ?? 0) | (bit << v);
      }
    }
  }
  return result;
}

/** Odd in u only becomes odd in v only. */
function transposedClass(parity: number): number {
  return ((parity & 1) << 1) | (parity >> 1);
}

/** The hash of the picture of `hash` when it is laid so. */
export function orientHash(hash: Uint8Array, orientation: Orientation): Uint8Array {
  const turned = orientation & 4 ? transposeHash(hash) : hash;
  const mask = mirrorMasks[orientation & 3];
  return turned.map((byte, at) => byte ^ (mask?.[at] ?? 0));
}

/**
 * Different bits of two hashes, for the way to lay the first picture on the second that makes them the fewest. The plain
 * way, which faster ones are held against.
 */
export function hashDistance(a: Uint8Array, b: Uint8Array): { distance: number; orientation: Orientation } {
  let best: { distance: number; orientation: Orientation } = { distance: Infinity, orientation: 0 };
  for (const orientation of orientations) {
    const distance = differentBits(orientHash(a, orientation), b);
    if (distance < best.distance) best = { distance, orientation };
  }
  return best;
}

function differentBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let at = 0; at < hashBytes; at++) {
    for (let rest = (a[at] ?? 0) ^ (b[at] ?? 0); rest > 0; rest &= rest - 1) bits += 1;
  }
  return bits;
}

/** Square pixels, row by row, of the picture laid so. */
export function orientPixels(pixels: Uint8Array, side: number, orientation: Orientation): Uint8Array {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < side; y++) {
    const fromY = orientation & 2 ? side - 1 - y : y;
    for (let x = 0; x < side; x++) {
      const fromX = orientation & 1 ? side - 1 - x : x;
      result[y * side + x] = pixels[orientation & 4 ? fromX * side + fromY : fromY * side + fromX] ?? 0;
    }
  }
  return result;
}

/** Where a part of a picture is when the picture is laid so. */
export function orientCrop({ left, top, right, bottom }: Crop, orientation: Orientation): Crop {
  let crop = orientation & 4 ? { left: top, top: left, right: bottom, bottom: right } : { left, top, right, bottom };
  if (orientation & 1) crop = { ...crop, left: 1 - crop.right, right: 1 - crop.left };
  if (orientation & 2) crop = { ...crop, top: 1 - crop.bottom, bottom: 1 - crop.top };
  return crop;
}

/** Lays back what was laid so: mirrors change sides when rows and columns are exchanged after them. */
export function inverse(orientation: Orientation): Orientation {
  const turnedBack: Partial<Record<Orientation, Orientation>> = { 5: 6, 6: 5 };
  return turnedBack[orientation] ?? orientation;
}
