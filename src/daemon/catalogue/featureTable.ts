import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PhotoFeatures } from '../../protocol/features.ts';
import { featuresVersion } from '../../protocol/features.ts';
import { featuresFingerprint } from '../library/photoFeatures.ts';
import { blobOf, bytesOf } from './columns.ts';
import { idBytes } from './holdingsRecord.ts';

/** What a photo is compared by, for the index of the search. */
export interface ComparedPhoto {
  /** Number of the photo in this catalogue. */
  key: number;
  aspect: number;
  hashes: Uint8Array;
}

/**
 * What photos are compared by, which of them have not been compared yet, and the pairs that were found. Writes happen in the
 * caller's transaction.
 */
export class FeatureTable {
  readonly #find: StatementSync;
  readonly #fingerprint: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #open: StatementSync;
  readonly #close: StatementSync;
  readonly #neighbours: StatementSync;
  readonly #deletePairs: StatementSync;
  readonly #uncompared: StatementSync;
  readonly #countUncompared: StatementSync;
  readonly #compared: StatementSync;
  /** Photos whose features in the index of the search are no longer right; the second list waits for the transaction to end. */
  #stale = new Set<number>();
  #staleSoon: number[] = [];
  #opened = false;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT version, aspect, digest, hashes FROM features WHERE photo = ?');
    this.#fingerprint = database.prepare('SELECT fingerprint FROM features WHERE photo = ?');
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO features (photo, fingerprint, version, aspect, digest, hashes) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#delete = database.prepare('DELETE FROM features WHERE photo = ?');
    this.#open = database.prepare('INSERT OR IGNORE INTO uncompared (photo) VALUES (?)');
    this.#close = database.prepare('DELETE FROM uncompared WHERE photo = ?');
    this.#neighbours = database.prepare(
      'SELECT b AS photo FROM pairs WHERE a = ?1 UNION ALL SELECT a FROM pairs WHERE b = ?1',
    );
    this.#deletePairs = database.prepare('DELETE FROM pairs WHERE a = ?1 OR b = ?1');
    this.#uncompared = database.prepare(
      `SELECT f.photo, f.aspect, f.hashes FROM uncompared u JOIN features f ON f.photo = u.photo
       WHERE u.photo > ? ORDER BY u.photo LIMIT ?`,
    );
    this.#countUncompared = database.prepare('SELECT count(*) AS n FROM uncompared');
    this.#compared = database.prepare(
      `SELECT f.photo, f.aspect, f.hashes FROM features f LEFT JOIN uncompared u ON u.photo = f.photo
       WHERE f.photo > ? AND f.version = ${featuresVersion} AND f.hashes IS NOT NULL AND u.photo IS NULL
       ORDER BY f.photo LIMIT ?`,
    );
  }

  /** Undefined when none are known. */
  of(photo: number): PhotoFeatures | undefined {
    const row = this.#find.get(photo);
    if (row === undefined) return undefined;
    return {
      version: Number(row['version']),
      aspect: Number(row['aspect']),
      digest: plain(row['digest']),
      hashes: plain(row['hashes']),
    };
  }

  has(photo: number): boolean {
    return this.#fingerprint.get(photo) !== undefined;
  }

  /** The photo has these features from now on. Returns the photos that it was a pair with, when they are others than before. */
  put(photo: number, features: PhotoFeatures): number[] {
    const fingerprint = idBytes(featuresFingerprint(features));
    const known = blobOf(this.#fingerprint.get(photo)?.['fingerprint']);
    if (known !== null && Buffer.compare(known, fingerprint) === 0) return [];
    const neighbours = this.remove(photo);
    this.#put.run(photo, fingerprint, features.version, features.aspect, features.digest, features.hashes);
    if (features.version === featuresVersion && features.hashes !== null) {
      this.#open.run(photo);
      this.#opened = true;
    }
    return neighbours;
  }

  /** Forgets the photo. Returns the photos that it was a pair with. */
  remove(photo: number): number[] {
    const neighbours = this.#neighbours.all(photo).map((row) => Number(row['photo']));
    if (neighbours.length > 0) this.#deletePairs.run(photo);
    if (this.#delete.run(photo).changes === 0) return neighbours;
    this.#close.run(photo);
    this.#staleSoon.push(photo);
    return neighbours;
  }

  /** Whether photos that have to be compared came since the last call. */
  takeOpened(): boolean {
    const opened = this.#opened;
    this.#opened = false;
    return opened;
  }

  /** The transaction ended: what was written counts, or (`done` false) was rolled back. */
  ended(done: boolean): void {
    if (done) for (const photo of this.#staleSoon) this.#stale.add(photo);
    this.#staleSoon = [];
  }

  /** Whether another photo has the number, or the photo other features, than the search knows. */
  isStale(photo: number): boolean {
    return this.#stale.has(photo);
  }

  /** The search has compared the photo with all others. */
  setCompared(photo: number): void {
    this.#close.run(photo);
  }

  /** Photos to compare after number `after`, at most `limit`. */
  uncompared(after: number, limit: number): ComparedPhoto[] {
    return this.#uncompared.all(after, limit).map(comparedPhoto);
  }

  uncomparedCount(): number {
    return Number(this.#countUncompared.get()?.['n']);
  }

  /** Photos that have been compared, after number `after`, at most `limit`. */
  compared(after: number, limit: number): ComparedPhoto[] {
    return this.#compared.all(after, limit).map(comparedPhoto);
  }

  /** Photos that are to leave the index of the search: those that went or have other features since the last call. */
  takeStale(): number[] {
    const stale = [...this.#stale];
    this.#stale.clear();
    return stale;
  }
}

function comparedPhoto(row: Record<string, SQLOutputValue>): ComparedPhoto {
  return { key: Number(row['photo']), aspect: Number(row['aspect']), hashes: bytesOf(row['hashes']) };
}

function plain(value: SQLOutputValue | undefined): Uint8Array<ArrayBuffer> | null {
  const bytes = blobOf(value);
  return bytes === null ? null : new Uint8Array(bytes);
}
