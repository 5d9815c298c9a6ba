import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { folderState, markerPath } from '../protocol/state.ts';
import { fileExists } from './fileExists.ts';

/**
 * Real path of the nearest folder, from `start` upward, that a person shared; undefined when there is none.
 * @param start an existing folder or a file in it
 */
export async function findPhotoFolder(start: string): Promise<string | undefined> {
  const from = await realPathOf(start);
  return firstUpward(from, (folder) => fileExists(markerPath(folder)));
}

/**
 * Where the daemon that is meant by `start` keeps its state: that of the nearest shared folder upward. A folder whose
 * marker went away (unmounted, emptied) is still found as long as a daemon serves it, so that it can be asked and stopped.
 * @param home the user's state folder
 * @throws AppError `daemon-unreachable` when no folder upward is shared, `not-a-folder` when `start` does not exist
 */
export async function resolvePhotoFolder(home: string, start: string): Promise<FolderState> {
  const from = await realPathOf(start).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw toAppError(error);
  });
  const folder = await firstUpward(
    from ?? path.resolve(start),
    async (candidate) =>
      (await fileExists(markerPath(candidate))) || (await fileExists(folderState(home, candidate).daemonFile)),
  );
  if (folder !== undefined) return folderState(home, folder);
  if (from === undefined) {
    throw new AppError('not-a-folder', `There is no folder ${path.resolve(start)}: check the path.`);
  }
  throw new AppError(
    'daemon-unreachable',
    `${from} is not in a shared photo folder: name one with --folder, or share it with photo-organizer daemon FOLDER.`,
  );
}

/** Symbolic links resolved: two names of one folder are one folder. */
async function realPathOf(file: string): Promise<string> {
  return fs.realpath(path.resolve(file));
}

async function firstUpward(start: string, accept: (folder: string) => Promise<boolean>): Promise<string | undefined> {
  let folder = start;
  for (;;) {
    if (await accept(folder)) return folder;
    const parent = path.dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}
