import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { hashBytes, storageError, writeAll } from './fileBytes.ts';

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
    let handle: fs.FileHandle | undefined;
    try {
      handle = await openOwn(file);
      const { size: there } = await handle.stat();
      const hash = createHash('sha256');
      let length = 0;
      if (there > size) await handle.truncate(0);
      else length = await hashBytes(handle, there, hash, signal);
      await ensureRoom(file, size - length);
      return new PartialFile(file, handle, hash, length);
    } catch (error) {
      const empty = handle && (await handle.stat()).size === 0;
      await handle?.close();
      if (empty) await fs.rm(file, { force: true });
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

/** Opens or creates a file that has no other name and is no link: to write into it changes nothing of a person's. */
async function openOwn(file: string): Promise<fs.FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await fs.open(file, flags, 0o666);
  const stat = await handle.stat();
  // A crash between giving the photo its name and removing the partial's leaves two names of one file.
  if (stat.isFile() && stat.nlink <= 1) return handle;
  await handle.close();
  await fs.rm(file);
  return fs.open(file, flags | constants.O_EXCL, 0o666);
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
