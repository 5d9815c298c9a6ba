import { lumaSide } from '../../protocol/features.ts';
import { localContrast } from './localContrast.ts';
import { inverse, orientCrop, orientPixels } from './orientations.ts';
import type { Alignment, Candidate, Crop } from './types.ts';
import { wholePicture, windows } from './windows.ts';

/** Where the hashes say that the pictures match. */
export type AlignmentStart = Pick<Candidate, 'orientation' | 'windowA' | 'windowB'>;

/**
 * Lays the first picture on the second: from b to a (already turned), both from -1 to 1 across. Scales are logarithms,
 * the turn is in radians.
 */
interface Placement {
  scaleX: number;
  scaleY: number;
  turn: number;
  x: number;
  y: number;
}

/** The names of a placement, and how far the first steps go in each: of scale and position a pixel at the edge. */
const directions = [
  { name: 'x', step: 0.06 },
  { name: 'y', step: 0.06 },
  { name: 'scaleX', step: 0.04 },
  { name: 'scaleY', step: 0.04 },
  { name: 'turn', step: 0.02 },
] as const;

/** Most turning, in radians: 3.5 degrees. */
const mostTurn = 0.061;
/** Most enlarging of either picture, as a logarithm: a side of 76 %. */
const mostScale = 0.275;

/** What is looked at to find the place: shapes, which match from far, ... */
const broadDetails = { reach: 5, leastContrast: 5 };
/** ... and to decide: textures, which different things of one shape (two shirts on a table) do not have in common. */
const fineDetails = { reach: 3, leastContrast: 3 };

/** Parts of the first steps that follow them: down to half a pixel where shapes are looked at, then to an eighth. */
const broadFactors = [0.5, 0.25] as const;
const fineFactors = [0.25, 0.125, 0.0625] as const;
/** Of the places to start from, those where it looks best so far. */
const climbers = 2;
/** While steps are long every other pixel of every other row will do. */
const coarse = 2;
/** A pair that is less alike than this after the first steps, or more, is not looked at more closely. */
const hopeless = 0.4;
const beyondDoubt = 0.95;

/** Parts of the pictures that must lie on each other: of the one that is covered less, and of the other. */
const leastCommon = 0.55;
const leastWhole = 0.88;

/**
 * How alike two luma rasters are where they lie on each other, the first turned and moved, stretched and rotated a little
 * until they match best: a hill climb from where the hashes matched, and from the whole pictures.
 * Score: normalised cross-correlation of {@link localContrast}.
 */
export function alignLumas(a: Uint8Array, b: Uint8Array, start: AlignmentStart): Alignment {
  const { orientation } = start;
  const turned = orientPixels(a, lumaSide, orientation);
  const cropA = orientCrop(windows[start.windowA] ?? wholePicture, orientation);
  const cropB = windows[start.windowB] ?? wholePicture;
  const found = climb(turned, b, [
    placementOf(cropA, cropB),
    ...windows.map((window) => placementOf(wholePicture, window)),
    ...windows.map((window) => placementOf(window, wholePicture)),
  ]);
  const areas = commonAreas(found.placement);
  return { score: found.score, orientation, cropA: orientCrop(areas.a, inverse(orientation)), cropB: areas.b };
}

/** Local contrast of both. */
interface Pair {
  a: Float32Array;
  b: Float32Array;
}

interface Details {
  reach: number;
  leastContrast: number;
}

function pairOf(a: Uint8Array, b: Uint8Array, { reach, leastContrast }: Details): Pair {
  return { a: localContrast(a, reach, leastContrast), b: localContrast(b, reach, leastContrast) };
}

interface Found {
  placement: Placement;
  score: number;
}

function climb(a: Uint8Array, b: Uint8Array, starts: readonly Placement[]): Found {
  const broad = pairOf(a, b, broadDetails);
  const begun = starts
    .map((placement) => ({ placement, score: correlation(broad, placement, coarse) }))
    .sort((one, other) => other.score - one.score)
    .slice(0, climbers)
    .map((found) => improve(broad, found, 1, coarse));
  let best = begun.reduce((one, other) => (other.score > one.score ? other : one));
  for (const factor of broadFactors) {
    if (best.score < hopeless) return best;
    best = improve(broad, best, factor, coarse);
  }
  if (best.score < hopeless) return best;
  const fine = pairOf(a, b, fineDetails);
  best = { ...best, score: correlation(fine, best.placement, 1) };
  for (const factor of fineFactors) {
    if (best.score < hopeless || best.score >= beyondDoubt) break;
    best = improve(fine, best, factor, 1);
  }
  return best;
}

/** Goes on in every direction as long as it gets better; two rounds at most. */
function improve(pair: Pair, from: Found, factor: number, stride: number): Found {
  let best = from;
  for (let round = 0; round < 2; round++) {
    const before = best.score;
    for (const { name, step } of directions) {
      for (const sign of [1, -1]) {
        let moved = false;
        for (;;) {
          const placement = { ...best.placement, [name]: best.placement[name] + sign * step * factor };
          const score = isAllowed(placement) ? correlation(pair, placement, stride) : -1;
          if (score <= best.score) break;
          best = { placement, score };
          moved = true;
        }
        if (moved) break;
      }
    }
    if (best.score - before < 0.005) break;
  }
  return best;
}

function isAllowed({ scaleX, scaleY, turn }: Placement): boolean {
  return Math.abs(turn) <= mostTurn && Math.abs(scaleX) <= mostScale && Math.abs(scaleY) <= mostScale;
}

