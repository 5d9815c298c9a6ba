import type { GallerySort, GalleryUiState, ReviewPlace } from '../../protocol/gallery.ts';
import { galleryTile } from '../../protocol/gallery.ts';
import { clamp } from './layout.ts';

const sorts: readonly GallerySort[] = ['date', 'name', 'size'];

/** Characters of a search, at most; what the control API takes. */
export const maxQueryLength = 200;

export function isSort(value: unknown): value is GallerySort {
  return sorts.some((sort) => sort === value);
}

/** What was kept from last time, as far as it makes sense. */
export function restoreUiState(kept: unknown): GalleryUiState {
  const state: GalleryUiState = {
    version: 1,
    sort: 'date',
    query: '',
    tile: galleryTile.usual,
    anchor: null,
    review: null,
  };
  if (typeof kept !== 'object' || kept === null || !('version' in kept) || kept.version !== 1) return state;
  if ('sort' in kept && isSort(kept.sort)) state.sort = kept.sort;
  if ('query' in kept && typeof kept.query === 'string') state.query = kept.query.slice(0, maxQueryLength);
  if ('tile' in kept && typeof kept.tile === 'number' && Number.isFinite(kept.tile)) {
    state.tile = clamp(kept.tile, galleryTile.least, galleryTile.most);
  }
  if ('anchor' in kept && typeof kept.anchor === 'string') state.anchor = kept.anchor;
  if ('review' in kept) state.review = restoreReview(kept.review);
  return state;
}

function restoreReview(kept: unknown): ReviewPlace | null {
  if (typeof kept !== 'object' || kept === null || !('place' in kept) || !('group' in kept)) return null;
  const { group, place } = kept;
  if (typeof place !== 'number' || !Number.isSafeInteger(place) || place < 0) return null;
  return typeof group === 'string' || group === null ? { group, place } : null;
}
