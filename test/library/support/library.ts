import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../../src/daemon/base/logger.ts';
import { DecoderPool } from '../../../src/daemon/library/decoderPool.ts';
import { openLibrary } from '../../../src/daemon/library/library.ts';
import { writeMarker } from '../../../src/daemon/library/marker.ts';
import { ThumbnailStore } from '../../../src/daemon/library/thumbnailStore.ts';
import type { Library, LibraryChange, LibraryOptions } from '../../../src/daemon/library/types.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { waitFor } from '../../support/waitFor.ts';

/** A shared, empty photo folder and a place for the state, both gone when the test ends. */
export interface Stand {
  folder: string;
  libraryFile: string;
  thumbnailsFile: string;
}

export async function newStand(): Promise<Stand> {
  const root = temporaryFolder();
  const folder = path.join(root, 'photos');
  fs.mkdirSync(folder);
  await writeMarker(folder);
  return {
    folder,
    libraryFile: path.join(root, 'state', 'library.db'),
    thumbnailsFile: path.join(root, 'state', 'thumbnails.db'),
  };
}

export interface OpenedLibrary {
  library: Library;
  decoders: DecoderPool;
  thumbnails: ThumbnailStore;
  changes: LibraryChange[];
  /** Stops it before the test ends, as a daemon that leaves does. */
  close(): Promise<void>;
}

/** A library that is quick to believe that a file is whole, and that is closed when the test ends. */
export async function open(stand: Stand, options: Partial<LibraryOptions> = {}): Promise<OpenedLibrary> {
  const thumbnails = new ThumbnailStore(stand.thumbnailsFile);
  const decoders = new DecoderPool(silentLogger, { size: 2 });
  const library = await openLibrary(
    {
      folder: stand.folder,
      libraryFile: stand.libraryFile,
      exclude: [],
      rescanInterval: 3_600_000,
      settle: 20,
      ...options,
    },
    { logger: silentLogger, thumbnails, decoders },
  );
  const changes: LibraryChange[] = [];
  library.onChange((change) => changes.push(change));
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      await library.stop();
      decoders[Symbol.dispose]();
      thumbnails[Symbol.dispose]();
    })();
    return closed;
  };
  onTestFinished(close);
  return { library, decoders, thumbnails, changes, close };
}

/** Starts a library and waits until its first scan is done. */
export async function scanned(stand: Stand, options: Partial<LibraryOptions> = {}): Promise<OpenedLibrary> {
  const opened = await open(stand, options);
  await opened.library.start();
  await idle(opened.library);
  return opened;
}

export async function idle(library: Library): Promise<void> {
  await waitFor('the scan is done', () => library.progress() === null);
}

/** Names of all photos, sorted. */
export function names(library: Library): string[] {
  return [...library.photos()].map(({ name }) => name).sort();
}

/** What the changes come to: how many times each photo came and went. */
export function tally(changes: readonly LibraryChange[]): { added: string[]; removed: string[] } {
  return {
    added: changes.flatMap(({ added }) => added.map(({ name }) => name)).sort(),
    removed: changes.flatMap(({ removed }) => removed).sort(),
  };
}
