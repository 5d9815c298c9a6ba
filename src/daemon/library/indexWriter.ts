import { setImmediate } from 'node:timers/promises';
import type { PhotoId } from '../../protocol/photo.ts';
import type { AppError } from '../../protocol/errors.ts';
import { toAppError } from '../../protocol/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { LibraryIndex } from './libraryIndex.ts';
import type { Likeness } from './photoFeatures.ts';
import type { PhotoTable } from './photoTable.ts';
import type { ThumbnailStore } from './thumbnailStore.ts';
import type { ThumbnailImage } from './types.ts';

/** Rows of each kind in one transaction: it takes a few milliseconds of the event loop. */
const transactionRows = 64;
/** Thumbnails (and likenesses) that wait for a disk that is full; more are forgotten, and made again later. */
const maxWaitingPictures = 512;

/**
 * Brings what changed in the table to disk, some at a time. What cannot be written (full disk) stays noted and is tried
 * again; meanwhile the table in memory is right, and a restart would only have to read those files again.
 */
export class IndexWriter {
  readonly #table: PhotoTable;
  readonly #index: LibraryIndex;
  readonly #store: ThumbnailStore;
  readonly #logger: Logger;
  readonly #paths = new Set<string>();
  readonly #photos = new Set<PhotoId>();
  readonly #thumbnails = new Map<PhotoId, ThumbnailImage>();
  readonly #likenesses = new Map<PhotoId, Likeness>();
  #problem: AppError | undefined;

  constructor(table: PhotoTable, index: LibraryIndex, store: ThumbnailStore, logger: Logger) {
    this.#table = table;
    this.#index = index;
    this.#store = store;
    this.#logger = logger;
  }

  /** Changes that wait to be written. */
  get waiting(): number {
    return Math.max(this.#paths.size, this.#photos.size, this.#thumbnails.size, this.#likenesses.size);
  }

  /** Why the last write failed; undefined when it did not. */
  get problem(): AppError | undefined {
    return this.#problem;
  }

  /** The row of this path in the table is new, other, or gone; `photos` are those that it was and is. */
  note(path: string, ...photos: (PhotoId | undefined)[]): void {
    this.#paths.add(path);
    for (const id of photos) if (id !== undefined) this.#photos.add(id);
  }

  noteThumbnail(id: PhotoId, image: ThumbnailImage): void {
    keep(this.#thumbnails, id, image);
  }

  noteLikeness(id: PhotoId, likeness: Likeness): void {
    keep(this.#likenesses, id, likeness);
  }

  /** A thumbnail that is not on disk yet. */
  thumbnail(id: PhotoId): ThumbnailImage | undefined {
    return this.#thumbnails.get(id);
  }

  hasThumbnail(id: PhotoId): boolean {
    return this.#thumbnails.has(id) || this.#store.has(id);
  }

  /** A likeness that is not on disk yet. */
  likeness(id: PhotoId): Likeness | undefined {
    return this.#likenesses.get(id);
  }

  hasLikeness(id: PhotoId): boolean {
    return this.#likenesses.has(id) || this.#index.hasLikeness(id);
  }

  /** Writes everything that waits, giving way to others between transactions; ends early when a write fails. */
  async flush(): Promise<void> {
    while (this.waiting > 0) {
      try {
        this.#writeSome();
        this.#problem = undefined;
      } catch (error) {
        const problem = toAppError(error);
        if (this.#problem?.message !== problem.message) this.#logger.error('the index cannot be written', error);
        this.#problem = problem;
        return;
      }
      await setImmediate();
    }
  }

  #writeSome(): void {
    const photos = first(this.#photos);
    const gone = photos.filter((id) => this.#table.photo(id) === undefined);
    const thumbnails = first(this.#thumbnails);
    const kept = thumbnails.flatMap(([id, image]) => (this.#table.photo(id) === undefined ? [] : [{ id, image }]));
    if (kept.length > 0) this.#store.putAll(kept, 'own');
    for (const [id] of thumbnails) this.#thumbnails.delete(id);
    if (gone.length > 0) this.#store.removeAll(gone);

    const paths = first(this.#paths);
    const files = paths.flatMap((path) => {
      const row = this.#table.file(path);
      if (row?.stamp === undefined || !row.lasting) return [];
      return [{ path, stamp: row.stamp, photo: row.photo ?? null, reason: row.reason ?? null }];
    });
    const likenesses = first(this.#likenesses);
    const written = new Set(files.map(({ path }) => path));
    this.#index.write({
      files,
      removedFiles: paths.filter((path) => !written.has(path)),
      photos: photos.flatMap((id) => this.#table.photo(id) ?? []),
      likenesses: likenesses.filter(([id]) => this.#table.photo(id) !== undefined),
      removedPhotos: gone,
    });
    for (const path of paths) this.#paths.delete(path);
    for (const id of photos) this.#photos.delete(id);
    for (const [id] of likenesses) this.#likenesses.delete(id);
  }
}

function keep<T>(waiting: Map<PhotoId, T>, id: PhotoId, picture: T): void {
  waiting.set(id, picture);
  if (waiting.size <= maxWaitingPictures) return;
  const [oldest] = waiting.keys();
  if (oldest !== undefined) waiting.delete(oldest);
}

function first<T>(items: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length === transactionRows) break;
    taken.push(item);
  }
  return taken;
}
