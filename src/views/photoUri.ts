import type { PhotoSummary } from '../protocol/control.ts';
import type { PhotoFormat } from '../protocol/photo.ts';
import { shortId } from '../protocol/photo.ts';

/** Endings by which programs know each format; the first is the usual one. */
const endings: Readonly<Record<PhotoFormat, readonly string[]>> = {
  jpeg: ['.jpg', '.jpeg', '.jpe'],
  png: ['.png'],
  webp: ['.webp'],
  avif: ['.avif'],
  tiff: ['.tif', '.tiff'],
  gif: ['.gif'],
  heic: ['.heic', '.heif'],
  raw: [],
  jxl: ['.jxl'],
  jp2: ['.jp2', '.jpf', '.jpx', '.j2k'],
  bmp: ['.bmp'],
};

/** The formats that VS Code's own image preview shows. */
const previewed: ReadonlySet<PhotoFormat> = new Set<PhotoFormat>(['jpeg', 'png', 'webp', 'avif', 'gif', 'bmp']);

export function canPreview(format: PhotoFormat): boolean {
  return previewed.has(format);
}

/** What makes up the address of a photo, `photo:<path>?<query>`. */
export interface PhotoAddress {
  readonly path: string;
  readonly query: string;
}

/**
 * The address of a photo. Its name gets the ending of its format where it has another one, because VS Code chooses the
 * viewer by it. The query never changes for one photo: without one, VS Code loads the picture anew each time.
 */
export function photoAddress({ id, name, format }: Pick<PhotoSummary, 'id' | 'name' | 'format'>): PhotoAddress {
  const known = endings[format];
  const usual = known[0];
  const fits = usual === undefined || known.some((ending) => name.toLowerCase().endsWith(ending));
  return { path: `/${id}/${fits ? name : `${name}${usual}`}`, query: `v=${shortId(id)}` };
}

/** What a path of the `photo:` file system means; undefined when it means nothing. */
export type PhotoPath =
  | { readonly kind: 'root' }
  | { readonly kind: 'folder'; readonly id: string }
  | { readonly kind: 'photo'; readonly id: string; readonly name: string };

export function parsePhotoPath(path: string): PhotoPath | undefined {
  if (path === '/' || path === '') return { kind: 'root' };
  const match = /^\/([0-9a-f]{64})(?:\/([^/]+))?\/?$/.exec(path);
  const [, id, name] = match ?? [];
  if (id === undefined) return undefined;
  return name === undefined ? { kind: 'folder', id } : { kind: 'photo', id, name };
}
