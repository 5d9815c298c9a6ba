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

/** Photos of one group of look-alikes that are shown side by side, at most. */
export const maxReviewPhotos = 64;

/** A photo of this many bytes or more is shown by its thumbnail only. */
export const maxPictureBytes = 64_000_000;

/** Bytes of the photos of one group that are shown whole, together, at most. */
export const maxGroupBytes = 256_000_000;

/** One line about a photo, in the language of the window. */
export interface ReviewFact {
  label: string;
  text: string;
  /** Whether it is another one than the keeper's. */
  differs: boolean;
}

/** A photo among its look-alikes. */
export interface ReviewPhoto {
  id: string;
  name: string;
  /** Upright size in pixels; 0 when it is not known. */
  width: number;
  height: number;
  /** As of {@link GalleryPhoto}. */
  available: boolean;
  here: boolean;
  /** Whether a browser can show the photo itself, not only its thumbnail. */
  viewable: boolean;
  /** Why it is in the group; of the keeper, why it is the best. */
  reason: string;
  facts: ReviewFact[];
}

/** A group of look-alikes, in the language of the window. */
export interface ReviewGroup {
  id: string;
  /** How many photos, and what there is to win. */
  title: string;
  /** What the others know and the keeper does not. */
  note: string | null;
  /** The keeper first. At most `maxReviewPhotos`. */
  photos: ReviewPhoto[];
}

/** Which group is looked at: its id, and its place among all groups, where the next is looked for when it is gone. */
export interface ReviewPlace {
  group: string | null;
  place: number;
}

export type ReviewDecision = 'keep' | 'distinct';

/** What a person chose: survives reloads. `size` is the edge of a tile in CSS pixels. */
export interface GalleryUiState {
  version: 1;
  sort: GallerySort;
  query: string;
  tile: number;
  /** The photo that has (or last had) the focus. */
  anchor: string | null;
  /** The group that is reviewed; null while all photos are shown. */
  review: ReviewPlace | null;
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
/** Show all photos, and look for this as if a person had typed it; null: for what was looked for before. */
export interface GallerySearchMessage {
  type: 'search';
  query: string | null;
}
/** Show look-alikes, one group at a time, from this one on; null: from where it was. */
export interface GalleryReviewMessage {
  type: 'review';
  group: string | null;
}
/** Answer to `wantGroup`. */
export interface GalleryGroupMessage {
  type: 'group';
  /** The generation of the question: late answers are dropped. */
  generation: number;
  /** Place of `group` among all groups. */
  place: number;
  /** Groups in all. */
  total: number;
  /** Place, number of groups and what there is to win, in words. */
  position: string;
  /** Null when there is none. */
  group: ReviewGroup | null;
}
/** The groups of look-alikes changed: ask again. */
export interface GalleryStaleGroupsMessage {
  type: 'staleGroups';
}
/** A whole photo; no bytes when it cannot be had. */
export interface GalleryPictureMessage {
  type: 'picture';
  id: string;
  mime: string;
  data: ArrayBuffer;
}
export type ToGallery =
  | GalleryPhotosMessage
  | GalleryStaleMessage
  | GalleryThumbnailsMessage
  | GalleryStateMessage
  | GallerySearchMessage
  | GalleryReviewMessage
  | GalleryGroupMessage
  | GalleryStaleGroupsMessage
  | GalleryPictureMessage;

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
export interface GalleryWantGroupMessage extends ReviewPlace {
  type: 'wantGroup';
  generation: number;
}
export interface GalleryWantPicturesMessage {
  type: 'wantPictures';
  /** Photos of the group that was shown last, in the order they should come; replaces what was asked for before. */
  ids: string[];
}
/** A person decided: this photo is the one to keep, or it is no duplicate of the keeper. */
export interface GalleryDecideMessage {
  type: 'decide';
  decision: ReviewDecision;
  group: string;
  id: string;
}
/** Take the last decision back. */
export interface GalleryUndoMessage {
  type: 'undo';
}
/** Show keeper and photo in VS Code's own comparison. */
export interface GalleryCompareMessage {
  type: 'compare';
  group: string;
  id: string;
}
export type FromGallery =
  | GalleryReadyMessage
  | GalleryQueryMessage
  | GalleryWantMessage
  | GalleryOpenMessage
  | GalleryFetchMessage
  | GalleryWantGroupMessage
  | GalleryWantPicturesMessage
  | GalleryDecideMessage
  | GalleryUndoMessage
  | GalleryCompareMessage;

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
  /** What stands on the row of controls of the review for assistive technology. */
  reviewControls: string;
  allPhotos: string;
  previousGroup: string;
  nextGroup: string;
  zoomIn: string;
  zoomOut: string;
  zoomFit: string;
  /** How zoom and keys work, in one sentence. */
  reviewHelp: string;
  keeper: string;
  keepThis: string;
  notDuplicate: string;
  compare: string;
  undo: string;
  /** Said of a fact that is another one than the keeper's. */
  differs: string;
  noGroups: string;
}
