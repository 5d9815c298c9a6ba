import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as v from 'valibot';
import type { PhotoFeatures } from '../../protocol/features.ts';
import { lumaBytes } from '../../protocol/features.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import type { Logger } from '../base/logger.ts';
import { inTransaction } from '../base/sqlite.ts';
import { databaseError, openCache } from './cacheDatabase.ts';
import type { ContentFacts } from './decoderMessages.ts';
import { ContentFactsSchema, recipe } from './decoderMessages.ts';
import type { Likeness } from './photoFeatures.ts';
import { decodeFeatures, encodeFeatures } from './photoFeatures.ts';
import type { Stamp } from './stamp.ts';

/** What is known of a file: the photo it is, or why it is none. */
export interface IndexedFile {
  /** Relative to the photo folder, with `/`. */
  path: string;
  stamp: Stamp;
  photo: PhotoId | null;
  reason: string | null;
}

const migrations = [
  `CREATE TABLE files (
     path TEXT PRIMARY KEY,
     size INTEGER NOT NULL,
     modified TEXT NOT NULL,
     inode TEXT NOT NULL,
     photo TEXT,
     reason TEXT
   ) WITHOUT ROWID;
   CREATE TABLE photos (
     id TEXT PRIMARY KEY,
     recipe INTEGER NOT NULL,
     size INTEGER NOT NULL,
     width INTEGER NOT NULL,
     height INTEGER NOT NULL,
     format TEXT NOT NULL,
     blockhash TEXT,
     taken_at TEXT,
     camera TEXT,
     latitude REAL,
     longitude REAL,
     damaged INTEGER NOT NULL
   ) WITHOUT ROWID;`,
  // With rowids: luma is too large for the pages of a table without. What is asked for most stands before it.
  `ALTER TABLE photos ADD COLUMN grey INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE photos ADD COLUMN motion INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE photos ADD COLUMN subsecond INTEGER;
   ALTER TABLE photos ADD COLUMN features TEXT;
   CREATE TABLE likenesses (
     id BLOB PRIMARY KEY,
     features BLOB NOT NULL,
     luma BLOB NOT NULL
   );`,
];

/** Rows read at a time: the event loop turns between two. */
const pageRows = 500;

