import type { DuplicateGroup, DuplicatePhoto, PhotoSummary } from '../../src/protocol/control.ts';
import type { GalleryPhoto, GalleryStrings, ReviewGroup, ReviewPhoto } from '../../src/protocol/gallery.ts';

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

/** Id of the n-th duplicate group. */
export function groupIdForTests(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export function duplicateForTests(n: number, change: Partial<DuplicatePhoto> = {}): DuplicatePhoto {
  return {
    ...summaryForTests(n),
    camera: null,
    place: null,
    damaged: false,
    tier: 'T2',
    distance: 3,
    reason: 'same picture',
    differences: [],
    ...change,
  };
}

/** A group of the photos with these numbers; the first is the keeper. */
export function groupForTests(n: number, photos: readonly number[]): DuplicateGroup {
  return {
    group: groupIdForTests(n),
    keeper: idForTests(photos[0] ?? 0),
    keeperReason: 'pixels',
    bytes: 1000 * photos.length,
    metadata: { takenAt: null, camera: null, place: null },
    photos: photos.map((photo) => duplicateForTests(photo)),
  };
}

/** The same as the gallery gets it. */
export function reviewGroupForTests(n: number, photos: readonly number[]): ReviewGroup {
  return {
    id: groupIdForTests(n),
    title: `${photos.length} photos, ${photos.length} kB to win`,
    note: null,
    photos: photos.map((photo, index): ReviewPhoto => ({
      id: idForTests(photo),
      name: `photo ${photo}.jpg`,
      width: 600,
      height: 400,
      available: true,
      here: false,
      viewable: true,
      reason: index === 0 ? 'keeper: most pixels' : '50 % of the size',
      facts: [
        { label: 'Format', text: 'JPEG', differs: false },
        { label: 'Size', text: `${photo} kB`, differs: index > 0 },
      ],
    })),
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
