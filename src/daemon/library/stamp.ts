import type { BigIntStats } from 'node:fs';
import * as v from 'valibot';

/**
 * What tells one state of a file from another without reading it: `size:mtime in ns:inode`. The same stamp means the
 * same bytes.
 */
export const StampSchema = v.pipe(v.string(), v.regex(/^\d+:-?\d+:\d+$/));
export type Stamp = v.InferOutput<typeof StampSchema>;

/** The stamp of a file, from `fs.stat` with `bigint`. */
export function stampOf({ size, mtimeNs, ino }: BigIntStats): Stamp {
  return `${size}:${mtimeNs}:${ino}`;
}

/** Whether the stamp has an inode: some file systems have none, and then it says nothing about another path. */
export function hasInode(stamp: Stamp): boolean {
  return !stamp.endsWith(':0');
}
