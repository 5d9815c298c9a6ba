import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';
import type { PhotoFormat, PhotoId } from '../../protocol/photo.ts';
import { storageError } from './fileBytes.ts';
import type { Fetcher } from './fetcher.ts';
import type { FetchOrder } from './types.ts';

/** A photo of somebody else that a person wants to look at. */
export interface ViewedPhoto extends Omit<FetchOrder, 'target' | 'force'> {
  /** What a holder calls it: says by its ending which program can show it. */
  name: string;
}

const defaultBytes = 2 * 1024 ** 3;
/** Milliseconds that a photo stays after it was opened, whatever the cap: whoever was given its path may still read it. */
const readTime = 10 * 60 * 1000;

/** Endings that a cached file may have: none of them is anything but a picture to any program. */
const endings: Record<PhotoFormat, readonly string[]> = {
  jpeg: ['jpg', 'jpeg', 'jpe', 'jfif'],
  png: ['png'],
  webp: ['webp'],
  avif: ['avif'],
  tiff: ['tif', 'tiff'],
  gif: ['gif'],
  heic: ['heic', 'heif', 'hif'],
  raw: ['cr2', 'cr3', 'crw', 'nef', 'nrw', 'arw', 'srf', 'sr2', 'dng', 'raf', 'orf', 'rw2', 'pef', 'srw', 'x3f', 'raw'],
  jxl: ['jxl'],
  jp2: ['jp2', 'j2k', 'jpf', 'jpx'],
  bmp: ['bmp', 'dib'],
};
const knownEndings: ReadonlySet<string> = new Set(Object.values(endings).flat());

/**
 * Photos of others that were opened to be looked at: read-only files in one private folder, the least recently opened of
 * which go when they take more than allowed.
 */
export class ViewedCache {
  readonly #directory: string;
  readonly #fetcher: Pick<Fetcher, 'fetch'>;
  readonly #bytes: number;
  /** How many times each file is being opened now. */
  readonly #opening = new Map<string, number>();

  /** @param bytes what the files may take together; a single photo may take more, alone */
  constructor(directory: string, fetcher: Pick<Fetcher, 'fetch'>, bytes = defaultBytes) {
    this.#directory = directory;
    this.#fetcher = fetcher;
    this.#bytes = bytes;
  }

  /**
   * The absolute path of a file with the photo's bytes, fetched when it is not here yet. Not to be written.
   * @throws AppError as {@link Fetcher.fetch}
   */
  async open(photo: ViewedPhoto): Promise<string> {
    const name = fileName(photo.id, photo.name);
    const file = path.join(this.#directory, name);
    this.#opening.set(name, (this.#opening.get(name) ?? 0) + 1);
    try {
      await this.#makeDirectory();
      if (!(await this.#holds(file, photo.size))) {
        await this.#makeRoom(photo.size);
        const { id, size, holders, signal, onProgress } = photo;
        const order: FetchOrder = { id, size, holders, signal, target: file, force: true };
        await this.#fetcher.fetch(onProgress ? { ...order, onProgress } : order);
        await fs.chmod(file, 0o400);
      }
      const now = new Date();
      await fs.utimes(file, now, now);
      return file;
    } catch (error) {
      throw storageError(error, file);
    } finally {
      const left = (this.#opening.get(name) ?? 1) - 1;
      if (left > 0) this.#opening.set(name, left);
      else this.#opening.delete(name);
    }
  }

  async #makeDirectory(): Promise<void> {
    await fs.mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  async #holds(file: string, size: number): Promise<boolean> {
    try {
      const stat = await fs.lstat(file);
      return stat.isFile() && stat.size === size;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Removes what was opened longest ago until `needed` bytes more fit. */
  async #makeRoom(needed: number): Promise<void> {
    const files: { name: string; size: number; opened: number }[] = [];
    let bytes = needed;
    for (const name of await fs.readdir(this.#directory)) {
      const stat = await fs.lstat(path.join(this.#directory, name)).catch(goneIsNothing);
      if (!stat?.isFile()) continue;
      files.push({ name, size: stat.size, opened: stat.mtimeMs });
      bytes += stat.size;
    }
    files.sort((a, b) => a.opened - b.opened);
    for (const { name, size, opened } of files) {
      if (bytes <= this.#bytes) return;
      if (this.#opening.has(name) || Date.now() - opened < readTime) continue;
      await this.#remove(path.join(this.#directory, name));
      bytes -= size;
    }
  }

  async #remove(file: string): Promise<void> {
    // Windows removes no read-only files.
    if (process.platform === 'win32') await fs.chmod(file, 0o600);
    await fs.rm(file, { force: true });
  }
}

/** The name that a cached photo has; what a peer calls it is used only where it is a known ending. */
function fileName(id: PhotoId, name: string): string {
  if (!/^[0-9a-f]{64}$/.test(id)) throw new AppError('usage', 'A photo is opened by its whole id.');
  const ending = path.extname(name).slice(1).toLowerCase();
  return knownEndings.has(ending) ? `${id}.${ending}` : id;
}

function goneIsNothing(error: unknown): undefined {
  if (systemCodeOf(error) === 'ENOENT') return undefined;
  throw error;
}
