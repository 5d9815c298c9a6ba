import type { GalleryPhoto, GalleryStrings } from '../../protocol/gallery.ts';
import type { GridShape } from './layout.ts';
import { clamp, gap, rowsInView, scrollToShow, shapeOf, topOfRow } from './layout.ts';
import { moveBy } from './navigation.ts';
import type { PhotoTexts } from './text.ts';
import type { ThumbnailCache } from './thumbnailCache.ts';

/** Rows kept ready before and after those that are to be seen. */
const marginRows = 2;

export interface GridEvents {
  /** Thumbnails that are missing in what is shown: those in view first. */
  wanted(ids: string[]): void;
  opened(id: string): void;
  fetched(id: string): void;
  /** Another photo has the focus. */
  moved(id: string): void;
}

/**
 * The grid of photos. Only the rows in view have elements (and the row with the focus, so that it is never lost); each row
 * stands where arithmetic says, moved by a transform. One tile is in the tab order, the arrows go from there.
 */
export class Grid {
  readonly #scroller: HTMLElement;
  readonly #content: HTMLElement;
  readonly #strings: GalleryStrings;
  readonly #texts: PhotoTexts;
  readonly #thumbnails: ThumbnailCache;
  readonly #events: GridEvents;
  readonly #rows = new Map<number, HTMLElement>();
  #photos: readonly GalleryPhoto[] = [];
  #shape: GridShape = shapeOf(0, 0, 1);
  #edge: number;
  /** Place of the photo in the tab order. */
  #active = 0;
  /** Its id: the photo keeps the focus when the photos before it change. */
  #anchor: string | null;
  #frame: number | undefined;

