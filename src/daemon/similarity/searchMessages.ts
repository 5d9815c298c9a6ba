import type { HashedPhoto } from './hashTable.ts';
import type { Alignment, Candidate, Orientation } from './types.ts';

/** Two luma rasters, and where their hashes say that they match. */
export interface LumaPair {
  a: Uint8Array;
  b: Uint8Array;
  orientation: Orientation;
  windowA: number;
  windowB: number;
}

/** A job for the search thread. Those that touch the index are done one after the other; alignments go on beside them. */
export type SearchJob =
  | { op: 'add'; photos: readonly HashedPhoto[] }
  | { op: 'remove'; keys: readonly number[] }
  | { op: 'search'; keys: readonly number[]; limit: number; perPhoto: number }
  | { op: 'align'; pairs: readonly LumaPair[] };

/** What the daemon says to the search thread. */
export type SearchRequest = { job: number } & (SearchJob | { op: 'cancel' });

/** What the search thread says. Every job ends by `done` or `failed`; of a cancelled one nothing is heard any more. */
export type SearchReply = { job: number } & (
  | { type: 'found'; candidates: Candidate[]; done: number }
  | { type: 'aligned'; alignments: Alignment[] }
  | { type: 'done'; size: number }
  | { type: 'failed'; reason: string }
);
