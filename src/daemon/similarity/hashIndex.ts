import { hashBytes, windowCount } from '../../protocol/features.ts';
import { layingsOf, layingsOnBucket } from './aspects.ts';
import { chunkSlots, HashTable, runBytes } from './hashTable.ts';
import type { Chunk, HashedPhoto } from './hashTable.ts';
import { blockBytes, blockLanes, findingsBytes } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import { Nearest } from './nearest.ts';
import { transposeHash } from './orientations.ts';
import type { Candidate, Orientation } from './types.ts';

/** Candidates of one photo that are kept unless something else is asked for. */
export const defaultPerPhoto = 200;

/** Photos that are compared with a chunk while it is in a cache. */
const batchSize = 8;

/** Bytes of the hashes of one photo as queries: as they are, then transposed. */
const turnBytes = windowCount * blockBytes;
const queryBytes = 2 * turnBytes;
const findingsAt = batchSize * queryBytes;
const tableAt = findingsAt + Math.ceil(findingsBytes(chunkSlots / blockLanes) / 64) * 64;

export interface IndexSearch {
  /** Most different bits, from 0 to 254. */
  limit: number;
  /** Most candidates for each photo that is asked for: the nearest. */
  perPhoto?: number;
}

/** How far a search has come. */
export interface SearchStep {
  /** Keys that were dealt with. */
  done: number;
  /** What was found for them since the last step. */
  candidates: Candidate[];
}

interface Query {
  key: number;
  aspect: number;
  place: number;
  /** Address of its hashes. */
  at: number;
  nearest: Nearest;
}

/**
 * Finds photos with similar hashes: two of them match where the whole of the one is near the whole or a window of the other, in any
 * of the eight orientations. Every hash of similar aspect is looked at: with hashes as far apart and as little independent as
 * these, trees and tables of parts are slower.
 */
