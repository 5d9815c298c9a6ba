import type { AppError } from '../../protocol/errors.ts';
import { toAppError } from '../../protocol/errors.ts';
import { delay } from '../base/tasks.ts';
import { AsyncQueue } from './asyncQueue.ts';
import type { Decoded } from './decoderMessages.ts';
import type { DecodeFailed, DecoderPool } from './decoderPool.ts';
import type { FolderWalk, Found } from './folderWalk.ts';
import type { IndexWriter } from './indexWriter.ts';
import type { PhotoTable } from './photoTable.ts';
import type { ScanMeter } from './scanMeter.ts';

type FoundFile = Extract<Found, { kind: 'file' }>;

export interface ScannerParts {
  walk: FolderWalk;
  table: PhotoTable;
  writer: IndexWriter;
  pool: DecoderPool;
  meter: ScanMeter;
  /** Milliseconds that a file must have been left alone before it is read. */
  settle: number;
  /** A path has to be looked at again: its file is being written, or went away just now. */
  again: (path: string) => void;
  /** Called after each file; what it returns is waited for before the next. */
  afterFile: () => Promise<void>;
}

/** What a scan saw. */
export interface Seen {
  /** Paths of everything that is there. */
  paths: ReadonlySet<string>;
  /** Folders that could not be read, with the reason. */
  closed: ReadonlyMap<string, string>;
}

/** Takes what a walk finds, reads what is new or other than before, and enters it into the table. */
export class Scanner {
  readonly #parts: ScannerParts;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
  }

  /**
   * Goes through everything that `found` gives. Stops early (without an error) when `signal` is aborted.
   * @throws AppError `unsupported-runtime` when nothing can be decoded; the error of `found` when that ends with one
   */
  async scan(found: AsyncIterable<Found>, signal: AbortSignal): Promise<Seen> {
    const seen = { paths: new Set<string>(), closed: new Map<string, string>() };
    const fresh: FoundFile[] = [];
    await this.#decodeAll(signal, fresh, async (queue) => {
      for await (const one of found) {
        if (signal.aborted) return;
        if (one.kind === 'closed') seen.closed.set(one.path, one.reason);
        else seen.paths.add(one.path);
        this.#consider(one, queue);
      }
      this.#parts.meter.foundAll();
    });
    if (fresh.length > 0) await this.#decodeSettled(fresh, signal);
    return seen;
  }

  /** Files that were written to a moment ago: those that are still the same after a while are whole. */
  async #decodeSettled(fresh: readonly FoundFile[], signal: AbortSignal): Promise<void> {
    const { again, meter, settle, walk } = this.#parts;
    await delay(settle, signal);
    await this.#decodeAll(signal, undefined, async (queue) => {
      for (const file of fresh) {
        if (signal.aborted) return;
        const now = await walk.look(file.path);
        if (now.kind === 'file' && now.stamp === file.stamp) {
          queue.push(now);
        } else {
          meter.finished(false);
          again(file.path);
        }
      }
    });
  }

  /**
   * Runs as many decodings at once as there are processes, while `produce` fills their queue.
   * @param fresh gets the files that were changed just now instead; undefined to decode those too
   */
  async #decodeAll(
    signal: AbortSignal,
    fresh: FoundFile[] | undefined,
    produce: (queue: AsyncQueue<FoundFile>) => Promise<void>,
  ): Promise<void> {
    const queue = new AsyncQueue<FoundFile>();
    let failure: AppError | undefined;
    const work = async (): Promise<void> => {
      try {
        for await (const file of queue) {
          if (signal.aborted) return queue.abandon();
          if (fresh !== undefined && this.#isFresh(file)) fresh.push(file);
          else await this.#decode(file);
        }
      } catch (error) {
        failure ??= toAppError(error);
        queue.abandon();
      }
    };
    const workers = Array.from({ length: this.#parts.pool.size }, work);
    try {
      await produce(queue);
    } finally {
      queue.close();
      await Promise.all(workers);
    }
    if (failure !== undefined && !signal.aborted) throw failure;
  }

  /** A clock that is behind the file's says nothing about its age: such a file counts as fresh too. */
  #isFresh({ modified }: FoundFile): boolean {
    return Date.now() - modified < this.#parts.settle;
  }

  #consider(found: Found, queue: AsyncQueue<FoundFile>): void {
    const { meter, table, writer } = this.#parts;
    if (found.kind === 'closed') return;
    meter.found();
    const row = table.file(found.path);
    if (found.kind === 'odd') {
      if (row?.reason !== found.reason) this.#setUnreadable(found.path, undefined, found.reason, false);
      return meter.finished(false);
    }
    if (row !== undefined && row.stamp === found.stamp && !this.#lacksPicture(row.photo)) {
      return meter.finished(false);
    }
    const renamed = table.photoByStamp(found.stamp);
    if (renamed !== undefined && !this.#lacksPicture(renamed.id)) {
      table.setPhoto(found.path, found.stamp, renamed);
      writer.note(found.path, row?.photo, renamed.id);
      return meter.finished(false);
    }
    queue.push(found);
  }

  /** Thumbnails and likenesses are caches: what is missing is made again, unless it cannot be written anyway. */
  #lacksPicture(id: string | undefined): boolean {
    const { table, writer } = this.#parts;
    const photo = id === undefined ? undefined : table.photo(id);
    if (photo === undefined || writer.problem !== undefined) return false;
    return photo.features !== null && !(writer.hasThumbnail(photo.id) && writer.hasLikeness(photo.id));
  }

  async #decode(file: FoundFile): Promise<void> {
    const { afterFile, meter, pool, walk } = this.#parts;
    const decoded = await pool.decode(walk.absolute(file.path), file.size);
    this.#enter(file, decoded);
    meter.finished(true);
    await afterFile();
  }

  #enter(file: FoundFile, decoded: Decoded | DecodeFailed): void {
    const { again, table, writer } = this.#parts;
    switch (decoded.kind) {
      case 'photo': {
        const former = table.file(file.path)?.photo;
        table.setPhoto(file.path, decoded.stamp, decoded.facts);
        writer.note(file.path, former, decoded.facts.id);
        if (decoded.thumbnail !== null) writer.noteThumbnail(decoded.facts.id, decoded.thumbnail);
        if (decoded.likeness !== null) writer.noteLikeness(decoded.facts.id, decoded.likeness);
        return;
      }
      case 'broken':
        return this.#setUnreadable(file.path, decoded.stamp, decoded.reason, true);
      case 'failed':
        return this.#setUnreadable(file.path, file.stamp, decoded.reason, false);
      case 'inaccessible':
        return this.#setUnreadable(file.path, undefined, decoded.reason, false);
      case 'changing':
      case 'gone':
        return again(file.path);
    }
  }

  #setUnreadable(path: string, stamp: string | undefined, reason: string, lasting: boolean): void {
    const { table, writer } = this.#parts;
    const former = table.file(path)?.photo;
    table.setUnreadable(path, stamp, reason, lasting);
    writer.note(path, former);
  }
}
