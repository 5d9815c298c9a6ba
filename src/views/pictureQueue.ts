import fs from 'node:fs/promises';
import type { DaemonClient } from '../client/types.ts';
import { AppError } from '../protocol/errors.ts';
import type { GalleryPictureMessage } from '../protocol/gallery.ts';
import { maxGroupBytes, maxPictureBytes } from '../protocol/gallery.ts';
import type { PhotoFormat } from '../protocol/photo.ts';

const types: Readonly<Partial<Record<PhotoFormat, string>>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
};

/** The media type of the formats that every browser shows; undefined for the others. */
export function pictureType(format: PhotoFormat): string | undefined {
  return types[format];
}

/** A photo that is to be shown whole. */
export interface WantedPicture {
  readonly id: string;
  readonly format: PhotoFormat;
}

/**
 * Brings whole photos, one after the other. What is wanted now replaces what was wanted before: a photo that nobody looks at
 * any more is not brought to its end.
 */
export class PictureQueue {
  readonly #client: Pick<DaemonClient, 'open'>;
  readonly #signal: AbortSignal;
  readonly #deliver: (message: GalleryPictureMessage) => void;
  #current: AbortController | undefined;

  /** @param signal ends everything */
  constructor(
    client: Pick<DaemonClient, 'open'>,
    signal: AbortSignal,
    deliver: (message: GalleryPictureMessage) => void,
  ) {
    this.#client = client;
    this.#signal = signal;
    this.#deliver = deliver;
  }

  /** Resolves when all of them are delivered, or others are wanted. Rejects only when something is wrong in here. */
  async want(pictures: readonly WantedPicture[]): Promise<void> {
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    const signal = AbortSignal.any([this.#signal, current.signal]);
    let room = maxGroupBytes;
    for (const { id, format } of pictures) {
      const mime = pictureType(format);
      const data =
        mime === undefined ? new ArrayBuffer(0) : await this.#read(id, Math.min(maxPictureBytes - 1, room), signal);
      if (signal.aborted) return;
      room -= data.byteLength;
      this.#deliver({ type: 'picture', id, mime: mime ?? '', data });
    }
  }

  /** The bytes of a photo; none when they are more than `most` or cannot be had: its thumbnail is shown then. */
  async #read(id: string, most: number, signal: AbortSignal): Promise<ArrayBuffer> {
    try {
      const { path, size } = await this.#client.open(id, { signal });
      if (size > most) return new ArrayBuffer(0);
      const bytes = await fs.readFile(path, { signal });
      // A buffer of its own: what it may share with others would travel along.
      return new Uint8Array(bytes).buffer;
    } catch (error) {
      if (signal.aborted || error instanceof AppError || isMissing(error)) return new ArrayBuffer(0);
      throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
}
