import { hashBytes, windowCount } from '../../protocol/features.ts';
import { aspectBucket } from './aspects.ts';
import { blockBytes, blockLanes } from './kernel.ts';
import type { Kernel } from './kernel.ts';

/** What a photo is found by. */
export interface HashedPhoto {
  /** Any number that names the photo. */
  key: number;
  /** Width over height in thousandths. */
  aspect: number;
  /** Hashes of the whole and of the windows, one after the other. */
  hashes: Uint8Array;
}

/** Blocks for each window in a chunk: large enough that most time is spent in the kernel, small enough for a cache. */
const chunkBlocks = 16;
/** Photos in a chunk. */
export const chunkSlots = chunkBlocks * blockLanes;
/** Bytes of the hashes of one window in a chunk. */
export const runBytes = chunkBlocks * blockBytes;
const chunkBytes = windowCount * runBytes;

/** Up to {@link chunkSlots} photos of similar aspect. */
export interface Chunk {
  /** Counts from 0 in the order in which memory was taken; a place of a photo is `number * chunkSlots + slot`. */
  readonly number: number;
  /** Address of the hashes: a run of blocks for each window. */
  readonly at: number;
  /** Which aspects its photos have: see `aspects.ts`. */
  bucket: number;
  /** Photos: in the first slots. */
  count: number;
  readonly keys: Float64Array;
  readonly aspects: Uint32Array;
}

/** Hashes of photos in the memory of a kernel, those of similar aspect together. */
export class HashTable {
  readonly #kernel: Kernel;
  readonly #start: number;
  readonly #chunks: Chunk[] = [];
  /** In each bucket all chunks but the last are full. */
  readonly #buckets = new Map<number, Chunk[]>();
  readonly #unused: Chunk[] = [];
  readonly #places = new Map<number, number>();

  /** @param start address behind which the memory is the table's */
  constructor(kernel: Kernel, start: number) {
    this.#kernel = kernel;
    this.#start = start;
  }

  /** Photos. */
  get size(): number {
    return this.#places.size;
  }

  /** Memory of all hashes, keys and aspects, without the map from keys to places. */
  get bytes(): number {
    return this.#chunks.length * (chunkBytes + chunkSlots * (8 + 4));
  }

  /** Chunks by bucket (see `aspects.ts`). */
  get buckets(): ReadonlyMap<number, readonly Chunk[]> {
    return this.#buckets;
  }

  /** Where a photo is until the next change; undefined when it is not there. */
  placeOf(key: number): number | undefined {
    return this.#places.get(key);
  }

  /** The chunk of a place. */
  chunkOf(place: number): Chunk {
    const chunk = this.#chunks[Math.floor(place / chunkSlots)];
    if (chunk === undefined) throw new RangeError(`There is no place ${place}.`);
    return chunk;
  }

  /**
   * Adds a photo, in place of the one with the same key if there is one.
   * @throws RangeError when there is no memory left, or the photo has not as many hashes as it should
   */
  set({ key, aspect, hashes }: HashedPhoto): void {
    if (hashes.length !== windowCount * hashBytes)
      throw new RangeError(`A photo has ${hashes.length} bytes of hashes.`);
    this.delete(key);
    const chunk = this.#chunkWithRoom(aspectBucket(aspect));
    const slot = chunk.count++;
    chunk.keys[slot] = key;
    chunk.aspects[slot] = aspect;
    this.#write(chunk, slot, hashes);
    this.#places.set(key, chunk.number * chunkSlots + slot);
  }

  /** @returns whether it was there */
  delete(key: number): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    const chunk = this.chunkOf(place);
    const slot = place % chunkSlots;
    const chunks = this.#buckets.get(chunk.bucket) ?? [];
    const last = chunks.at(-1) ?? chunk;
    const from = --last.count;
    this.#places.delete(key);
    if (last !== chunk || from !== slot) {
      const moved = last.keys[from] ?? 0;
      chunk.keys[slot] = moved;
      chunk.aspects[slot] = last.aspects[from] ?? 0;
      this.#write(chunk, slot, this.#read(last, from));
      this.#places.set(moved, place);
    }
    if (last.count === 0) {
      chunks.pop();
      if (chunks.length === 0) this.#buckets.delete(chunk.bucket);
      this.#unused.push(last);
    }
    return true;
  }

  /** The hashes at a place. */
  hashesAt(place: number): Uint8Array {
    return this.#read(this.chunkOf(place), place % chunkSlots);
  }

  #chunkWithRoom(bucket: number): Chunk {
    const chunks = this.#buckets.get(bucket) ?? [];
    const last = chunks.at(-1);
    if (last !== undefined && last.count < chunkSlots) return last;
    const chunk = this.#unused.pop() ?? this.#newChunk();
    chunk.bucket = bucket;
    chunks.push(chunk);
    this.#buckets.set(bucket, chunks);
    return chunk;
  }

  #newChunk(): Chunk {
    const number = this.#chunks.length;
    const at = this.#start + number * chunkBytes;
    this.#kernel.grow(at + chunkBytes);
    const chunk = {
      number,
      at,
      bucket: 0,
      count: 0,
      keys: new Float64Array(chunkSlots),
      aspects: new Uint32Array(chunkSlots),
    };
    this.#chunks.push(chunk);
    return chunk;
  }

  #write(chunk: Chunk, slot: number, hashes: Uint8Array): void {
    const { memory } = this.#kernel;
    const start = addressOf(chunk, slot);
    for (let window = 0, byte = 0; window < windowCount; window++) {
      let at = start + window * runBytes;
      for (const end = byte + hashBytes; byte < end; byte++, at += blockLanes) memory[at] = hashes[byte] ?? 0;
    }
  }

  #read(chunk: Chunk, slot: number): Uint8Array {
    const { memory } = this.#kernel;
    const start = addressOf(chunk, slot);
    return Uint8Array.from(
      { length: windowCount * hashBytes },
      (_, byte) => memory[start + Math.floor(byte / hashBytes) * runBytes + (byte % hashBytes) * blockLanes] ?? 0,
    );
  }
}

/** Address of the first byte of the first hash. */
function addressOf(chunk: Chunk, slot: number): number {
  return chunk.at + Math.floor(slot / blockLanes) * blockBytes + (slot % blockLanes);
}
