import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PhotoId } from '../../protocol/photo.ts';
import type { Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import { inTransaction } from '../base/sqlite.ts';
import { databaseError, openCache } from './cacheDatabase.ts';
import type { ThumbnailImage } from './types.ts';

/** `own`: of a photo in this folder. `remote`: of a photo that only others hold, kept as long as there is room. */
export type ThumbnailOrigin = 'own' | 'remote';

export interface ThumbnailEntry {
  id: PhotoId;
  image: ThumbnailImage;
}

const migrations = [
  `CREATE TABLE thumbnails (
     id BLOB PRIMARY KEY,
     mime TEXT NOT NULL,
     own INTEGER NOT NULL,
     used INTEGER NOT NULL,
     size INTEGER NOT NULL,
     data BLOB NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX remote_by_use ON thumbnails (used, size) WHERE own = 0;`,
];

const defaultRemoteCap = 512 * 1024 * 1024;
/** Milliseconds: a later use within this time is not written down. */
const useResolution = 60 * 60 * 1000;
/** Uses that are kept in memory before they are written. */
const maxPendingUses = 256;

/** Thumbnails on disk: all of our own photos', and of others' up to a size, the longest unused going first. */
export class ThumbnailStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #remoteCap: number;
  readonly #statements: Record<'get' | 'has' | 'put' | 'remove' | 'touch' | 'oldest', StatementSync>;
  readonly #uses = new Map<PhotoId, number>();
  /** Bytes of all remote ones. */
  #remoteBytes: number;

  /**
   * @param file path of the database; its folder is made
   * @param options.remoteCap bytes that remote thumbnails may take
   * @throws AppError when the file cannot be opened or made
   */
  constructor(file: string, options: { remoteCap?: number; logger?: Logger } = {}) {
    this.#remoteCap = options.remoteCap ?? defaultRemoteCap;
    const database = openCache(file, migrations, options.logger ?? silentLogger);
    this.#database = database;
    this.#statements = {
      get: database.prepare('SELECT mime, data, own, used FROM thumbnails WHERE id = ?'),
      has: database.prepare('SELECT own, size FROM thumbnails WHERE id = ?'),
      put: database.prepare(
        'INSERT OR REPLACE INTO thumbnails (id, mime, own, used, size, data) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      remove: database.prepare('DELETE FROM thumbnails WHERE id = ?'),
      touch: database.prepare('UPDATE thumbnails SET used = ? WHERE id = ?'),
      oldest: database.prepare('SELECT id, size FROM thumbnails WHERE own = 0 ORDER BY used LIMIT 64'),
    };
    this.#remoteBytes = Number(
      database.prepare('SELECT coalesce(sum(size), 0) AS bytes FROM thumbnails WHERE own = 0').get()?.['bytes'] ?? 0,
    );
  }

  /** Bytes that remote thumbnails take now. */
  get remoteBytes(): number {
    return this.#remoteBytes;
  }

  has(id: PhotoId): boolean {
    return this.#statements.has.get(key(id)) !== undefined;
  }

  get(id: PhotoId): ThumbnailImage | undefined {
    const row = this.#statements.get.get(key(id));
    const data = row?.['data'];
    if (row === undefined || !(data instanceof Uint8Array)) return undefined;
    const now = Date.now();
    if (row['own'] === 0 && now - Number(row['used']) > useResolution) this.#noteUse(id, now);
    return { mime: row['mime'] === 'image/webp' ? 'image/webp' : 'image/jpeg', data };
  }

  /**
   * Keeps a thumbnail. A remote one never replaces our own.
   * @throws AppError `disk-full`, or `internal` when the database cannot be written
   */
  put(id: PhotoId, image: ThumbnailImage, origin: ThumbnailOrigin): void {
    this.putAll([{ id, image }], origin);
  }

  /** The same for several in one transaction: all or none. */
  putAll(entries: Iterable<ThumbnailEntry>, origin: ThumbnailOrigin): void {
    this.#write(() => {
      for (const { id, image } of entries) this.#replace(id, image, origin);
      if (this.#remoteBytes > this.#remoteCap) this.#evict();
    });
  }

  /**
   * Removes thumbnails whose photos have gone.
   * @throws AppError like {@link put}
   */
  removeAll(ids: Iterable<PhotoId>): void {
    this.#write(() => {
      for (const id of ids) this.#remove(id);
    });
  }

  #replace(id: PhotoId, { mime, data }: ThumbnailImage, origin: ThumbnailOrigin): void {
    const present = this.#statements.has.get(key(id));
    if (origin === 'remote' && present?.['own'] === 1) return;
    if (present?.['own'] === 0) this.#remoteBytes -= Number(present['size']);
    if (origin === 'remote') this.#remoteBytes += data.length;
    this.#statements.put.run(key(id), mime, origin === 'own' ? 1 : 0, Date.now(), data.length, data);
  }

  #remove(id: PhotoId): void {
    const present = this.#statements.has.get(key(id));
    if (present?.['own'] === 0) this.#remoteBytes -= Number(present['size']);
    this.#statements.remove.run(key(id));
  }

  #evict(): void {
    this.#writeUses();
    // Some room at once, so that not every further one evicts.
    const target = this.#remoteCap * 0.9;
    while (this.#remoteBytes > target) {
      const rows = this.#statements.oldest.all();
      if (rows.length === 0) return;
      for (const { id, size } of rows) {
        if (this.#remoteBytes <= target) return;
        if (id instanceof Uint8Array) this.#statements.remove.run(id);
        this.#remoteBytes -= Number(size);
      }
    }
  }

  #noteUse(id: PhotoId, now: number): void {
    this.#uses.set(id, now);
    if (this.#uses.size < maxPendingUses) return;
    try {
      inTransaction(this.#database, () => this.#writeUses());
    } catch {
      // On a full disk the order of use is forgotten; nothing else depends on it.
      this.#uses.clear();
    }
  }

  #writeUses(): void {
    for (const [id, used] of this.#uses) this.#statements.touch.run(used, key(id));
    this.#uses.clear();
  }

  #write(work: () => void): void {
    const before = this.#remoteBytes;
    try {
      inTransaction(this.#database, work);
    } catch (error) {
      this.#remoteBytes = before;
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
