import type { PhotoSummary } from '../../src/protocol/control.ts';
import type { GalleryPhoto, GalleryStrings } from '../../src/protocol/gallery.ts';

/** Id of the n-th photo. */
export function idForTests(n: number): string {
  return n.toString(16).padStart(64, '0');
}

export function photoForTests(n: number): GalleryPhoto {
  return {
    id: idForTests(n),
    name: `photo ${n}.jpg`,
    takenAt: '2020-06-15T12:00:00',
    width: 600,
    height: 400,
    size: 1000 + n,
    holders: ['Ana'],
    available: true,
    here: false,
  };
}

export function summaryForTests(n: number, change: Partial<PhotoSummary> = {}): PhotoSummary {
  return {
    id: idForTests(n),
    blockhash: null,
    name: `photo ${n}.jpg`,
    size: 1000 + n,
    width: 600,
    height: 400,
    format: 'jpeg',
    takenAt: '2020-06-15T12:00:00',
    holders: [{ peerId: 'ana', name: 'Ana', online: true, kind: 'original' }],
    group: null,
    keeper: true,
    ...change,
  };
}

export const galleryStringsForTests: GalleryStrings = {
  photos: 'Photos',
  search: 'Search',
  sortBy: 'Sort by',
  sortDate: 'Date',
  sortName: 'Name',
  sortSize: 'Size',
  tileSize: 'Tile size',
  empty: 'No photos yet.',
  noMatch: 'No match.',
  unavailable: 'Nobody online has it.',
  offline: 'offline',
  countOne: '1 photo',
  count: '{0} photos',
  countOf: '{0} of {1} photos',
  heldBy: 'held by {0}',
  loading: 'Loading',
  truncated: 'the first {0} are shown',
  controls: 'Controls',
  noDate: 'no date',
  reviewControls: 'Groups and zoom',
  allPhotos: 'All Photos',
  previousGroup: 'Previous',
  nextGroup: 'Next',
  zoomIn: 'Zoom In',
  zoomOut: 'Zoom Out',
  zoomFit: 'Fit',
  reviewHelp: 'All pictures move together.',
  keeper: 'Keeper',
  keepThis: 'Keep This One',
  notDuplicate: 'Not a Duplicate',
  compare: 'Compare',
  undo: 'Undo',
  differs: 'differs from the keeper',
  noGroups: 'No duplicates.',
};
