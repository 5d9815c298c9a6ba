/** Photos whose hashes are compared at a time. */
export const blockLanes = 16;

/** Bytes of a block of hashes: see `hammingKernel.wat`. */
export const blockBytes = 512;

/** Hashes that a scan compares blocks with. */
export const scanQueries = 4;

/** Bytes of a hash that blocks are compared with. */
export const queryBytes = 1024;

/** Bytes at the start of the memory that are the kernel's own. */
export const scratchBytes = 512;

/** Bytes of memory that a scan of so many blocks may fill with what it finds. */
export function findingsBytes(blocks: number): number {
  return blocks * blockLanes * scanQueries * 8;
}

/** Compares hashes that lie in its own memory. All addresses are multiples of 4. */
export interface Kernel {
  readonly name: 'wasm' | 'plain';
  /** The memory: another array after every {@link grow}. */
  readonly memory: Uint8Array;
  /**
   * Makes the memory at least `bytes` large.
   * @throws RangeError when there is not so much
   */
  grow(bytes: number): void;
  /** Writes a hash to `query` ({@link queryBytes}) in the way in which {@link scan} compares with it. */
  prepare(hash: Uint8Array, query: number): void;
  /**
   * Compares every hash of some blocks with some others, in the four orientations that mirror.
   * @param at address of the first block
   * @param blocks at least 1
   * @param queries address of {@link scanQueries} prepared queries, one after the other
   * @param count how many of them matter, at least 1; the others may be anything
   * @param limit most different bits, from 0 to 254
   * @param findings address of {@link findingsBytes}: filled with two 32-bit numbers for each hash within the limit, its
   * position (from 0) and 65,536 times the number of the query plus 256 times the orientation plus the distance
   * @returns how many there are
   */
  scan(at: number, blocks: number, queries: number, count: number, limit: number, findings: number): number;
}