  constructor(
    scroller: HTMLElement,
    options: {
      strings: GalleryStrings;
      texts: PhotoTexts;
      thumbnails: ThumbnailCache;
      edge: number;
      anchor: string | null;
    },
    events: GridEvents,
  ) {
    this.#scroller = scroller;
    this.#strings = options.strings;
    this.#texts = options.texts;
    this.#thumbnails = options.thumbnails;
    this.#edge = options.edge;
    this.#anchor = options.anchor;
    this.#events = events;
    this.#content = document.createElement('div');
    this.#content.className = 'content';
    this.#content.role = 'presentation';
    scroller.append(this.#content);
    scroller.addEventListener('scroll', () => this.#renderSoon(), { passive: true });
    scroller.addEventListener('keydown', (event) => this.#onKey(event));
    scroller.addEventListener('click', (event) => this.#onClick(event));
    scroller.addEventListener('dblclick', (event) => this.#onDoubleClick(event));
    scroller.addEventListener('focusin', (event) => this.#onFocus(event));
    new ResizeObserver(() => this.#onResize()).observe(scroller);
  }

  /** Shows what has become of the photos: the one at the top of the view stays there if it is still among them. */
  updatePhotos(photos: readonly GalleryPhoto[]): void {
    const kept = this.#photoAtTop();
    this.#replace(photos, this.#active, () => this.#restoreTop(kept));
  }

  /** Shows other photos, from the first on; from the one that had the focus where that is among them. */
  showPhotos(photos: readonly GalleryPhoto[]): void {
    this.#replace(photos, 0, () => {
      this.#scroller.scrollTop = scrollToShow(this.#shape, this.#rowOf(this.#active), 0, this.#viewHeight);
    });
  }

  #replace(photos: readonly GalleryPhoto[], otherwise: number, scroll: () => void): void {
    const hadFocus = this.#content.contains(document.activeElement);
    this.#photos = photos;
    this.#active = clamp(this.#placeOf(this.#anchor) ?? otherwise, 0, Math.max(0, photos.length - 1));
    this.#reshape();
    scroll();
    this.#renderAnew();
    if (hadFocus) this.#focusActive();
  }

  /** More photos after those that are shown. */
  appendPhotos(photos: readonly GalleryPhoto[]): void {
    const searching = this.#anchor !== null && this.#photos[this.#active]?.id !== this.#anchor;
    this.#photos = [...this.#photos, ...photos];
    const anchored = searching ? this.#placeOf(this.#anchor) : undefined;
    if (anchored !== undefined) this.#active = anchored;
    this.#reshape();
    this.#renderSoon();
  }

  /** Edge of the pictures, CSS pixels. */
  setEdge(edge: number): void {
    const kept = this.#photoAtTop();
    this.#edge = edge;
    this.#reshape();
    this.#restoreTop(kept);
    this.#renderAnew();
  }

  /** Thumbnails have come: puts them where they belong. */
  showThumbnails(ids: readonly string[]): void {
    for (const id of ids) {
      const cell = this.#content.querySelector<HTMLElement>(`[data-photo-id="${CSS.escape(id)}"]`);
      if (cell !== null) this.#showThumbnail(cell, id);
    }
  }

  /** Asks again for what is missing in the view. */
  requestThumbnails(): void {
    this.#want();
  }

  /** The first photo whose row is in view, and how far its row is above the edge. */
  #photoAtTop(): { id: string; offset: number } | undefined {
    const row = rowsInView(this.#shape, this.#scroller.scrollTop, 0, 0).first;
    const photo = this.#photos[row * this.#shape.columns];
    if (photo === undefined || this.#scroller.scrollTop < gap) return undefined;
    return { id: photo.id, offset: this.#scroller.scrollTop - topOfRow(this.#shape, row) };
  }

  #restoreTop(kept: { id: string; offset: number } | undefined): void {
    const place = kept === undefined ? undefined : this.#placeOf(kept.id);
    if (kept !== undefined && place !== undefined) {
      this.#scroller.scrollTop = topOfRow(this.#shape, this.#rowOf(place)) + kept.offset;
    }
  }

  #placeOf(id: string | null): number | undefined {
    if (id === null) return undefined;
    const place = this.#photos.findIndex((photo) => photo.id === id);
    return place === -1 ? undefined : place;
  }

  #rowOf(place: number): number {
    return Math.floor(place / this.#shape.columns);
  }

  get #viewHeight(): number {
    return this.#scroller.clientHeight;
  }

  #onResize(): void {
    const kept = this.#photoAtTop();
    this.#reshape();
    this.#restoreTop(kept);
    this.#renderAnew();
  }

  #reshape(): void {
    this.#shape = shapeOf(this.#photos.length, this.#scroller.clientWidth, this.#edge);
    this.#content.style.height = `${this.#shape.height}px`;
    this.#scroller.style.setProperty('--tile-width', `${this.#shape.tileWidth}px`);
    this.#scroller.style.setProperty('--picture-height', `${this.#edge}px`);
    this.#scroller.setAttribute('aria-rowcount', String(this.#shape.rows));
    this.#scroller.setAttribute('aria-colcount', String(this.#shape.columns));
  }

  #renderSoon(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#render();
    });
  }

  /** The elements of all rows are out of date. */
  #renderAnew(): void {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#render();
  }

  #render(): void {
    const range = rowsInView(this.#shape, this.#scroller.scrollTop, this.#viewHeight, marginRows);
    const activeRow = this.#rowOf(this.#active);
    for (const [index, row] of this.#rows) {
      if ((index < range.first || index >= range.end) && index !== activeRow) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    for (let index = range.first; index < range.end; index++) this.#ensureRow(index);
    if (activeRow < this.#shape.rows) this.#ensureRow(activeRow);
    this.#want();
  }

  #ensureRow(index: number): void {
    const start = index * this.#shape.columns;
    const count = Math.min(this.#shape.columns, this.#photos.length - start);
    const present = this.#rows.get(index);
    // The last row of a page grows when the next page comes.
    if (present?.childElementCount === count) return;
    present?.remove();
    const row = document.createElement('div');
    row.className = 'row';
    row.role = 'row';
    row.ariaRowIndex = String(index + 1);
    row.style.transform = `translateY(${topOfRow(this.#shape, index)}px)`;
    for (let column = 0; column < count; column++) {
      const photo = this.#photos[start + column];
      if (photo !== undefined) row.append(this.#cell(photo, start + column, column));
    }
    this.#rows.set(index, row);
    this.#place(row, index);
  }

  /** Rows follow each other in the document as they do on the screen: screen readers go by the document. */
  #place(row: HTMLElement, index: number): void {
    let next: HTMLElement | null = null;
    let nearest = Number.POSITIVE_INFINITY;
    for (const [other, element] of this.#rows) {
      if (other > index && other < nearest) {
        nearest = other;
        next = element;
      }
    }
    this.#content.insertBefore(row, next);
  }

  #cell(photo: GalleryPhoto, place: number, column: number): HTMLElement {
    const cell = document.createElement('div');
    cell.className = photo.available ? 'tile' : 'tile unavailable';
    cell.role = 'gridcell';
    cell.tabIndex = place === this.#active ? 0 : -1;
    cell.ariaColIndex = String(column + 1);
    const name = this.#texts.nameOf(photo);
    cell.ariaLabel = name;
    cell.title = name;
    cell.dataset['photoId'] = photo.id;
    cell.dataset['place'] = String(place);
    cell.dataset['vscodeContext'] = JSON.stringify({
      webviewSection: 'photo',
      photoId: photo.id,
      photoHere: photo.here,
      preventDefaultContextMenuItems: true,
    });
    const picture = document.createElement('div');
    picture.className = 'picture';
    picture.dataset['ending'] = /\.([^.]{1,5})$/.exec(photo.name)?.[1]?.toUpperCase() ?? '';
    const caption = document.createElement('div');
    caption.className = 'caption';
    caption.textContent = photo.name;
    cell.append(picture, caption);
    if (!photo.available) {
      cell.setAttribute('aria-describedby', 'unavailable');
      const badge = document.createElement('div');
      badge.className = 'badge';
      badge.ariaHidden = 'true';
      badge.textContent = this.#strings.offline;
      picture.append(badge);
    }
    this.#showThumbnail(cell, photo.id);
    return cell;
  }

  #showThumbnail(cell: HTMLElement, id: string): void {
    const picture = cell.querySelector('.picture');
    const url = this.#thumbnails.get(id);
    picture?.classList.toggle('missing', this.#thumbnails.isMissing(id));
    if (picture === null || url === undefined) return;
    const image = picture.querySelector('img') ?? document.createElement('img');
    image.alt = '';
    image.decoding = 'async';
    image.draggable = false;
    image.src = url;
    if (!image.isConnected) picture.prepend(image);
  }

  #want(): void {
    const seen = rowsInView(this.#shape, this.#scroller.scrollTop, this.#viewHeight, 0);
    const near = rowsInView(this.#shape, this.#scroller.scrollTop, this.#viewHeight, marginRows);
    const ids: string[] = [];
    const add = (first: number, end: number): void => {
      for (const photo of this.#photos.slice(first * this.#shape.columns, end * this.#shape.columns)) {
        if (!this.#thumbnails.isSettled(photo.id)) ids.push(photo.id);
      }
    };
    add(seen.first, seen.end);
    add(seen.end, near.end);
    add(near.first, seen.first);
    this.#events.wanted(ids);
  }

  #onKey(event: KeyboardEvent): void {
    const photo = this.#photos[this.#active];
    if (photo === undefined || event.altKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) this.#events.fetched(photo.id);
      else this.#events.opened(photo.id);
      return;
    }
    const pageRows = Math.max(1, Math.floor(this.#viewHeight / this.#shape.rowHeight));
    const to = moveBy(event, this.#active, this.#photos.length, this.#shape.columns, pageRows);
    if (to === undefined) return;
    event.preventDefault();
    this.#moveTo(to);
  }

  #moveTo(place: number): void {
    this.#activate(place);
    this.#scroller.scrollTop = scrollToShow(
      this.#shape,
      this.#rowOf(place),
      this.#scroller.scrollTop,
      this.#viewHeight,
    );
    this.#render();
    this.#focusActive();
  }

  #activate(place: number): void {
    this.#cellAt(this.#active)?.setAttribute('tabindex', '-1');
    this.#active = place;
    this.#cellAt(place)?.setAttribute('tabindex', '0');
    const photo = this.#photos[place];
    if (photo === undefined || photo.id === this.#anchor) return;
    this.#anchor = photo.id;
    this.#events.moved(photo.id);
  }

  #focusActive(): void {
    this.#cellAt(this.#active)?.focus({ preventScroll: true });
  }

  #cellAt(place: number): HTMLElement | undefined {
    const cell = this.#rows.get(this.#rowOf(place))?.children[place % this.#shape.columns];
    return cell instanceof HTMLElement ? cell : undefined;
  }

  #placeUnder(event: Event): number | undefined {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-place]') : null;
    return cell?.dataset['place'] === undefined ? undefined : Number(cell.dataset['place']);
  }

  #onFocus(event: FocusEvent): void {
    const place = this.#placeUnder(event);
    if (place !== undefined) this.#activate(place);
  }

  #onClick(event: MouseEvent): void {
    const place = this.#placeUnder(event);
    if (place === undefined) return;
    this.#activate(place);
    this.#focusActive();
  }

  #onDoubleClick(event: MouseEvent): void {
    const place = this.#placeUnder(event);
    const photo = place === undefined ? undefined : this.#photos[place];
    if (photo !== undefined) this.#events.opened(photo.id);
  }
}
