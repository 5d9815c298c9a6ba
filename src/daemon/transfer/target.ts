import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { syncDirectory } from '../base/files.ts';
import { AppError, messageOf, systemCodeOf } from '../../protocol/errors.ts';
import { FileNameSchema, shortId, type PhotoId } from '../../protocol/photo.ts';
import { cancelled } from './cancellation.ts';
import { hashBytes, holdsPhoto, storageError, writeAll } from './fileBytes.ts';

/** A name for a verified photo. */
export interface Target {
  /** Absolute path of the file. */
  path: string;
  id: PhotoId;
  /** Bytes. */
  size: number;
  /** Whether an existing different file may be replaced. */
  force: boolean;
}

/**
 * The path of a file called `name` in `folder`; the name may come from a peer.
 * @throws AppError `refused` when the name is not one plain file name
 */
export function targetIn(folder: string, name: string): string {
  if (!v.is(FileNameSchema, name)) {
    throw new AppError('refused', 'The name of this photo cannot be used for a file: give it another name.');
  }
  return path.join(folder, name);
}

/**
 * Looks whether a photo can get this name, before any byte is fetched.
 * @returns true when the file is there already with the same bytes, so that nothing is left to do
 * @throws AppError `usage` (not an absolute path, a folder), `not-a-folder`, `no-permission`, `target-exists`, `cancelled`
 */
export async function checkTarget(target: Target, signal: AbortSignal): Promise<boolean> {
  const file = target.path;
  if (!path.isAbsolute(file) || path.resolve(file) !== file || file.includes('\0')) {
    throw new AppError('usage', 'The file to write must be given by its full path, without `..` in it.');
  }
  const there = await kindOf(file);
  await checkFolder(path.dirname(file));
  if (!there) return false;
  if (await holdsPhoto(file, target.id, target.size, signal)) return true;
  if (!target.force) throw exists(file);
  return false;
}

/** @returns whether there is something at `file` that could be replaced */
async function kindOf(file: string): Promise<boolean> {
  let stat;
  try {
    stat = await fs.lstat(file);
  } catch (error) {
    const code = systemCodeOf(error);
    // Of the file, or of its folder: that is looked at next.
    if (code === 'ENOENT') return false;
    if (code === 'ENOTDIR' || code === 'ELOOP') throw noFolder(path.dirname(file), 'is not a folder');
    throw storageError(error, file);
  }
  if (stat.isDirectory()) throw new AppError('usage', `${file} is a folder: add the name of the file to write.`);
  // Replacing a pipe or a device is never what anybody meant, forced or not.
  if (!stat.isFile() && !stat.isSymbolicLink()) {
    throw new AppError('target-exists', `${file} is not an ordinary file: choose another name.`);
  }
  return true;
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await fs.access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') throw noFolder(folder, 'does not exist');
    throw storageError(error, folder);
  }
}

/**
 * Gives a verified, synced file its name; the file is gone from its old place afterwards. Whole or not at all, and without
 * `force` nothing that is there is ever replaced, whoever else writes at the same time.
 * @throws AppError `target-exists`, `disk-full`, `no-permission`, `not-a-folder`, `corrupt` (the file changed since it was verified), `cancelled`
 */
export async function moveTo(source: string, target: Target, signal: AbortSignal): Promise<void> {
  try {
    if (!(await giveName(source, target, signal))) return await copyTo(source, target, signal, { thenRemove: true });
  } catch (error) {
    throw storageError(error, target.path);
  }
}

/**
 * As {@link moveTo}, leaving the source as it is, which need not be verified: its bytes are while they are copied.
 * @throws AppError as moveTo; `corrupt` when the source is not the photo
 */
export async function copyTo(
  source: string,
  target: Target,
  signal: AbortSignal,
  options: { thenRemove?: boolean } = {},
): Promise<void> {
  // Beside the target, as only there a rename is sure to be possible. Scans leave this name out.
  const temporary = path.join(path.dirname(target.path), `.photo-organizer-${randomBytes(8).toString('hex')}.part`);
  try {
    await copyVerified(source, temporary, target, signal);
    if (!(await giveName(temporary, target, signal))) {
      throw new AppError('internal', `${target.path} cannot be named on this file system.`);
    }
    if (options.thenRemove) await fs.rm(source, { force: true });
  } catch (error) {
    throw storageError(error, target.path);
  } finally {
    await fs.rm(temporary, { force: true });
  }
}

async function copyVerified(source: string, copy: string, target: Target, signal: AbortSignal): Promise<void> {
  let from: fs.FileHandle;
  try {
    from = await fs.open(source, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new AppError('corrupt', `${source} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    const { size } = await from.stat();
    const to = await fs.open(copy, 'wx', 0o666);
    try {
      const hash = createHash('sha256');
      let position = 0;
      await hashBytes(from, size, hash, signal, async (data) => {
        await writeAll(to, data, position);
        position += data.length;
      });
      if (position !== target.size || hash.digest('hex') !== target.id) {
        throw new AppError('corrupt', `${source} is not photo ${shortId(target.id)} any more: scan the folder again.`);
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** @returns false when source and target are on different file systems: nothing was done then */
async function giveName(source: string, target: Target, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) throw cancelled();
  let renamed: boolean;
  try {
    if (target.force) await fs.rename(source, target.path);
    renamed = target.force || (await linkExclusively(source, target, signal));
  } catch (error) {
    switch (systemCodeOf(error)) {
      case 'EXDEV':
        return false;
      case 'EISDIR':
      case 'ENOTEMPTY':
        throw new AppError('usage', `${target.path} is a folder: add the name of the file to write.`, { cause: error });
      case 'ENOENT':
      case 'ENOTDIR':
        throw noFolder(path.dirname(target.path), 'does not exist any more');
      default:
        throw error;
    }
  }
  await syncDirectory(path.dirname(target.path));
  if (!renamed) await fs.unlink(source);
  return true;
}

/** @returns whether the source has lost its name by it */
async function linkExclusively(source: string, target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    await fs.link(source, target.path);
    return false;
  } catch (error) {
    const code = systemCodeOf(error) ?? '';
    if (code === 'EEXIST') {
      if (await holdsPhoto(target.path, target.id, target.size, signal)) return false;
      throw exists(target.path);
    }
    // FAT, and some network file systems, know no second name for a file.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'].includes(code)) throw error;
    return reserveAndRename(source, target, signal);
  }
}

/**
 * The name is taken by an empty file first, which fails when it is there, and which only its maker then replaces.
 * @returns whether the source has lost its name by it
 */
async function reserveAndRename(source: string, target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    await (await fs.open(target.path, 'wx')).close();
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
    if (await holdsPhoto(target.path, target.id, target.size, signal)) return false;
    throw exists(target.path);
  }
  try {
    await fs.rename(source, target.path);
    return true;
  } catch (error) {
    await fs.rm(target.path, { force: true });
    throw error;
  }
}

function exists(file: string): AppError {
  return new AppError(
    'target-exists',
    `${file} is there already with other contents: choose another name, or say that it may be replaced (--force).`,
  );
}

function noFolder(folder: string, what: string): AppError {
  return new AppError('not-a-folder', `The folder ${folder} ${what}: create it or choose another one.`);
}
