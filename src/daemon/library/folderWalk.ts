import type { BigIntStats, Dirent } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { AppError, messageOf, systemCodeOf } from '../../protocol/errors.ts';
import { isNamedLikePhoto } from './format.ts';
import type { Stamp } from './stamp.ts';
import { stampOf } from './stamp.ts';

/** Something in the folder that is named like a photo. Paths are relative to the folder, with `/`. */
export type Found =
  | /** `size` in bytes, `modified` in milliseconds. */
    { kind: 'file'; path: string; stamp: Stamp; size: number; modified: number }
    /** It cannot be a photo of this folder; the reason is one sentence. */
  | { kind: 'odd'; path: string; reason: string }
  /** A folder (or, rarely, a file) that could not be looked at: nothing is known about it and what is under it. */
  | { kind: 'closed'; path: string; reason: string };

/** What one path is now. `other`: there, but none of our business. */
export type Looked = Found | { kind: 'folder'; path: string } | { kind: 'gone' } | { kind: 'other' };

/** Entries of a folder that are listed, and looked at, together: a folder with very many must not hold up everything else. */
const listed = 256;
const batch = 32;
/** Folders inside folders: deeper ones are a loop made by mounts. */
const maxDepth = 100;

/** Says what lies in one photo folder. Links are never followed, hidden files and folders (`.name`) are left out. */
export class FolderWalk {
  readonly #folder: string;
  readonly #isExcluded: (relativePath: string) => boolean;

  /**
   * @param folder real path
   * @param exclude glob patterns relative to the folder; one that matches a folder excludes all that is in it
   * @param own real path of a folder of this product's own, with pictures of other people: never part of the photos
   * @throws AppError `usage` when a pattern cannot be understood
   */
  constructor(folder: string, exclude: readonly string[], own?: string) {
    this.#folder = folder;
    const matches = matcher(exclude);
    const ownPath = own === undefined ? undefined : path.relative(folder, own).split(path.sep).join('/');
    this.#isExcluded = (relativePath) => relativePath === ownPath || matches(relativePath);
  }

