import { hashBytes, windowCount } from '../../../src/protocol/features.ts';
import type { HashedPhoto } from '../../../src/daemon/similarity/hashTable.ts';

/** Bytes by chance, the same for the same seed (xorshift32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_769) >>> 0 || 1;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** The hash with up to `bits` bits changed. */
  changed(hash: Uint8Array, bits: number): Uint8Array {
    const result = hash.slice();
    for (let n = 0; n < bits; n++) {
      const bit = this.below(hash.length * 8);
      result[bit >> 3] = (result[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    return result;
  }

  photo(key: number, aspect: number): HashedPhoto {
    return { key, aspect, hashes: this.bytes(windowCount * hashBytes) };
  }
}

/** One of the hashes of a photo: also to write to. */
export function hashOf({ hashes }: HashedPhoto, window: number): Uint8Array {
  return hashes.subarray(window * hashBytes, (window + 1) * hashBytes);
}
