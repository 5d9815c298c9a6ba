/**
 * What the gallery webview and the extension say to each other. Both sides import this file; it imports nothing at run time.
 * Every message from the webview is checked by `isFromGallery` in the extension before use.
 */

/** Thumbnails in one `thumbnails` message, at most (VS Code loses messages with more than 253 buffers: all go in one). */
export const galleryThumbnailBatch = 64;

/** Photos in one `photos` message, at most. */
export const galleryPage = 10_000;

/** Photos that the gallery shows, at most: beyond that a person is asked to narrow the search. */
export const maxGalleryPhotos = 100_000;

/** Edge of a tile in CSS pixels. */
export const galleryTile = { least: 96, most: 256, usual: 144 } as const;

/** What a tile of the grid needs to know. */
export interface GalleryPhoto {
  id: string;
  name: string;
  takenAt: string | null;
  width: number;
  height: number;
  size: number;
  /** Display names of the peers that hold the photo. */
  holders: string[];
  /** Whether one of them is online (or this peer holds it): it can be opened. */
  available: boolean;
  /** Whether its file is in the folder of this window. */
  here: boolean;
}

export type GallerySort = 'date' | 'name' | 'size';

/** What a person chose: survives reloads. `size` is the edge of a tile in CSS pixels. */
export interface GalleryUiState {
  version: 1;
  sort: GallerySort;
  query: string;
  tile: number;
  /** The photo that has (or last had) the focus. */
  anchor: string | null;
}

//#region to the webview

/** Answer to `query`: the photos that match, in order, in one or more pages from the first to the last. */
export interface GalleryPhotosMessage {
  type: 'photos';
  /** The generation of the query that this answers: late answers are dropped. */
  generation: number;
  /** Place of the first of `photos` among those that match; 0 starts the answer. */
  offset: number;
  photos: GalleryPhoto[];
  /** Photos that match. At most `maxGalleryPhotos` of them are sent. */
  matches: number;
  /** Photos in the collection. */
  total: number;
  /** Whether this is the last page. */
  last: boolean;
}
/** The collection changed: ask again when convenient. */
export interface GalleryStaleMessage {
  type: 'stale';
}
/** Thumbnails, packed: `offsets[i]` is where `ids[i]` starts in `data`, it ends at `offsets[i + 1]`. Equal offsets: there is none. */
export interface GalleryThumbnailsMessage {
  type: 'thumbnails';
  ids: string[];
  mimes: string[];
  offsets: number[];
  data: ArrayBuffer;
}
/** Why there is nothing to show (daemon stopped, failed, starting), or null when there is no such reason: then query. */
export interface GalleryStateMessage {
  type: 'state';
  message: string | null;
}
/** Look for this, as if a person had typed it. */
export interface GallerySearchMessage {
  type: 'search';
  query: string;
}
export type ToGallery =
  GalleryPhotosMessage | GalleryStaleMessage | GalleryThumbnailsMessage | GalleryStateMessage | GallerySearchMessage;

//#endregion

//#region from the webview

export interface GalleryReadyMessage {
  type: 'ready';
}
export interface GalleryQueryMessage {
  type: 'query';
  generation: number;
  query: string;
  sort: GallerySort;
}
export interface GalleryWantMessage {
  type: 'want';
  /** In the order they should come; replaces what was asked for before. */
  ids: string[];
}
export interface GalleryOpenMessage {
  type: 'open';
  id: string;
}
export interface GalleryFetchMessage {
  type: 'fetch';
  id: string;
}
export type FromGallery =
  GalleryReadyMessage | GalleryQueryMessage | GalleryWantMessage | GalleryOpenMessage | GalleryFetchMessage;

//#endregion

/** Every text of the gallery, filled in by the extension in the language of the window. */
export interface GalleryStrings {
  photos: string;
  search: string;
  sortBy: string;
  sortDate: string;
  sortName: string;
  sortSize: string;
  tileSize: string;
  empty: string;
  noMatch: string;
  /** Said of a photo that no peer who is online holds. */
  unavailable: string;
  /** The same in a word, on the tile. */
  offline: string;
  countOne: string;
  /** `{0}` photos. */
  count: string;
  /** `{0}` of `{1}` photos. */
  countOf: string;
  /** "held by {0}" */
  heldBy: string;
  loading: string;
  /** "the first {0} are shown, type to narrow" */
  truncated: string;
  /** What stands on the row of controls for assistive technology. */
  controls: string;
  noDate: string;
}