export class HashIndex {
  readonly #kernel: Kernel;
  readonly #table: HashTable;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.grow(tableAt);
    this.#table = new HashTable(kernel, tableAt);
  }

  /** Photos. */
  get size(): number {
    return this.#table.size;
  }

  /** Memory of all hashes, keys and aspects, without the map from keys to places. */
  get bytes(): number {
    return this.#table.bytes;
  }

  /**
   * Adds a photo, in place of the one with the same key if there is one. Not while a search goes on.
   * @throws RangeError when there is no memory left, or the photo has not as many hashes as it should
   */
  set(photo: HashedPhoto): void {
    this.#table.set(photo);
  }

  /**
   * Takes a photo out. Not while a search goes on.
   * @returns whether it was there
   */
  delete(key: number): boolean {
    return this.#table.delete(key);
  }

  /**
   * Compares photos of the index with all others, each pair once. Keys that are not there are left out. A step takes
   * less than a few milliseconds.
   */
  *search(keys: Iterable<number>, { limit, perPhoto = defaultPerPhoto }: IndexSearch): Generator<SearchStep, void> {
    const asked = new AskedPlaces(this.#table, keys);
    let done = asked.unknown;
    for (let start = 0; start < asked.places.length; start += batchSize) {
      const places = asked.places.slice(start, start + batchSize);
      const queries = places.map((place, n) => this.#query(place, n * queryBytes, new Nearest(limit, perPhoto)));
      for (const [bucket, chunks] of this.#table.buckets) {
        for (const chunk of chunks) {
          let compared = false;
          for (const query of queries) compared = this.#compare(query, bucket, chunk, asked) || compared;
          if (compared) yield { done, candidates: [] };
        }
      }
      done += places.length;
      yield { done, candidates: queries.flatMap(({ nearest }) => nearest.list()) };
    }
  }

  /** Puts the hashes of a photo where the kernel compares with them. */
  #query(place: number, at: number, nearest: Nearest): Query {
    const hashes = this.#table.hashesAt(place);
    for (let window = 0; window < windowCount; window++) {
      const hash = hashes.subarray(window * hashBytes, (window + 1) * hashBytes);
      this.#fillLanes(hash, at + window * blockBytes);
      this.#fillLanes(transposeHash(hash), at + turnBytes + window * blockBytes);
    }
    const { keys, aspects } = this.#table.chunkOf(place);
    const slot = place % chunkSlots;
    return { key: keys[slot] ?? 0, aspect: aspects[slot] ?? 0, place, at, nearest };
  }

  #fillLanes(hash: Uint8Array, at: number): void {
    const { memory } = this.#kernel;
    for (const [plane, byte] of hash.entries()) {
      const start = at + plane * blockLanes;
      memory.fill(byte, start, start + blockLanes);
    }
  }

  /** @returns false when there was nothing to compare */
  #compare(query: Query, bucket: number, chunk: Chunk, asked: AskedPlaces): boolean {
    const layings = layingsOnBucket(query.aspect, bucket);
    if (!layings.straight && !layings.transposed) return false;
    if (query.nearest.limit < 0 || asked.isDone(chunk, query.place)) return false;
    const best = new Map<number, Candidate>();
    if (layings.straight) this.#scan(query, chunk, asked, 0, best);
    if (layings.transposed) this.#scan(query, chunk, asked, 4, best);
    if (best.size > 0) query.nearest.add(best.values());
    return true;
  }

  /** Looks for photos of a chunk in four of the orientations, and keeps what is nearer than what was found before. */
  #scan(query: Query, chunk: Chunk, asked: AskedPlaces, turn: 0 | 4, best: Map<number, Candidate>): void {
    const at = query.at + (turn === 4 ? turnBytes : 0);
    const blocks = Math.ceil(chunk.count / blockLanes);
    const { limit } = query.nearest;
    for (let window = 0; window < windowCount; window++) {
      const found = this.#kernel.scan(chunk.at, blocks, at + window * blockBytes, limit, findingsAt);
      if (found > 0) this.#keep(found, { query, chunk, asked, turn, best, windowA: window, windowB: 0 });
    }
    for (let window = 1; window < windowCount; window++) {
      const found = this.#kernel.scan(chunk.at + window * runBytes, blocks, at, limit, findingsAt);
      if (found > 0) this.#keep(found, { query, chunk, asked, turn, best, windowA: 0, windowB: window });
    }
  }

  #keep(found: number, { query, chunk, asked, turn, best, windowA, windowB }: Scanned): void {
    const { memory } = this.#kernel;
    const findings = new Uint32Array(memory.buffer, findingsAt, 2 * found);
    for (let n = 0; n < found; n++) {
      const slot = findings[2 * n] ?? 0;
      const finding = findings[2 * n + 1] ?? 0;
      const distance = finding & 0xff;
      const before = best.get(slot);
      if (before !== undefined && before.distance <= distance) continue;
      // The last block is not always full.
      if (slot >= chunk.count || asked.isDonePair(chunk.number * chunkSlots + slot, query.place)) continue;
      const layings = layingsOf(query.aspect, chunk.aspects[slot] ?? 0);
      if (!(turn === 4 ? layings.transposed : layings.straight)) continue;
      const orientation = (turn | (finding >> 8)) as Orientation;
      best.set(slot, { a: query.key, b: chunk.keys[slot] ?? 0, distance, orientation, windowA, windowB });
    }
  }
}

interface Scanned {
  query: Query;
  chunk: Chunk;
  asked: AskedPlaces;
  turn: 0 | 4;
  best: Map<number, Candidate>;
  windowA: number;
  windowB: number;
}

/** The photos of a search: of a pair that is asked for on both sides, only the earlier place compares. */
class AskedPlaces {
  /** In the order in which they are compared: neighbours have similar aspects, and see the same chunks. */
  readonly places: readonly number[];
  /** Keys that are not in the table. */
  readonly unknown: number;
  readonly #all: ReadonlySet<number>;
  /** How many are in each chunk, by its number. */
  readonly #inChunk = new Map<number, number>();

  constructor(table: HashTable, keys: Iterable<number>) {
    const asked = new Set(keys);
    this.places = [...asked]
      .map((key) => table.placeOf(key))
      .filter((place) => place !== undefined)
      .sort((a, b) => a - b);
    this.unknown = asked.size - this.places.length;
    this.#all = new Set(this.places);
    for (const place of this.places) {
      const chunk = Math.floor(place / chunkSlots);
      this.#inChunk.set(chunk, (this.#inChunk.get(chunk) ?? 0) + 1);
    }
  }

  /** Whether every photo of the chunk has itself been compared with the one at `place`. */
  isDone(chunk: Chunk, place: number): boolean {
    return chunk.number < Math.floor(place / chunkSlots) && this.#inChunk.get(chunk.number) === chunk.count;
  }

  /** Whether the photo at `other` has itself been compared with the one at `place`, or is the same. */
  isDonePair(other: number, place: number): boolean {
    return other === place || (other < place && this.#all.has(other));
  }
}
