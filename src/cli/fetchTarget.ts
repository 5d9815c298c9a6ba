import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import { privateFolderName } from '../protocol/state.ts';

/**
 * Where a fetched photo goes, as an absolute path of a file or of a folder that exists. Without `output`: the current
 * directory when it lies in the photo folder, else the photo folder.
 * @param output as a person gave it; a trailing separator says that a folder is meant
 * @param directory the current directory, real path
 * @param folder the photo folder, real path
 * @throws AppError `not-a-folder` when there is no folder to write into, `usage` when `output` is empty
 */
export async function fetchTarget(output: string | undefined, directory: string, folder: string): Promise<string> {
  if (output === undefined) return isPlaceForPhotos(directory, folder) ? directory : folder;
  if (output === '') throw new AppError('usage', '--output takes a file or folder, and is empty.');
  const target = path.resolve(directory, output);
  if (await isFolder(target)) return target;
  if (/[/\\]$/.test(output) && (path.sep === '\\' || output.endsWith('/'))) {
    throw new AppError(
      'not-a-folder',
      `There is no folder ${target}: make it first, or leave out the slash to name a file.`,
    );
  }
  const parent = path.dirname(target);
  if (!(await isFolder(parent))) {
    throw new AppError(
      'not-a-folder',
      `There is no folder ${parent} to write ${path.basename(target)} into: make it first.`,
    );
  }
  return target;
}

/** Whether `directory` is the photo folder or in it, and not among this product's own files. */
function isPlaceForPhotos(directory: string, folder: string): boolean {
  const parts = path.relative(folder, directory).split(path.sep);
  return !path.isAbsolute(path.relative(folder, directory)) && parts[0] !== '..' && parts[0] !== privateFolderName;
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await fs.stat(file)).isDirectory();
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw toAppError(error);
  }
}
