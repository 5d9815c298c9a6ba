import type { FromGallery, GalleryStrings, GalleryUiState, ToGallery } from '../../protocol/gallery.ts';
import { Grid } from './grid.ts';
import { Review } from './review.ts';
import { PhotoTexts } from './text.ts';
import { ThumbnailCache } from './thumbnailCache.ts';
import { isSort, restoreUiState } from './uiState.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromGallery): void;
  getState(): unknown;
  setState(state: GalleryUiState): void;
};

/** Thumbnails kept: some screens full, about 15 MB. */
const thumbnailLimit = 600;
/** Milliseconds without typing until the search begins. */
const typingPause = 150;
/** Milliseconds between two looks at a collection that changes. */
const refreshPause = 500;
/** So many times as long as an answer takes, the next question waits: a large collection must not keep the window busy. */
const refreshCalm = 8;

const vscode = acquireVsCodeApi();
const strings = JSON.parse(document.body.dataset['strings'] ?? '{}') as GalleryStrings;
const ui = restoreUiState(vscode.getState());

const search = elementOf('search', HTMLInputElement);
const sort = elementOf('sort', HTMLSelectElement);
const tile = elementOf('tile', HTMLInputElement);
const count = elementOf('count', HTMLElement);
const notice = elementOf('notice', HTMLElement);
const gridElement = elementOf('grid', HTMLElement);
const toolbar = elementOf('toolbar', HTMLElement);
const reviewElement = elementOf('review', HTMLElement);

const texts = new PhotoTexts(strings, document.documentElement.lang);
const thumbnails = new ThumbnailCache(thumbnailLimit, (url) => URL.revokeObjectURL(url));
const grid = new Grid(
  gridElement,
  { strings, texts, thumbnails, edge: ui.tile, anchor: ui.anchor },
  {
    wanted,
    opened: (id) => vscode.postMessage({ type: 'open', id }),
    fetched: (id) => vscode.postMessage({ type: 'fetch', id }),
    moved: (anchor) => keep({ anchor }),
  },
);
const review = new Review(reviewElement, strings, thumbnails, {
  asked: (wish) => vscode.postMessage({ type: 'wantGroup', ...wish }),
  wantedThumbnails: wanted,
  wantedPictures: (ids) => vscode.postMessage({ type: 'wantPictures', ids }),
  decided: (decision, group, id) => vscode.postMessage({ type: 'decide', decision, group, id }),
  undone: () => vscode.postMessage({ type: 'undo' }),
  compared: (group, id) => vscode.postMessage({ type: 'compare', group, id }),
  opened: (id) => vscode.postMessage({ type: 'open', id }),
  moved: (place) => keep({ review: place }),
  left: showAllPhotos,
});

let generation = 0;
/** Order and search of the last question, and of the photos that are shown. */
let asked = '';
let answered = '';
let askedAt = 0;
/** Milliseconds from the last question to the end of its answer. */
let answerTime = 0;
let answering = false;
let timer: number | undefined;
let stopped: string | null = strings.loading;
let shown = 0;
let matches = 0;
let total = 0;
let lastWanted = '';

search.value = ui.query;
sort.value = ui.sort;
tile.value = String(ui.tile);
search.addEventListener('input', () => {
  keep({ query: search.value });
  askIn(typingPause);
});
search.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') gridElement.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
});
sort.addEventListener('change', () => {
  if (isSort(sort.value)) keep({ sort: sort.value });
  askIn(0);
});
tile.addEventListener('input', () => {
  keep({ tile: Number(tile.value) });
  grid.setEdge(ui.tile);
});
window.addEventListener('message', ({ data }: MessageEvent<ToGallery>) => receive(data));
showNotice();
vscode.postMessage({ type: 'ready' });