  /** Absolute path of a relative one. */
  absolute(relativePath: string): string {
    return path.join(this.#folder, ...relativePath.split('/'));
  }

  /** Relative path (`/`) of an absolute one; undefined when it is not in the folder or left out. */
  relative(absolutePath: string): string | undefined {
    const relative = path.relative(this.#folder, absolutePath).split(path.sep).join('/');
    return relative === '' || this.isLeftOut(relative) ? undefined : relative;
  }

  /** Whether a relative path is hidden, excluded, or outside. */
  isLeftOut(relativePath: string): boolean {
    const parts = relativePath.split('/');
    if (parts.some((part) => part.startsWith('.'))) return true;
    return parts.some((_, n) => this.#isExcluded(parts.slice(0, n + 1).join('/')));
  }

  /**
   * Everything named like a photo in a folder and below.
   * @param from relative path, '' for the whole folder
   * @throws the system error when the photo folder itself cannot be read
   */
  async *below(from: string): AsyncGenerator<Found> {
    const pending = [from];
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      const wanted: string[] = [];
      try {
        for await (const entry of await fs.opendir(this.absolute(directory), { bufferSize: listed })) {
          if (!this.#isWanted(directory, entry)) continue;
          wanted.push(join(directory, entry.name));
          if (wanted.length === batch) yield* this.#lookAtAll(wanted.splice(0), pending);
        }
      } catch (error) {
        if (directory === '') throw error;
        // Removed while we walk, or closed to us: of the first there is nothing to say.
        if (systemCodeOf(error) !== 'ENOENT') yield closed(directory, error);
      }
      yield* this.#lookAtAll(wanted, pending);
    }
  }

  /** @param folders gets those among the paths that are folders */
  async *#lookAtAll(paths: readonly string[], folders: string[]): AsyncGenerator<Found> {
    for (const looked of await Promise.all(paths.map((path) => this.look(path)))) {
      switch (looked.kind) {
        case 'folder':
          if (looked.path.split('/').length <= maxDepth) folders.push(looked.path);
          else yield closed(looked.path, new Error('there are too many folders inside folders'));
          break;
        case 'file':
        case 'odd':
        case 'closed':
          yield looked;
          break;
        case 'gone':
        case 'other':
      }
    }
  }

  /** What one path is now. Its parents must be folders, not links: see {@link resolve}. */
  async look(relativePath: string): Promise<Looked> {
    const absolute = this.absolute(relativePath);
    let stats: BigIntStats;
    try {
      stats = await fs.lstat(absolute, { bigint: true });
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'ENOENT' && relativePath.includes('\ufffd')) {
        return odd(relativePath, 'Its name is not valid Unicode: rename it.');
      }
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone' };
      return { kind: 'closed', path: relativePath, reason: `It cannot be looked at: ${messageOf(error)}.` };
    }
    if (stats.isDirectory()) return { kind: 'folder', path: relativePath };
    if (!isNamedLikePhoto(relativePath)) return { kind: 'other' };
    if (stats.isSymbolicLink()) return this.#lookAtLink(relativePath);
    if (!stats.isFile()) return odd(relativePath, 'It is not a regular file.');
    const { size, mtimeMs } = stats;
    return {
      kind: 'file',
      path: relativePath,
      stamp: stampOf(stats),
      size: Number(size),
      modified: Number(mtimeMs),
    };
  }

  /**
   * Where a path that somebody told us about really is: the same, another one in the folder, or undefined when a link
   * on the way leads out of the folder or to something that is left out.
   */
  async resolve(relativePath: string): Promise<string | undefined> {
    const { dir, base } = path.posix.parse(relativePath);
    try {
      const parent = await fs.realpath(this.absolute(dir));
      return this.relative(path.join(parent, base));
    } catch {
      // Its folder has gone with it, or is closed to us: a look at the path says which.
      return relativePath;
    }
  }

  /** A link to a photo in this folder says nothing new; others are listed, so that people know why they do not see them. */
  async #lookAtLink(relativePath: string): Promise<Looked> {
    try {
      const target = await fs.realpath(this.absolute(relativePath));
      const inside =
        !path.relative(this.#folder, target).startsWith('..') && !path.isAbsolute(path.relative(this.#folder, target));
      return inside
        ? { kind: 'other' }
        : odd(relativePath, 'It is a link out of the photo folder, which is not followed.');
    } catch {
      return odd(relativePath, 'It is a link that leads nowhere.');
    }
  }

  #isWanted(directory: string, entry: Dirent): boolean {
    if (entry.name.startsWith('.')) return false;
    if (!entry.isDirectory() && !isNamedLikePhoto(entry.name) && isTypeKnown(entry)) return false;
    return !this.#isExcluded(join(directory, entry.name));
  }
}

/** Some file systems do not say in a listing what an entry is. */
function isTypeKnown(entry: Dirent): boolean {
  return (
    entry.isFile() ||
    entry.isSymbolicLink() ||
    entry.isFIFO() ||
    entry.isSocket() ||
    entry.isBlockDevice() ||
    entry.isCharacterDevice()
  );
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

function odd(relativePath: string, reason: string): Found {
  return { kind: 'odd', path: relativePath, reason };
}

function closed(directory: string, error: unknown): Found {
  const code = systemCodeOf(error);
  const reason =
    code === 'EACCES' || code === 'EPERM'
      ? 'No permission to read this folder.'
      : `This folder cannot be read: ${messageOf(error)}.`;
  return { kind: 'closed', path: directory, reason };
}

function matcher(patterns: readonly string[]): (relativePath: string) => boolean {
  const useful = patterns.map((pattern) => pattern.trim().replace(/\/+$/, '')).filter((pattern) => pattern !== '');
  if (useful.length === 0) return () => false;
  try {
    return picomatch(useful, { dot: true, nocase: process.platform !== 'linux' });
  } catch (error) {
    throw new AppError('usage', `The patterns to leave out cannot be understood: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
