import { createHash } from 'node:crypto';

/** Rows and columns of a 256-bit blockhash. */
const edge = 16;

/** Fewer different rows or columns than this: a flat picture, a gradient or stripes, whose hash many pictures share. */
const leastDistinct = 4;

/** Bits set (or not set) in the hash of a picture with content, at least. */
const leastBits = 16;

/**
 * Photos in one group, at most. A hash that more photos have tells nothing apart; the bound also keeps what one change
 * costs small, whatever peers state.
 */
export const maxGroup = 100;

/** Whether a blockhash (32 bytes) says enough of a picture that two photos with the same one are look-alikes. */
export function isTelling(blockhash: Uint8Array): boolean {
  const rows = new Set<number>();
  const columns = Array.from({ length: edge }, () => 0);
  let bits = 0;
  for (let y = 0; y < edge; y++) {
    const row = ((blockhash[2 * y] ?? 0) << 8) | (blockhash[2 * y + 1] ?? 0);
    rows.add(row);
    for (let x = 0; x < edge; x++) {
      const bit = (row >> x) & 1;
      bits += bit;
      columns[x] = ((columns[x] ?? 0) << 1) | bit;
    }
  }
  return (
    bits >= leastBits &&
    bits <= edge * edge - leastBits &&
    rows.size >= leastDistinct &&
    new Set(columns).size >= leastDistinct
  );
}

/**
 * Id of the group of all photos with this blockhash: the same on every peer and whoever joins or leaves the group. Hashed,
 * because blockhashes of different photos may begin alike.
 */
export function groupId(blockhash: Uint8Array): string {
  return createHash('sha256').update(blockhash).digest('hex').slice(0, 16);
}