/** What was found out about a photo folder, on disk: so that a restart does not read every photo again. */
export class LibraryIndex implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: Record<
    | 'putFile'
    | 'removeFile'
    | 'putPhoto'
    | 'removePhoto'
    | 'putLikeness'
    | 'removeLikeness'
    | 'hasLikeness'
    | 'features'
    | 'luma'
    | 'files'
    | 'photos',
    StatementSync
  >;

  /** @throws AppError when the file cannot be opened or made */
  constructor(file: string, logger: Logger) {
    const database = openCache(file, migrations, logger);
    this.#database = database;
    this.#statements = {
      putFile: database.prepare(
        'INSERT OR REPLACE INTO files (path, size, modified, inode, photo, reason) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      removeFile: database.prepare('DELETE FROM files WHERE path = ?'),
      putPhoto: database.prepare(
        `INSERT OR REPLACE INTO photos
           (id, recipe, size, width, height, format, blockhash, taken_at, camera, latitude, longitude, damaged,
            grey, motion, subsecond, features)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      removePhoto: database.prepare('DELETE FROM photos WHERE id = ?'),
      putLikeness: database.prepare('INSERT OR REPLACE INTO likenesses (id, features, luma) VALUES (?, ?, ?)'),
      removeLikeness: database.prepare('DELETE FROM likenesses WHERE id = ?'),
      hasLikeness: database.prepare('SELECT 1 FROM likenesses WHERE id = ?'),
      features: database.prepare('SELECT features FROM likenesses WHERE id = ?'),
      luma: database.prepare('SELECT luma FROM likenesses WHERE id = ?'),
      files: database.prepare('SELECT * FROM files WHERE path > ? ORDER BY path LIMIT ?'),
      photos: database.prepare('SELECT * FROM photos WHERE id > ? ORDER BY id LIMIT ?'),
    };
  }

  /** All files, some at a time. */
  *files(): Iterable<IndexedFile[]> {
    for (let last = ''; ;) {
      const rows = this.#statements.files.all(last, pageRows);
      yield rows.map((row) => ({
        path: String(row['path']),
        stamp: [row['size'], row['modified'], row['inode']].join(':'),
        photo: text(row['photo']),
        reason: text(row['reason']),
      }));
      const end = rows.at(-1);
      if (end === undefined) return;
      last = String(end['path']);
    }
  }

  /** All photos, some at a time, with whether they were made by the recipe of today. Rows that make no sense are left out. */
  *photos(): Iterable<{ facts: ContentFacts; current: boolean }[]> {
    for (let last = ''; ;) {
      const rows = this.#statements.photos.all(last, pageRows);
      yield rows.flatMap((row) => {
        const facts = v.safeParse(ContentFactsSchema, {
          id: row['id'],
          size: row['size'],
          width: row['width'],
          height: row['height'],
          format: row['format'],
          blockhash: row['blockhash'],
          takenAt: row['taken_at'],
          camera: row['camera'],
          place: row['latitude'] === null ? null : { latitude: row['latitude'], longitude: row['longitude'] },
          damaged: row['damaged'] === 1,
          grey: row['grey'] === 1,
          motion: row['motion'] === 1,
          subsecond: row['subsecond'],
          features: row['features'],
        });
        return facts.success ? [{ facts: facts.output, current: row['recipe'] === recipe }] : [];
      });
      const end = rows.at(-1);
      if (end === undefined) return;
      last = String(end['id']);
    }
  }

  hasLikeness(id: PhotoId): boolean {
    return this.#statements.hasLikeness.get(key(id)) !== undefined;
  }

  features(id: PhotoId): PhotoFeatures | undefined {
    const encoded = this.#statements.features.get(key(id))?.['features'];
    return encoded instanceof Uint8Array ? decodeFeatures(encoded) : undefined;
  }

  luma(id: PhotoId): Uint8Array | undefined {
    const luma = this.#statements.luma.get(key(id))?.['luma'];
    return luma instanceof Uint8Array && luma.length === lumaBytes ? luma : undefined;
  }

  /**
   * Writes changes in one transaction: all or none.
   * @throws AppError `disk-full`, or `internal` when the database cannot be written
   */
  write(changes: {
    files: Iterable<IndexedFile>;
    removedFiles: Iterable<string>;
    photos: Iterable<ContentFacts>;
    likenesses: Iterable<readonly [PhotoId, Likeness]>;
    removedPhotos: Iterable<PhotoId>;
  }): void {
    const { putFile, removeFile, putPhoto, removePhoto, putLikeness, removeLikeness } = this.#statements;
    try {
      inTransaction(this.#database, () => {
        for (const path of changes.removedFiles) removeFile.run(path);
        for (const id of changes.removedPhotos) {
          removePhoto.run(id);
          removeLikeness.run(key(id));
        }
        for (const { path, stamp, photo, reason } of changes.files) {
          const [size = '', modified = '', inode = ''] = stamp.split(':');
          putFile.run(path, Number(size), modified, inode, photo, reason);
        }
        for (const facts of changes.photos) {
          putPhoto.run(
            facts.id,
            recipe,
            facts.size,
            facts.width,
            facts.height,
            facts.format,
            facts.blockhash,
            facts.takenAt,
            facts.camera,
            facts.place?.latitude ?? null,
            facts.place?.longitude ?? null,
            facts.damaged ? 1 : 0,
            facts.grey ? 1 : 0,
            facts.motion ? 1 : 0,
            facts.subsecond,
            facts.features,
          );
        }
        for (const [id, { features, luma }] of changes.likenesses) {
          putLikeness.run(key(id), encodeFeatures(features), luma);
        }
      });
    } catch (error) {
      throw databaseError(error);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Half the bytes of the hex text. */
function key(id: PhotoId): Buffer {
  return Buffer.from(id, 'hex');
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
