import { hashBytes, lumaBytes, lumaSide, windowCount } from '../../protocol/features.ts';
import { classBytes } from './orientations.ts';
import { windowSides } from './windows.ts';

// The two-dimensional DCT-II of the luma raster and of windows inside it, of which the signs of the 16 x 16 lowest
// frequencies are kept (the idea of pHash and PDQ: Zauner 2010; Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ
// image-hashing algorithm", 2019). Against zero and not against the median, so that mirror images follow exactly.
//
// A window's cosines are integrated over the pixels of the raster, which costs no resampling. Windows at the left and the
// right edge are mirror images: with the raster folded into the sums and the differences of opposite pixels, both come from
// the same products.

/** Frequencies in each direction. */
const frequencies = 16;
const half = lumaSide / 2;

/** Cosines for folded lines, by frequency: 32 factors for sums, 32 for differences of opposite pixels. */
interface Basis {
  sums: Float64Array;
  differences: Float64Array;
}

/** For a window from `start` to `end`, as parts of the line. */
function basisOf(start: number, end: number): Basis {
  const sums = new Float64Array(frequencies * half);
  const differences = new Float64Array(frequencies * half);
  for (let k = 0; k < frequencies; k++) {
    for (let x = 0; x < half; x++) {
      const near = cosineOver(k, start, end, x);
      const far = cosineOver(k, start, end, lumaSide - 1 - x);
      sums[k * half + x] = (near + far) / 2;
      differences[k * half + x] = (near - far) / 2;
    }
  }
  return { sums, differences };
}

/** Integral of the k-th cosine of a window over a pixel of the line. */
function cosineOver(k: number, start: number, end: number, pixel: number): number {
  const from = Math.max(pixel / lumaSide, start);
  const to = Math.min((pixel + 1) / lumaSide, end);
  if (from >= to) return 0;
  if (k === 0) return to - from;
  const rate = (Math.PI * k) / (end - start);
  return (Math.sin(rate * (to - start)) - Math.sin(rate * (from - start))) / rate;
}

/** Of a window in the middle, even frequencies need the sums alone and odd ones the differences. */
const middles = [1, ...windowSides].map((side) => basisOf((1 - side) / 2, (1 + side) / 2));
/** Of windows at the start of a line. */
const edges = windowSides.map((side) => basisOf(0, side));

/** Coefficients by frequency of each line that was put in, one frequency after the other. */
type Coefficients = Float64Array;

/** Opposite pixels of `count` lines of 64, added and subtracted. `step` leads along a line, `next` to the next one. */
interface Folded {
  sums: Float64Array;
  differences: Float64Array;
  count: number;
}

function fold(data: Uint8Array | Float64Array, count: number, step: number, next: number): Folded {
  const sums = new Float64Array(count * half);
  const differences = new Float64Array(count * half);
  for (let line = 0; line < count; line++) {
    for (let x = 0; x < half; x++) {
      const near = data[line * next + x * step] ?? 0;
      const far = data[line * next + (lumaSide - 1 - x) * step] ?? 0;
      sums[line * half + x] = near + far;
      differences[line * half + x] = near - far;
    }
  }
  return { sums, differences, count };
}

/** Four sums at once, which do not wait for each other. */
function dot(a: Float64Array, atA: number, b: Float64Array, atB: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let n = 0; n < half; n += 4) {
    first += (a[atA + n] ?? 0) * (b[atB + n] ?? 0);
    second += (a[atA + n + 1] ?? 0) * (b[atB + n + 1] ?? 0);
    third += (a[atA + n + 2] ?? 0) * (b[atB + n + 2] ?? 0);
    fourth += (a[atA + n + 3] ?? 0) * (b[atB + n + 3] ?? 0);
  }
  return first + second + (third + fourth);
}

/** Result: frequency by frequency, the lines in each. */
function middleOf({ sums, differences, count }: Folded, basis: Basis): Coefficients {
  const result = new Float64Array(frequencies * count);
  for (let k = 0; k < frequencies; k++) {
    const lines = k % 2 === 0 ? sums : differences;
    const factors = k % 2 === 0 ? basis.sums : basis.differences;
    for (let line = 0; line < count; line++) result[k * count + line] = dot(factors, k * half, lines, line * half);
  }
  return result;
}

/** Of the window at the start of the lines, and of the one at their end. */
function edgesOf({ sums, differences, count }: Folded, basis: Basis): [Coefficients, Coefficients] {
  const first = new Float64Array(frequencies * count);
  const last = new Float64Array(frequencies * count);
  for (let k = 0; k < frequencies; k++) {
    const sign = k % 2 === 0 ? 1 : -1;
    for (let line = 0; line < count; line++) {
      const even = dot(basis.sums, k * half, sums, line * half);
      const odd = dot(basis.differences, k * half, differences, line * half);
      first[k * count + line] = even + odd;
      last[k * count + line] = sign * (even - odd);
    }
  }
  return [first, last];
}

/** Puts the signs of coefficients, v by v and u in each, into their places. */
function writeHash(coefficients: Coefficients, hash: Uint8Array): void {
  for (let v = 0; v < frequencies; v++) {
    for (let u = 0; u < frequencies; u++) {
      // The first is the mean, which is always positive.
      if (u + v === 0 || (coefficients[v * frequencies + u] ?? 0) <= 0) continue;
      const at = ((v & 1) * 2 + (u & 1)) * classBytes + (v >> 1);
      hash[at] = (hash[at] ?? 0) | (1 << (u >> 1));
    }
  }
}

/** The hashes of a luma raster: of the whole and of its windows, in their order (see `windows.ts`). */
export function dctHashes(luma: Uint8Array): Uint8Array {
  const hashes = new Uint8Array(windowCount * hashBytes);
  let window = 0;
  const write = (coefficients: Coefficients): void => {
    writeHash(coefficients, hashes.subarray(window * hashBytes, (window + 1) * hashBytes));
    window++;
  };
  const rows = fold(luma.length === lumaBytes ? luma : luma.subarray(0, lumaBytes), lumaSide, 1, lumaSide);
  // After the first pass each frequency u has a line of 64 rows, which the second one goes along.
  const upright = (lines: Coefficients): Folded => fold(lines, frequencies, 1, lumaSide);
  for (const [size, middle] of middles.entries()) {
    write(middleOf(upright(middleOf(rows, middle)), middle));
    const edge = edges[size - 1];
    if (edge === undefined) continue;
    const [left, right] = edgesOf(rows, edge);
    const [topLeft, bottomLeft] = edgesOf(upright(left), edge);
    const [topRight, bottomRight] = edgesOf(upright(right), edge);
    for (const corner of [topLeft, topRight, bottomLeft, bottomRight]) write(corner);
  }
  return hashes;
}
