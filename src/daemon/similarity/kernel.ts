/** Photos whose hashes are compared at a time. */
export const blockLanes = 16;

/** Bytes of a block of hashes (see `hammingKernel.wat`), and of a hash that blocks are compared with. */
export const blockBytes = 512;

/** Bytes of memory that a scan of `blocks` blocks may write its findings to. */
export function findingsBytes(blocks: number): number {
  return blocks * blockLanes * 8 + 32;
}

/** Compares hashes that lie in its own memory. */
export interface Kernel {
  readonly name: 'wasm' | 'plain';
  /** The memory: another array after every {@link grow}. */
  readonly memory: Uint8Array;
  /**
   * Makes the memory at least `bytes` large.
   * @throws RangeError when there is not so much
   */
  grow(bytes: number): void;
  /**
   * Compares every hash of some blocks with one, in the four orientations that mirror.
   * @param at address of the first block
   * @param blocks at least 1
   * @param query address of a block that has one hash in all lanes
   * @param limit most different bits, from 0 to 254
   * @param findings address of {@link findingsBytes}, a multiple of 4: filled with two 32-bit numbers for each hash within the
   * limit, its position (from 0) and 256 times the orientation plus the distance
   * @returns how many there are
   */
  scan(at: number, blocks: number, query: number, limit: number, findings: number): number;
}
