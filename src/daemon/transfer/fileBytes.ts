import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { AppError, systemCodeOf, toAppError } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import { cancelled } from './cancellation.ts';

/** Bytes that are read at a time. */
const chunk = 1024 * 1024;

/**
 * Adds the first `length` bytes of an open file to `hash`.
 * @param onChunk gets each piece before the next is read; its memory is reused
 * @returns the bytes there were, fewer than `length` when the file is shorter
 * @throws AppError `cancelled`
 */
export async function hashBytes(
  handle: fs.FileHandle,
  length: number,
  hash: Hash,
  signal: AbortSignal | undefined,
  onChunk?: (data: Uint8Array) => Promise<void>,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(chunk, Math.max(1, length)));
  let position = 0;
  while (position < length) {
    if (signal?.aborted) throw cancelled();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length - position), position);
    if (bytesRead === 0) break;
    const data = buffer.subarray(0, bytesRead);
    hash.update(data);
    await onChunk?.(data);
    position += bytesRead;
  }
  return position;
}

/** Writes all of `data` at `position`: a single write may stop short, at a full disk or a limit. */
export async function writeAll(handle: fs.FileHandle, data: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < data.length) {
    const { bytesWritten } = await handle.write(data, written, data.length - written, position + written);
    written += bytesWritten;
  }
}

/**
 * Whether `file` (a link is followed) is a plain file with exactly the bytes of photo `id`.
 * @param size bytes of that photo
 * @throws AppError `cancelled`, `no-permission` when it cannot be read
 */
export async function holdsPhoto(file: string, id: PhotoId, size: number, signal?: AbortSignal): Promise<boolean> {
  let handle: fs.FileHandle;
  try {
    handle = await fs.open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENXIO', 'ELOOP', 'EISDIR'].includes(systemCodeOf(error) ?? '')) return false;
    throw storageError(error, file);
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size !== size) return false;
    const hash = createHash('sha256');
    await hashBytes(handle, size, hash, signal);
    return hash.digest('hex') === id;
  } finally {
    await handle.close();
  }
}

/** A failure to write `file`, with what to do about it. */
export function storageError(error: unknown, file: string): AppError {
  switch (systemCodeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('disk-full', `There is no space left to write ${file}: free some and try again.`, {
        cause: error,
      });
    case 'EFBIG':
      return new AppError('disk-full', `${file} is too large for the disk it is to be on: choose another one.`, {
        cause: error,
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new AppError('no-permission', `Not allowed to write ${file}: choose another folder.`, { cause: error });
    default:
      return toAppError(error);
  }
}