/** Lays a part of one picture on a part of the other. */
function placementOf(a: Crop, b: Crop): Placement {
  const scaleX = (a.right - a.left) / (b.right - b.left);
  const scaleY = (a.bottom - a.top) / (b.bottom - b.top);
  return {
    scaleX: Math.log(scaleX),
    scaleY: Math.log(scaleY),
    turn: 0,
    x: a.left + a.right - 1 - scaleX * (b.left + b.right - 1),
    y: a.top + a.bottom - 1 - scaleY * (b.top + b.bottom - 1),
  };
}

/** Where the pixels of one picture are on another: both from -1 to 1 across. */
interface Mapping {
  xOfX: number;
  xOfY: number;
  yOfX: number;
  yOfY: number;
  x: number;
  y: number;
}

function mappingOf({ scaleX, scaleY, turn, x, y }: Placement): Mapping {
  const [wide, high] = [Math.exp(scaleX), Math.exp(scaleY)];
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  return { xOfX: wide * cosine, xOfY: -wide * sine, yOfX: high * sine, yOfY: high * cosine, x, y };
}

/** The way back, from a to b. */
function inverseOf({ scaleX, scaleY, turn, x, y }: Placement): Mapping {
  const [wide, high] = [Math.exp(-scaleX), Math.exp(-scaleY)];
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  return {
    xOfX: cosine * wide,
    xOfY: sine * high,
    yOfX: -sine * wide,
    yOfY: cosine * high,
    x: -cosine * wide * x - sine * high * y,
    y: sine * wide * x - cosine * high * y,
  };
}

/**
 * Normalised cross-correlation of what the two have in common, of every `stride`-th pixel; -1 where that is too little.
 * The one that shows less has more details: it is sampled at the pixels of the other.
 */
function correlation({ a, b }: Pair, placement: Placement, stride: number): number {
  return placement.scaleX + placement.scaleY >= 0
    ? sampledCorrelation(a, b, mappingOf(placement), stride)
    : sampledCorrelation(b, a, inverseOf(placement), stride);
}

/** @param to from the pixels of `grid` to those of `sampled` */
function sampledCorrelation(sampled: Float32Array, grid: Float32Array, to: Mapping, stride: number): number {
  const { xOfX, xOfY, yOfX, yOfY } = to;
  const centre = (lumaSide - 1) / 2;
  const startX = centre + to.x * (lumaSide / 2);
  const startY = centre + to.y * (lumaSide / 2);
  const last = lumaSide - 1;
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let squaresA = 0;
  let squaresB = 0;
  let products = 0;
  for (let row = 0; row < lumaSide; row += stride) {
    let x = startX + xOfY * (row - centre) - xOfX * centre;
    let y = startY + yOfY * (row - centre) - yOfX * centre;
    for (let column = 0; column < lumaSide; column += stride, x += xOfX * stride, y += yOfX * stride) {
      // Half a pixel beyond the outermost centres is still in the picture.
      if (x < -0.5 || y < -0.5 || x > last + 0.5 || y > last + 0.5) continue;
      const clampedX = x < 0 ? 0 : x > last ? last : x;
      const clampedY = y < 0 ? 0 : y > last ? last : y;
      const left = Math.min(last - 1, Math.floor(clampedX));
      const top = Math.min(last - 1, Math.floor(clampedY));
      const right = clampedX - left;
      const down = clampedY - top;
      const at = top * lumaSide + left;
      const upper = (sampled[at] ?? 0) * (1 - right) + (sampled[at + 1] ?? 0) * right;
      const lower = (sampled[at + lumaSide] ?? 0) * (1 - right) + (sampled[at + lumaSide + 1] ?? 0) * right;
      const valueA = upper * (1 - down) + lower * down;
      const valueB = grid[row * lumaSide + column] ?? 0;
      count++;
      sumA += valueA;
      sumB += valueB;
      squaresA += valueA * valueA;
      squaresB += valueB * valueB;
      products += valueA * valueB;
    }
  }
  const ofGrid = (count * stride * stride) / (lumaSide * lumaSide);
  const ofSampled = ofGrid * (xOfX * yOfY - xOfY * yOfX);
  if (Math.min(ofGrid, ofSampled) < leastCommon || Math.max(ofGrid, ofSampled) < leastWhole) return -1;
  const spreadA = squaresA - (sumA * sumA) / count;
  const spreadB = squaresB - (sumB * sumB) / count;
  if (spreadA <= 0 || spreadB <= 0) return -1;
  return (products - (sumA * sumB) / count) / Math.sqrt(spreadA * spreadB);
}

/** What both show, as a part of each; without the small turn. */
function commonAreas({ scaleX, scaleY, x, y }: Placement): { a: Crop; b: Crop } {
  const across = commonRange(Math.exp(scaleX), x);
  const down = commonRange(Math.exp(scaleY), y);
  const crop = (horizontal: [number, number], vertical: [number, number]): Crop => ({
    left: horizontal[0],
    top: vertical[0],
    right: horizontal[1],
    bottom: vertical[1],
  });
  return { a: crop(across.a, down.a), b: crop(across.b, down.b) };
}

/** The same in one direction: from -1 to 1 of b, a is at `scale * b + shift`. */
function commonRange(scale: number, shift: number): { a: [number, number]; b: [number, number] } {
  const first = Math.max(-1, -scale + shift);
  const last = Math.min(1, scale + shift);
  const part = (value: number): number => Math.min(1, Math.max(0, (value + 1) / 2));
  return { a: [part(first), part(last)], b: [part((first - shift) / scale), part((last - shift) / scale)] };
}
