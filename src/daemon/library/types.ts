import type { Unsubscribe } from '../base/emitter.ts';
import type { ScanProgress, UnreadableFile } from '../../protocol/control.ts';
import type { PhotoFeatures } from '../../protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';

/** A thumbnail: at most 320 pixels on its longer side. */
export interface ThumbnailImage {
  mime: 'image/webp' | 'image/jpeg';
  data: Uint8Array;
}

/**
 * What a scan or the watcher found out. Both lists are of photos (contents), not of files, and have at most 500 together.
 * A photo that only got another file name is in `added` again, with the new facts.
 */
export interface LibraryChange {
  added: PhotoFacts[];
  removed: PhotoId[];
}

/** One photo folder on this disk: what is in it, kept up to date. It knows no network. */
export interface Library {
  /** Scans, then watches; resolves when the first scan is under way (not when it is done). */
  start(): Promise<void>;
  /** Looks at the whole folder again; resolves when done. */
  rescan(): Promise<void>;
  /** Every photo that was readable at the last look. */
  photos(): Iterable<PhotoFacts>;
  get(id: PhotoId): PhotoFacts | undefined;
  /** Absolute paths of the files with these bytes that were there at the last look (most are one). */
  paths(id: PhotoId): string[];
  /** The photo's thumbnail, undefined when it has no pixels. */
  thumbnail(id: PhotoId): ThumbnailImage | undefined;
  /** What the photo is compared by, as its facts name it; undefined when it has no pixels. */
  features(id: PhotoId): PhotoFeatures | undefined;
  /** The photo's small luma raster (`lumaBytes` bytes), undefined when it has no pixels. */
  luma(id: PhotoId): Uint8Array | undefined;
  unreadable(): UnreadableFile[];
  /** Null when nothing is being scanned. */
  progress(): ScanProgress | null;
  /** Why the folder cannot be used now (vanished, marker missing), one sentence; null when it can. Nothing is concluded from it meanwhile. */
  unavailable(): string | null;
  /** What does not work as it should although the folder can be used (not watched, index not written ...): sentences for people. */
  problems(): string[];
  totals(): { photos: number; bytes: number; extraFiles: number };
  onChange(listener: (change: LibraryChange) => void): Unsubscribe;
  /** Progress, availability or the list of unreadable files changed. */
  onStatus(listener: () => void): Unsubscribe;
  stop(): Promise<void>;
}

export interface LibraryOptions {
  /** Real path of the photo folder. */
  folder: string;
  /** Where the index lies. */
  libraryFile: string;
  /** Glob patterns, relative to the folder, of what to leave out. */
  exclude: readonly string[];
  /** Real path of the user's state folder: where it lies in the photo folder, it is left out. */
  home?: string;
  /** Milliseconds between full looks beside the watcher. */
  rescanInterval: number;
  /** Milliseconds that one file may take to decode, by the wall clock (30,000 unless told otherwise). */
  decodeLimit?: number;
  /** Milliseconds that a file must have been left alone before it is read (1,000 unless told otherwise). */
  settle?: number;
}
