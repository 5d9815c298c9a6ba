import { hashBytes, windowCount } from '../../src/protocol/features.ts';
import { alignLumas } from '../../src/daemon/similarity/alignLumas.ts';
import { orientations, orientHash } from '../../src/daemon/similarity/orientations.ts';
import type { Candidate, LookAlikeFeatures } from '../../src/daemon/similarity/types.ts';
import { differentBits } from './bits.ts';

const words = hashBytes / 4;

/** A photo that can be compared with others. */
export interface Comparable {
  readonly luma: Uint8Array;
  /** Hash by hash. */
  readonly hashes: Int32Array;
}

/** The same with the hashes of all orientations, to compare others with. */
export interface Query extends Comparable {
  readonly turned: Int32Array;
}

/** Undefined for a flat picture, which is compared by its bytes only. */
export function comparable({ luma, hashes }: LookAlikeFeatures): Comparable | undefined {
  return hashes === null ? undefined : { luma, hashes: wordsOf(hashes) };
}

/** For a photo that is compared with many. */
export function queryOf(photo: Comparable): Query {
  const bytes = new Uint8Array(photo.hashes.buffer);
  const turned = new Uint8Array(orientations.length * bytes.length);
  for (const orientation of orientations) {
    for (let window = 0; window < windowCount; window++) {
      const at = window * hashBytes;
      turned.set(orientHash(bytes.subarray(at, at + hashBytes), orientation), orientation * bytes.length + at);
    }
  }
  return { ...photo, turned: wordsOf(turned) };
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}

/** The most similar hashes of two photos, the whole picture being one of them; undefined beyond so many different bits. */
export function candidateOf(a: Query, b: Comparable, most: number): Omit<Candidate, 'a' | 'b'> | undefined {
  let best: Omit<Candidate, 'a' | 'b'> | undefined;
  let limit = most + 1;
  for (const orientation of orientations) {
    const start = orientation * windowCount * words;
    for (let pair = 0; pair < 2 * windowCount - 1; pair++) {
      const windowA = pair < windowCount ? pair : 0;
      const windowB = pair < windowCount ? 0 : pair - windowCount + 1;
      const distance = differentBits(a.turned, start + windowA * words, b.hashes, windowB * words, words, limit);
      if (distance >= limit) continue;
      limit = distance;
      best = { distance, orientation, windowA, windowB };
    }
  }
  return best;
}

/** How alike two candidates are. */
export function scoreOf(a: Comparable, b: Comparable, start: Omit<Candidate, 'a' | 'b'>): number {
  return alignLumas(a.luma, b.luma, start).score;
}
