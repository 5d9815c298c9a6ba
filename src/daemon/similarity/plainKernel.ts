import { blockBytes, blockLanes, queryBytes } from './kernel.ts';
import type { Kernel } from './kernel.ts';

/** 32-bit words of a plane: each has the bytes of four photos. */
const planeWords = 4;
const classPlanes = 8;
const classWords = classPlanes * planeWords;
const blockWords = blockBytes / 4;
const queryWords = queryBytes / 4;

/** The kernel where there is no WebAssembly: the same with four photos at a time, in the bytes of ordinary numbers. */
export class PlainKernel implements Kernel {
  readonly name = 'plain';
  #bytes = new Uint8Array(65_536);
  #words = new Uint32Array(this.#bytes.buffer);

  get memory(): Uint8Array {
    return this.#bytes;
  }

  grow(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    // Everything is copied each time: half as much again keeps that rare.
    const grown = new Uint8Array(Math.ceil(Math.max(bytes, this.#bytes.length * 1.5) / 4) * 4);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#words = new Uint32Array(grown.buffer);
  }

  /** A query is a word for each byte of the hash, which it has four times. */
  prepare(hash: Uint8Array, query: number): void {
    for (const [plane, byte] of hash.entries()) this.#words[query / 4 + plane] = byte * 0x01010101;
  }

  scan(at: number, blocks: number, queries: number, count: number, limit: number, findings: number): number {
    const words = this.#words;
    let found = findings / 4;
    for (let block = 0; block < blocks; block++) {
      for (let query = 0; query < count; query++) {
        const y = queries / 4 + query * queryWords;
        for (let column = 0; column < planeWords; column++) {
          const x = at / 4 + block * blockWords + column;
          const p0 = differences(words, x, y);
          const p1 = differences(words, x + classWords, y + classPlanes);
          const p2 = differences(words, x + 2 * classWords, y + 2 * classPlanes);
          const p3 = differences(words, x + 3 * classWords, y + 3 * classPlanes);
          for (let lane = 0; lane < 4; lane++) {
            const shift = lane * 8;
            const a = (p0 >>> shift) & 0xff;
            const b = (p1 >>> shift) & 0xff;
            const c = (p2 >>> shift) & 0xff;
            const d = (p3 >>> shift) & 0xff;
            const straight = a + b + c + d;
            const leftRight = 128 + a - b + c - d;
            const topBottom = 128 + a + b - c - d;
            const both = 128 + a - b - c + d;
            const best = Math.min(straight, leftRight, topBottom, both);
            if (best > limit) continue;
            const orientation = best === straight ? 0 : best === leftRight ? 1 : best === topBottom ? 2 : 3;
            words[found++] = block * blockLanes + column * 4 + lane;
            words[found++] = query * 65_536 + orientation * 256 + best;
          }
        }
      }
    }
    return (found - findings / 4) / 2;
  }
}

/** In how many of the 64 bits of a class each of four photos differs from a query: a byte each. */
function differences(words: Uint32Array, x: number, y: number): number {
  let count = 0;
  for (let plane = 0; plane < classPlanes; plane++) {
    // Bits set in each byte; see "Hacker's Delight" by Henry S. Warren, 5-1.
    let bits = (words[x + plane * planeWords] ?? 0) ^ (words[y + plane] ?? 0);
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += (bits + (bits >>> 4)) & 0x0f0f0f0f;
  }
  return count;
}