/** Every message in here comes from the extension: VS Code lets nobody else post into this frame's parent. */
function receive(message: ToGallery): void {
  switch (message.type) {
    case 'photos':
      if (message.generation === generation) showPhotos(message);
      break;
    case 'stale':
      refresh();
      break;
    case 'thumbnails':
      takeThumbnails(message);
      break;
    case 'state':
      stopped = message.message;
      showNotice();
      if (stopped === null) ask();
      else count.textContent = '';
      break;
    case 'search':
      if (message.query !== null) {
        search.value = message.query;
        keep({ query: message.query });
      }
      showAllPhotos();
      break;
    case 'review':
      showReview(message.group);
      break;
    case 'group':
      stopped = null;
      showNotice();
      review.show(message);
      break;
    case 'staleGroups':
      if (ui.review !== null) review.refresh();
      break;
    case 'picture':
      review.takePicture(message);
      break;
  }
}

/** Asks for what is to be shown. */
function ask(): void {
  if (ui.review === null) askIn(0);
  else review.begin(ui.review);
}

function showReview(group: string | null): void {
  keep({ review: { group, place: ui.review?.place ?? 0 } });
  showNotice();
  if (stopped === null) ask();
}

function showAllPhotos(): void {
  if (ui.review !== null) {
    keep({ review: null });
    review.end();
    lastWanted = '';
    showNotice();
    gridElement.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }
  if (stopped === null) askIn(0);
}

function showPhotos(message: Extract<ToGallery, { type: 'photos' }>): void {
  ({ matches, total } = message);
  if (message.offset > 0) grid.appendPhotos(message.photos);
  else if (asked === answered) grid.updatePhotos(message.photos);
  else grid.showPhotos(message.photos);
  answered = asked;
  shown = message.offset + message.photos.length;
  stopped = null;
  if (message.last) {
    answering = false;
    answerTime = performance.now() - askedAt;
    const text = texts.countOf(matches, total, shown);
    // Written only when it is another one: a live region speaks at every change.
    if (count.textContent !== text) count.textContent = text;
  }
  showNotice();
}

function takeThumbnails({ ids, mimes, offsets, data }: Extract<ToGallery, { type: 'thumbnails' }>): void {
  for (const [index, id] of ids.entries()) {
    const start = offsets[index] ?? 0;
    const end = offsets[index + 1] ?? start;
    if (end > start) {
      thumbnails.set(id, URL.createObjectURL(new Blob([data.slice(start, end)], { type: mimes[index] ?? '' })));
    } else {
      thumbnails.setMissing(id);
    }
  }
  if (ui.review === null) grid.showThumbnails(ids);
  else review.showThumbnails(ids);
}

/** The extension forgets what it was asked before, so the same question needs no second asking. */
function wanted(ids: string[]): void {
  const key = ids.join();
  if (key === lastWanted) return;
  lastWanted = key;
  vscode.postMessage({ type: 'want', ids: ids.slice(0, thumbnailLimit) });
}

function refresh(): void {
  thumbnails.forgetMissing();
  lastWanted = '';
  if (ui.review !== null) review.refresh();
  else if (timer === undefined) askIn(Math.max(refreshPause, answerTime * refreshCalm));
}

function askIn(milliseconds: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    timer = undefined;
    generation++;
    askedAt = performance.now();
    answering = true;
    const query = search.value.trim();
    asked = `${ui.sort} ${query}`;
    vscode.postMessage({ type: 'query', generation, query, sort: ui.sort });
  }, milliseconds);
}

function keep(change: Partial<GalleryUiState>): void {
  Object.assign(ui, change);
  vscode.setState(ui);
}

/** Shows the grid, the review, or why there is neither. */
function showNotice(): void {
  const text = noticeText();
  notice.textContent = text ?? '';
  notice.hidden = text === undefined;
  const reviewing = ui.review !== null;
  toolbar.hidden = reviewing;
  gridElement.hidden = reviewing || text !== undefined;
  reviewElement.hidden = !reviewing || text !== undefined;
}

function noticeText(): string | undefined {
  if (stopped !== null) return stopped;
  if (ui.review !== null) return undefined;
  if (shown > 0) return undefined;
  if (answering) return strings.loading;
  return total === 0 ? strings.empty : strings.noMatch;
}

function elementOf<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${id}.`);
  return element;
}
