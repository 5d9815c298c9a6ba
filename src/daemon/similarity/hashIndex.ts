import { hashBytes, windowCount } from '../../protocol/features.ts';
import { layingsOf, layingsOnBucket } from './aspects.ts';
import { chunkSlots, HashTable, runBytes } from './hashTable.ts';
import type { Chunk, HashedPhoto } from './hashTable.ts';
import { blockLanes, findingsBytes, queryBytes, scanQueries, scratchBytes } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import { Nearest } from './nearest.ts';
import { transposeHash } from './orientations.ts';
import type { Candidate, Orientation } from './types.ts';

/** Candidates of one photo that are kept unless something else is asked for. */
export const defaultPerPhoto = 200;

/** Photos that are compared with a chunk while it is in a cache. */
const batchSize = 32;

/**
 * The hashes of photos as queries lie in teams of as many photos as a scan takes: for each window the hashes of the photos, and
 * all that once more with rows and columns exchanged.
 */
const teamWindowBytes = scanQueries * queryBytes;
const teamTurnBytes = windowCount * teamWindowBytes;
const teamBytes = 2 * teamTurnBytes;
const queriesAt = scratchBytes;
const findingsAt = queriesAt + (batchSize / scanQueries) * teamBytes;
const tableAt = findingsAt + findingsBytes(chunkSlots / blockLanes);

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
  nearest: Nearest;
}

/** Photos that are compared together. */
interface Team {
  /** Address of their hashes. */
  at: number;
  queries: readonly Query[];
}

/** How a team may match photos of a chunk. */
interface Reach {
  straight: boolean;
  transposed: boolean;
  limit: number;
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
      const queries = asked.places
        .slice(start, start + batchSize)
        .map((place) => this.#query(place, new Nearest(limit, perPhoto)));
      const teams = this.#teamsOf(queries);
      for (const [bucket, chunks] of this.#table.buckets) {
        for (const chunk of chunks) {
          let compared = false;
          for (const team of teams) compared = this.#compare(team, bucket, chunk, asked) || compared;
          if (compared) yield { done, candidates: [] };
        }
      }
      done += queries.length;
      yield { done, candidates: queries.flatMap(({ nearest }) => nearest.list()) };
    }
  }

  #query(place: number, nearest: Nearest): Query {
    const { keys, aspects } = this.#table.chunkOf(place);
    const slot = place % chunkSlots;
    return { key: keys[slot] ?? 0, aspect: aspects[slot] ?? 0, place, nearest };
  }

  /** Puts the hashes of the photos where the kernel compares with them. */
  #teamsOf(queries: readonly Query[]): Team[] {
    const teams: Team[] = [];
    for (let start = 0; start < queries.length; start += scanQueries) {
      const team = { at: queriesAt + teams.length * teamBytes, queries: queries.slice(start, start + scanQueries) };
      for (const [member, { place }] of team.queries.entries()) this.#prepare(place, team.at + member * queryBytes);
      teams.push(team);
    }
    return teams;
  }

  #prepare(place: number, at: number): void {
    const hashes = this.#table.hashesAt(place);
    for (let window = 0; window < windowCount; window++) {
      const hash = hashes.subarray(window * hashBytes, (window + 1) * hashBytes);
      this.#kernel.prepare(hash, at + window * teamWindowBytes);
      this.#kernel.prepare(transposeHash(hash), at + teamTurnBytes + window * teamWindowBytes);
    }
  }

  /** @returns false when there was nothing to compare */
  #compare(team: Team, bucket: number, chunk: Chunk, asked: AskedPlaces): boolean {
    const reach = reachOf(team, bucket, chunk, asked);
    if (reach.limit < 0) return false;
    const best = team.queries.map(() => new Map<number, Candidate>());
    if (reach.straight) this.#scan({ team, chunk, asked, best, turn: 0, limit: reach.limit });
    if (reach.transposed) this.#scan({ team, chunk, asked, best, turn: 4, limit: reach.limit });
    for (const [member, { nearest }] of team.queries.entries()) nearest.add(best[member]?.values() ?? []);
    return true;
  }

  /** Looks for photos of a chunk in four of the orientations, and keeps what is nearer than what was found before. */
  #scan(scan: Scan): void {
    const { team, chunk, turn, limit } = scan;
    const blocks = Math.ceil(chunk.count / blockLanes);
    const at = team.at + (turn === 4 ? teamTurnBytes : 0);
    const members = team.queries.length;
    for (let window = 0; window < windowCount; window++) {
      const queries = at + window * teamWindowBytes;
      const found = this.#kernel.scan(chunk.at, blocks, queries, members, limit, findingsAt);
      if (found > 0) this.#keep(found, scan, window, 0);
    }
    for (let window = 1; window < windowCount; window++) {
      const found = this.#kernel.scan(chunk.at + window * runBytes, blocks, at, members, limit, findingsAt);
      if (found > 0) this.#keep(found, scan, 0, window);
    }
  }

  #keep(found: number, { team, chunk, asked, best, turn }: Scan, windowA: number, windowB: number): void {
    const findings = new Uint32Array(this.#kernel.memory.buffer, findingsAt, 2 * found);
    for (let n = 0; n < found; n++) {
      const slot = findings[2 * n] ?? 0;
      const finding = findings[2 * n + 1] ?? 0;
      const distance = finding & 0xff;
      const member = finding >> 16;
      const query = team.queries[member];
      const kept = best[member];
      // The last block is not always full.
      if (query === undefined || kept === undefined || slot >= chunk.count) continue;
      if (distance > query.nearest.limit || distance >= (kept.get(slot)?.distance ?? Infinity)) continue;
      if (asked.isDonePair(chunk.number * chunkSlots + slot, query.place)) continue;
      const layings = layingsOf(query.aspect, chunk.aspects[slot] ?? 0);
      if (!(turn === 4 ? layings.transposed : layings.straight)) continue;
      const orientation = (turn | ((finding >> 8) & 3)) as Orientation;
      kept.set(slot, { a: query.key, b: chunk.keys[slot] ?? 0, distance, orientation, windowA, windowB });
    }
  }
}

/** What some photo of the team has to look for in the chunk; a limit below 0 when none has to. */
function reachOf({ queries }: Team, bucket: number, chunk: Chunk, asked: AskedPlaces): Reach {
  const reach = { straight: false, transposed: false, limit: -1 };
  for (const { aspect, place, nearest } of queries) {
    const { straight, transposed } = layingsOnBucket(aspect, bucket);
    if ((!straight && !transposed) || asked.isDone(chunk, place)) continue;
    reach.straight ||= straight;
    reach.transposed ||= transposed;
    reach.limit = Math.max(reach.limit, nearest.limit);
  }
  return reach;
}

/** A team and a chunk in four of the orientations, and what was found for each of the team. */
interface Scan {
  team: Team;
  chunk: Chunk;
  asked: AskedPlaces;
  best: readonly Map<number, Candidate>[];
  turn: 0 | 4;
  limit: number;
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
