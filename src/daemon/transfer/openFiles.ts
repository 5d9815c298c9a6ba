import fs from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';

/** A file as it was when it was indexed. */
export interface IndexedFile {
  /** Absolute, without links in it. */
  path: string;
  /** Bytes. */
  size: number;
}

interface Entry {
  readonly handle: Promise<fs.FileHandle>;
  users: number;
  /** Milliseconds of the monotonic clock. */
  usedAt: number;
  closed: boolean;
}

/** Milliseconds after which a file that nobody reads is closed: an open file keeps a disk from being unplugged. */
const idleTime = 10_000;

/** Reads ranges of files and keeps the last few open, because a photo is read in many blocks. */
export class OpenFiles implements AsyncDisposable {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param capacity files that stay open without being read */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many files are open now. */
  get open(): number {
    return this.#entries.size;
  }

  /**
   * Exactly the bytes `[offset, offset + length)`.
   * @throws AppError `not-found` when the file is gone, is no longer a plain file, or has another size than when it was indexed
   * @throws a system error when it cannot be read
   */
  async read(file: IndexedFile, offset: number, length: number): Promise<Uint8Array> {
    const key = `${file.size}:${file.path}`;
    const entry = this.#entries.get(key) ?? this.#add(key, file);
    entry.users++;
    try {
      const handle = await entry.handle;
      const data = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(data, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw changed(file.path);
        filled += bytesRead;
      }
      return data;
    } catch (error) {
      this.#remove(key, entry);
      throw error;
    } finally {
      entry.users--;
      entry.usedAt = performance.now();
      // Least recently used last in, first out: the map's order is the order of use.
      if (this.#entries.get(key) === entry) {
        this.#entries.delete(key);
        this.#entries.set(key, entry);
      }
      if (entry.closed) this.#close(entry);
      this.#trim();
    }
  }

  #add(key: string, file: IndexedFile): Entry {
    const entry: Entry = { handle: openIndexed(file), users: 0, usedAt: performance.now(), closed: false };
    this.#entries.set(key, entry);
    this.#timer ??= setInterval(() => this.#closeIdle(), idleTime / 2).unref();
    return entry;
  }

  #trim(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#capacity) return;
      if (entry.users === 0) this.#remove(key, entry);
    }
  }

  #closeIdle(): void {
    const now = performance.now();
    for (const [key, entry] of this.#entries) {
      if (entry.users === 0 && now - entry.usedAt >= idleTime) this.#remove(key, entry);
    }
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.closed = true;
    if (entry.users === 0) this.#close(entry);
  }

  #close(entry: Entry): void {
    if (entry.users > 0) return;
    const closing = entry.handle
      .then((handle) => handle.close())
      // Never opened: whoever asked for it was told why. Close of a file that was only read has nothing to lose.
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** Closes every file; those being read now are closed when their read ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const [key, entry] of this.#entries) this.#remove(key, entry);
    await Promise.all(this.#closing);
  }
}

async function openIndexed(file: IndexedFile): Promise<fs.FileHandle> {
  let handle: fs.FileHandle;
  try {
    // A name that became a link or a pipe since it was indexed must neither lead out of the folder nor block.
    handle = await fs.open(file.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemCodeOf(error) ?? '')) throw changed(file.path, error);
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size !== file.size) throw changed(file.path);
    // Nor may a folder on the way that became a link since: indexed paths have none in them.
    const folder = path.dirname(file.path);
    if ((await fs.realpath(folder)) !== folder) throw changed(file.path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function changed(file: string, cause?: unknown): AppError {
  return new AppError('not-found', `${file} is not the file that was indexed any more: scan the folder again.`, {
    cause,
  });
}
