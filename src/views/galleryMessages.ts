import type { PhotoSummary, Thumbnail } from '../protocol/control.ts';
import type {
  FromGallery,
  GalleryPhoto,
  GallerySort,
  GalleryThumbnailsMessage,
  ReviewDecision,
} from '../protocol/gallery.ts';
import { maxReviewPhotos } from '../protocol/gallery.ts';
import { availabilityOf } from './photoNodes.ts';

const sorts: readonly unknown[] = ['date', 'name', 'size'] satisfies GallerySort[];
const decisions: readonly unknown[] = ['keep', 'distinct'] satisfies ReviewDecision[];
const groupPattern = /^[0-9a-f]{16}$/;
const idPattern = /^[0-9a-f]{64}$/;
/** Thumbnails that are asked for at once, at most: a very large screen full. */
const maxWanted = 1_000;
const maxQueryLength = 200;

/** Whether a message from the webview is one, and within bounds: a webview shows names that others chose. */
export function isFromGallery(message: unknown): message is FromGallery {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'ready':
      return true;
    case 'query':
      return (
        Number.isSafeInteger(message['generation']) &&
        typeof message['query'] === 'string' &&
        message['query'].length <= maxQueryLength &&
        sorts.includes(message['sort'])
      );
    case 'want': {
      const { ids } = message;
      return Array.isArray(ids) && ids.length <= maxWanted && ids.every(isId);
    }
    case 'open':
    case 'fetch':
      return isId(message['id']);
    case 'wantGroup':
      return (
        Number.isSafeInteger(message['generation']) &&
        isPlace(message['place']) &&
        (message['group'] === null || isGroup(message['group']))
      );
    case 'wantPictures': {
      const { ids } = message;
      return Array.isArray(ids) && ids.length <= maxReviewPhotos && ids.every(isId);
    }
    case 'decide':
      return decisions.includes(message['decision']) && isGroup(message['group']) && isId(message['id']);
    case 'undo':
      return true;
    case 'compare':
      return isGroup(message['group']) && isId(message['id']);
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isGroup(value: unknown): value is string {
  return typeof value === 'string' && groupPattern.test(value);
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value);
}

/** @param self peer id of this window's daemon */
export function galleryPhoto(photo: PhotoSummary, self: string): GalleryPhoto {
  const availability = availabilityOf(photo, self);
  return {
    id: photo.id,
    name: photo.name,
    takenAt: photo.takenAt,
    width: photo.width,
    height: photo.height,
    size: photo.size,
    holders: photo.holders.map(({ name }) => name),
    available: availability !== 'offline',
    here: availability === 'own',
  };
}

/** Photos in the order that a person chose. By date is how the daemon lists them. */
export function sortPhotos(photos: readonly PhotoSummary[], sort: GallerySort, language: string): PhotoSummary[] {
  switch (sort) {
    case 'name': {
      // IMG_9 comes before IMG_10.
      const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
      return photos.toSorted((a, b) => compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
    }
    case 'size':
      return photos.toSorted((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1));
    case 'date':
      break;
  }
  return [...photos];
}

/**
 * Thumbnails in one buffer (VS Code loses messages with many of them).
 * @param ids what was asked for; an id without a thumbnail gets an empty place
 */
export function packThumbnails(ids: readonly string[], thumbnails: readonly Thumbnail[]): GalleryThumbnailsMessage {
  const byId = new Map(thumbnails.map((thumbnail) => [thumbnail.id, thumbnail]));
  const pictures = ids.map((id) => Buffer.from(byId.get(id)?.data ?? '', 'base64'));
  const offsets = [0];
  for (const { length } of pictures) offsets.push((offsets.at(-1) ?? 0) + length);
  const data = new Uint8Array(offsets.at(-1) ?? 0);
  for (const [index, picture] of pictures.entries()) data.set(picture, offsets[index] ?? 0);
  return {
    type: 'thumbnails',
    ids: [...ids],
    mimes: ids.map((id) => byId.get(id)?.mime ?? ''),
    offsets,
    data: data.buffer,
  };
}
