import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Alignment, Candidate, Crop, Orientation } from '../similarity/types.ts';
import { inverse } from '../similarity/orientations.ts';
import { reversed } from './alignment.ts';
import { bytesOf } from './columns.ts';

/** Two photos, by their numbers, that may be look-alikes. */
export interface OpenPair extends Candidate {
  /** The smaller number. */
  a: number;
}

/** A pair of look-alikes as seen from one of them: how `photo` lies on `other`. */
export interface AlignedPair {
  photo: number;
  other: number;
  distance: number;
  alignment: Alignment;
}

/** Pairs that one photo is in, at most: what resembles more pictures tells nothing apart, and a peer may state as many as it likes. */
const maxPairsOfPhoto = 64;

/** How many pairs a photo is in, and the distance of the farthest that is not decided; -1 when all are. */
interface Room {
  pairs: number;
  farthest: number;
}

/** Pairs of photos whose hashes are alike, and how alike they are. Writes happen in the caller's transaction. */
export class PairTable {
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #find: StatementSync;
  readonly #farthest: StatementSync;
  readonly #openPairs: StatementSync;
  readonly #countOpen: StatementSync;
  readonly #align: StatementSync;
  readonly #delete: StatementSync;
  readonly #of: StatementSync;
  readonly #between: StatementSync;
  readonly #aligned: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT OR IGNORE INTO pairs (a, b, distance, orientation, window_a, window_b)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6
       WHERE EXISTS (SELECT 1 FROM features WHERE photo = ?1) AND EXISTS (SELECT 1 FROM features WHERE photo = ?2)`,
    );
    this.#count = database.prepare(
      `SELECT count(*) AS n, max(distance) FILTER (WHERE score IS NULL) AS farthest FROM
         (SELECT distance, score FROM pairs WHERE a = ?1 UNION ALL SELECT distance, score FROM pairs WHERE b = ?1)`,
    );
    this.#find = database.prepare('SELECT 1 FROM pairs WHERE a = ? AND b = ?');
    this.#farthest = database.prepare(
      `SELECT a, b, distance FROM pairs WHERE a = ?1 AND score IS NULL
       UNION ALL SELECT a, b, distance FROM pairs WHERE b = ?1 AND score IS NULL ORDER BY distance DESC, a, b LIMIT 1`,
    );
    this.#openPairs = database.prepare(
      `SELECT a, b, distance, orientation, window_a, window_b FROM pairs
       WHERE score IS NULL AND (a, b) > (?, ?) ORDER BY a, b LIMIT ?`,
    );
    this.#countOpen = database.prepare('SELECT count(*) AS n FROM pairs WHERE score IS NULL');
    this.#align = database.prepare('UPDATE pairs SET score = ?, orientation = ?, crops = ? WHERE a = ? AND b = ?');
    this.#delete = database.prepare('DELETE FROM pairs WHERE a = ? AND b = ?');
    const columns = 'a, b, distance, orientation, score, crops FROM pairs';
    this.#of = database.prepare(
      `SELECT ${columns} WHERE a = ?1 AND score >= ?2 UNION ALL SELECT ${columns} WHERE b = ?1 AND score >= ?2`,
    );
    this.#between = database.prepare(`SELECT ${columns} WHERE a = ? AND b = ? AND score IS NOT NULL`);
    this.#aligned = database.prepare(`SELECT ${columns} WHERE score >= ?`);
  }

  /**
   * What a search found: the nearest, where there are too many; they take the place of farther ones that are not decided yet.
   * Photos that have gone meanwhile are passed by.
   */
  add(candidates: readonly Candidate[]): void {
    // Of photos without number that are all alike: each is counted once, not for each of them.
    const rooms = new Map<number, Room>();
    const roomOf = (photo: number): Room => {
      const room = rooms.get(photo) ?? this.#room(photo);
      rooms.set(photo, room);
      return room;
    };
    for (const candidate of candidates.toSorted((one, other) => one.distance - other.distance)) {
      const pair = candidate.a < candidate.b ? candidate : turnedCandidate(candidate);
      const full = [pair.a, pair.b].filter((photo) => roomOf(photo).pairs >= maxPairsOfPhoto);
      if (full.some((photo) => roomOf(photo).farthest <= pair.distance)) continue;
      if (full.length > 0 && this.#find.get(pair.a, pair.b) !== undefined) continue;
      for (const photo of full) {
        for (const changed of this.#removeFarthest(photo)) rooms.delete(changed);
      }
      const before = [pair.a, pair.b].map((photo) => ({ photo, ...roomOf(photo) }));
      const { a, b, distance, orientation, windowA, windowB } = pair;
      if (this.#insert.run(a, b, distance, orientation, windowA, windowB).changes === 0) continue;
      for (const { photo, pairs, farthest } of before) {
        rooms.set(photo, { pairs: pairs + 1, farthest: Math.max(farthest, distance) });
      }
    }
  }

  #room(photo: number): Room {
    const row = this.#count.get(photo);
    return { pairs: Number(row?.['n']), farthest: Number(row?.['farthest'] ?? -1) };
  }

  /** Makes room for a nearer pair. Returns the two photos of the one that went. */
  #removeFarthest(photo: number): number[] {
    const row = this.#farthest.get(photo);
    if (row === undefined) return [];
    const [a, b] = [Number(row['a']), Number(row['b'])];
    this.#delete.run(a, b);
    return [a, b];
  }

  /** Pairs that have not been laid on each other, after the pair (a, b), at most `limit`. */
  open(a: number, b: number, limit: number): OpenPair[] {
    return this.#openPairs.all(a, b, limit).map((row) => ({
      a: Number(row['a']),
      b: Number(row['b']),
      distance: Number(row['distance']),
      orientation: orientationOf(row['orientation']),
      windowA: Number(row['window_a']),
      windowB: Number(row['window_b']),
    }));
  }

  openCount(): number {
    return Number(this.#countOpen.get()?.['n']);
  }

  /** How alike an open pair is; undefined when it is not, and then it is forgotten. */
  close(pair: OpenPair, alignment: Alignment | undefined): void {
    if (alignment === undefined) this.#delete.run(pair.a, pair.b);
    else this.#align.run(alignment.score, alignment.orientation, packed(alignment), pair.a, pair.b);
  }

  /** The pairs that a photo is in, with a score of at least `least`. */
  of(photo: number, least: number): AlignedPair[] {
    return this.#of.all(photo, least).map((row) => pairFrom(row, photo));
  }

  /** All pairs with a score of at least `least`. */
  *aligned(least: number): Generator<AlignedPair> {
    for (const row of this.#aligned.iterate(least)) yield pairFrom(row, Number(row['a']));
  }

  /** How `photo` lies on `other`; undefined when the two are no pair. */
  between(photo: number, other: number): AlignedPair | undefined {
    const row = this.#between.get(Math.min(photo, other), Math.max(photo, other));
    return row === undefined ? undefined : pairFrom(row, photo);
  }
}

function pairFrom(row: Record<string, SQLOutputValue>, photo: number): AlignedPair {
  const [a, b] = [Number(row['a']), Number(row['b'])];
  const [cropA, cropB] = unpacked(bytesOf(row['crops']));
  const orientation = orientationOf(row['orientation']);
  const alignment: Alignment = { score: Number(row['score']), orientation, cropA, cropB };
  const distance = Number(row['distance']);
  return photo === a
    ? { photo, other: b, distance, alignment }
    : { photo, other: a, distance, alignment: reversed(alignment) };
}

function turnedCandidate({ a, b, distance, orientation, windowA, windowB }: Candidate): Candidate {
  return { a: b, b: a, distance, orientation: inverse(orientation), windowA: windowB, windowB: windowA };
}

function orientationOf(value: SQLOutputValue | undefined): Orientation {
  return (Number(value) & 7) as Orientation;
}

function packed({ cropA, cropB }: Alignment): Uint8Array {
  const edges = [cropA, cropB].flatMap(({ left, top, right, bottom }) => [left, top, right, bottom]);
  return new Uint8Array(Float32Array.from(edges).buffer);
}

function unpacked(bytes: Uint8Array): [Crop, Crop] {
  const edges = new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 4));
  const crop = (at: number): Crop => ({
    left: edges[at] ?? 0,
    top: edges[at + 1] ?? 0,
    right: edges[at + 2] ?? 1,
    bottom: edges[at + 3] ?? 1,
  });
  return [crop(0), crop(4)];
}
