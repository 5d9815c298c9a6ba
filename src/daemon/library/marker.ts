import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { AppError, messageOf, systemCodeOf } from '../../protocol/errors.ts';
import type { Marker } from '../../protocol/state.ts';
import { markerPath, MarkerSchema } from '../../protocol/state.ts';
import { writeFileAtomically } from '../base/files.ts';

/** Bytes; ours has some 120. */
const maxMarkerSize = 4096;

/**
 * The marker of a photo folder; undefined when there is none (not shared, or not the disk that it was).
 * @throws AppError `corrupt` when the file is there but is no marker, `no-permission` or `folder-unavailable` when it cannot be read
 */
export async function readMarker(folder: string): Promise<Marker | undefined> {
  let text: string;
  try {
    // A pipe in its place must not be waited for.
    const handle = await fs.open(markerPath(folder), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxMarkerSize), 0, maxMarkerSize, 0);
      text = buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new AppError('no-permission', `No permission to read ${markerPath(folder)}.`, { cause: error });
    }
    throw new AppError('folder-unavailable', `${folder} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const marker = v.safeParse(MarkerSchema, parsed(text));
  if (marker.success) return marker.output;
  throw new AppError('corrupt', `${markerPath(folder)} is damaged: share the folder again to renew it.`);
}

/** Whether a person chose to share this folder. A marker that cannot be read or understood is none. */
export async function isShared(folder: string): Promise<boolean> {
  try {
    return (await readMarker(folder)) !== undefined;
  } catch (error) {
    if (AppError.is(error)) return false;
    throw error;
  }
}

/**
 * Marks a folder as shared; does nothing when it already is.
 * @throws AppError `not-a-folder`, `no-permission`, `disk-full`, or `folder-unavailable` when it cannot be written
 */
export async function writeMarker(folder: string): Promise<Marker> {
  const present = await readMarker(folder).catch((error: unknown) => {
    if (AppError.is(error, 'corrupt')) return undefined;
    throw error;
  });
  if (present !== undefined) return present;
  const marker: Marker = { version: 1, folderId: randomUUID(), sharedAt: new Date().toISOString() };
  const file = markerPath(folder);
  try {
    await fs.mkdir(path.dirname(file), { mode: 0o700 }).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
    await writeFileAtomically(file, `${JSON.stringify(marker, null, 2)}\n`);
  } catch (error) {
    throw cannotMark(folder, error);
  }
  return marker;
}

function cannotMark(folder: string, error: unknown): AppError {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('not-a-folder', `${folder} is not a folder.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('no-permission', `No permission to write into ${folder}.`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('disk-full', `The disk of ${folder} is full: free some space and try again.`, {
        cause: error,
      });
    default:
      return new AppError('folder-unavailable', `${folder} cannot be written to: ${messageOf(error)}`, {
        cause: error,
      });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
