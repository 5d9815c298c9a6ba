import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';
import { hashBytes, storageError, writeAll } from './fileBytes.ts';

/** Bytes from which on it is worth to ask first whether they fit on the disk. */
const roomCheckedFrom = 2 * 1024 * 1024;

/**
 * A photo on its way: the bytes that have arrived, in order, and their hash so far. Owner of the open file.
 * A failed write leaves it fit for nothing but {@link PartialFile.remove} or closing.
 */
export class PartialFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: fs.FileHandle;
  #hash: Hash;
  #length: number;

  private constructor(file: string, handle: fs.FileHandle, hash: Hash, length: number) {
    this.path = file;
    this.#handle = handle;
    this.#hash = hash;
    this.#length = length;
  }

  /**
   * Opens what is there from an earlier time (and hashes it), or an empty file.
   * @param size bytes of the whole photo: a file that is longer is no part of it and is emptied
   * @throws AppError `disk-full` when what is missing does not fit on the disk, `no-permission`, `cancelled`
   */
  static async open(file: string, size: number, signal: AbortSignal): Promise<PartialFile> {
    const fresh = await createNew(file);
    const handle = fresh ?? (await openOwn(file));
    try {
      const hash = createHash('sha256');
      const length = fresh ? 0 : await takeUp(handle, size, hash, signal);
      if (size - length >= roomCheckedFrom) await ensureRoom(file, size - length);
      return new PartialFile(file, handle, hash, length);
    } catch (error) {
      if (fresh) await fs.rm(file, { force: true });
      await handle.close();
      throw storageError(error, file);
    }
  }

  /** Bytes that have arrived. */
  get length(): number {
    return this.#length;
  }

  /** @throws AppError `disk-full` among others */
  async append(data: Uint8Array): Promise<void> {
    try {
      const written = writeAll(this.#handle, data, this.#length);
      // The disk works while the processor hashes.
      this.#hash.update(data);
      await written;
    } catch (error) {
      throw storageError(error, this.path);
    }
    this.#length += data.length;
  }

  /** Forgets all that has arrived. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.#length = 0;
  }

  /** Hex SHA-256 of all that has arrived. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Returns when the bytes would survive a power cut. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /** Deletes the file. It stays open until it is disposed. */
  async remove(): Promise<void> {
    await fs.rm(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** Never through a link, and without waiting for the other end of a pipe. */
const openFlags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** @returns undefined when there is such a file already */
async function createNew(file: string): Promise<fs.FileHandle | undefined> {
  try {
    // Readable as this user's files are by default: under its final name it is one. Its folder lets nobody in until then.
    return await fs.open(file, openFlags | constants.O_CREAT | constants.O_EXCL, 0o666);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return undefined;
    throw storageError(error, file);
  }
}

/** Opens a file that has no other name and is no link: to write into it changes nothing of a person's. */
async function openOwn(file: string): Promise<fs.FileHandle> {
  let handle: fs.FileHandle | undefined;
  try {
    handle = await fs.open(file, openFlags);
    const stat = await handle.stat();
    // A crash between giving the photo its name and removing the partial's leaves two names of one file.
    if (stat.isFile() && stat.nlink <= 1) return handle;
    await fs.rm(file);
    await handle.close();
    handle = undefined;
    return await fs.open(file, openFlags | constants.O_CREAT | constants.O_EXCL, 0o666);
  } catch (error) {
    await handle?.close();
    throw storageError(error, file);
  }
}

/** @returns the bytes that were there and are hashed now */
async function takeUp(handle: fs.FileHandle, size: number, hash: Hash, signal: AbortSignal): Promise<number> {
  const { size: there } = await handle.stat();
  if (there <= size) return hashBytes(handle, there, hash, signal);
  await handle.truncate(0);
  return 0;
}

async function ensureRoom(file: string, bytes: number): Promise<void> {
  const disk = await fs.statfs(path.dirname(file));
  // Some network file systems report no size at all.
  if (disk.blocks === 0 || disk.bavail * disk.bsize >= bytes) return;
  throw new AppError(
    'disk-full',
    `There is no space left for ${Math.ceil(bytes / 1e6)} MB more in ${path.dirname(file)}: free some and try again.`,
  );
}
