import type {
  GalleryGroupMessage,
  GalleryPictureMessage,
  GalleryStrings,
  ReviewDecision,
  ReviewGroup,
  ReviewPhoto,
  ReviewPlace,
} from '../../protocol/gallery.ts';
import { clamp } from './layout.ts';
import { Panes } from './panes.ts';
import { columnsFor, zoomStep } from './zoom.ts';
import type { ThumbnailCache } from './thumbnailCache.ts';

/** Width of a photo among its look-alikes, at least. */
const leastWidth = 230;
/** Milliseconds that a group is looked at before its photos are brought whole: who leafs through needs none. */
const pictureDelay = 250;

export interface ReviewEvents {
  /** Asks for a group. */
  asked(wish: ReviewPlace & { generation: number }): void;
  wantedThumbnails(ids: string[]): void;
  wantedPictures(ids: string[]): void;
  decided(decision: ReviewDecision, group: string, id: string): void;
  undone(): void;
  compared(group: string, id: string): void;
  opened(id: string): void;
  /** Another group is shown. */
  moved(place: ReviewPlace): void;
  left(): void;
}

/** Look-alikes, one group at a time: keeper and others side by side, what differs, and what a person decides. */
export class Review {
  readonly #root: HTMLElement;
  readonly #strings: GalleryStrings;
  readonly #events: ReviewEvents;
  readonly #thumbnails: ThumbnailCache;
  readonly #panes = new Panes();
  readonly #position = element('span', 'position');
  readonly #stage = element('div', 'stage');
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #pictures = new Map<string, string>();
  #place: ReviewPlace = { group: null, place: 0 };
  #total = 0;
  #group: ReviewGroup | undefined;
  /** Id of the photo that keys decide about. */
  #chosen: string | undefined;
  #generation = 0;
  /** What is shown, to tell whether an answer says anything new. */
  #shown = '';
  /** Whether a decision is under way: nothing else is decided until its outcome is to be seen. */
  #deciding = false;
  #pictureTimer: number | undefined;

  constructor(root: HTMLElement, strings: GalleryStrings, thumbnails: ThumbnailCache, events: ReviewEvents) {
    this.#root = root;
    this.#strings = strings;
    this.#thumbnails = thumbnails;
    this.#events = events;
    this.#position.role = 'status';
    this.#previous = button(strings.previousGroup, 'P', () => this.#go(-1));
    this.#next = button(strings.nextGroup, 'N', () => this.#go(1));
    const zoom = element('span', 'zoom');
    zoom.append(
      glyphButton('−', strings.zoomOut, () => this.#panes.zoom(1 / zoomStep)),
      button(strings.zoomFit, '0', () => this.#panes.fit()),
      glyphButton('+', strings.zoomIn, () => this.#panes.zoom(zoomStep)),
    );
    const bar = element('div', 'toolbar');
    bar.role = 'toolbar';
    bar.ariaLabel = strings.reviewControls;
    bar.append(
      button(strings.allPhotos, 'Esc', () => events.left()),
      this.#previous,
      this.#next,
      this.#position,
      zoom,
      button(strings.undo, 'Z', () => this.#undo()),
    );
    const help = element('p', 'help');
    help.id = 'review-help';
    help.textContent = strings.reviewHelp;
    root.append(bar, this.#stage, help);
    document.addEventListener('keydown', (event) => this.#onKey(event));
    new ResizeObserver(() => this.#layOut()).observe(this.#stage);
  }

  /** Shows the group at a place, once it is there. */
  begin(place: ReviewPlace): void {
    this.#place = place;
    this.#ask();
  }

  /** Asks again for what is shown: it may have changed. */
  refresh(): void {
    this.#ask();
  }

  /** Shows the answer to the last question; others come too late. */
  show({ generation, place, total, position, group }: GalleryGroupMessage): void {
    if (generation !== this.#generation) return;
    this.#deciding = false;
    this.#total = total;
    this.#place = { group: group?.id ?? null, place };
    this.#events.moved(this.#place);
    // Written only when it is another one: a live region speaks at every change.
    const text = group === null ? '' : position;
    if (this.#position.textContent !== text) this.#position.textContent = text;
    this.#previous.disabled = place === 0;
    this.#next.disabled = place + 1 >= total;
    const shown = JSON.stringify(group);
    if (shown === this.#shown && group !== null) return this.#wantThumbnails(group);
    this.#shown = shown;
    this.#render(group);
  }

  /** Thumbnails have come. */
  showThumbnails(ids: readonly string[]): void {
    for (const id of ids) this.#showPicture(id);
  }

  /** A whole photo has come. */
  takePicture({ id, mime, data }: GalleryPictureMessage): void {
    if (data.byteLength === 0 || this.#photo(id) === undefined || this.#pictures.has(id)) return;
    this.#pictures.set(id, URL.createObjectURL(new Blob([data], { type: mime })));
    this.#showPicture(id);
  }

  /** Nothing is reviewed any more. */
  end(): void {
    this.#generation++;
    this.#shown = '';
    this.#render(null);
    this.#stage.replaceChildren();
  }

  #ask(): void {
    this.#events.asked({ ...this.#place, generation: ++this.#generation });
  }

  #go(by: number): void {
    const place = clamp(this.#place.place + by, 0, Math.max(0, this.#total - 1));
    if (place === this.#place.place) return;
    this.begin({ group: null, place });
  }

  #render(group: ReviewGroup | null): void {
    const other = group?.id !== this.#group?.id;
    // Who has chosen the keeper goes on with the others.
    const newKeeper = group?.photos[0]?.id !== this.#group?.photos[0]?.id;
    // While a person works elsewhere in the window, the focus stays there.
    const hadFocus =
      document.hasFocus() && (this.#stage.contains(document.activeElement) || document.activeElement === document.body);
    this.#group = group ?? undefined;
    this.#root.classList.toggle('nothing', group === null);
    this.#forgetPictures();
    if (other) {
      this.#chosen = undefined;
      this.#panes.fit();
    }
    this.#panes.clear();
    window.clearTimeout(this.#pictureTimer);
    if (group === null) {
      const empty = element('p', 'empty');
      empty.textContent = this.#strings.noGroups;
      this.#stage.replaceChildren(empty);
      return;
    }
    const [keeper, ...others] = group.photos;
    if (this.#photo(this.#chosen) === undefined || (newKeeper && this.#chosen === keeper?.id)) {
      this.#chosen = (others[0] ?? keeper)?.id;
    }
    const box = element('div', 'group');
    box.role = 'group';
    box.dataset['groupId'] = group.id;
    box.ariaLabel = [keeper?.name, group.title, this.#position.textContent].join(', ');
    box.append(...group.photos.map((photo) => this.#figure(photo, photo === keeper)));
    this.#stage.replaceChildren(box);
    if (group.note !== null) {
      const note = element('p', 'note');
      note.textContent = group.note;
      this.#stage.append(note);
    }
    if (other) this.#stage.scrollTop = 0;
    this.#layOut();
    for (const { id } of group.photos) this.#showPicture(id);
    this.#markChosen(hadFocus);
    this.#wantThumbnails(group);
    this.#pictureTimer = window.setTimeout(() => this.#wantPictures(group), pictureDelay);
  }

  #figure(photo: ReviewPhoto, keeper: boolean): HTMLElement {
    const strings = this.#strings;
    const figure = element('figure', photo.available ? 'side' : 'side unavailable');
    figure.dataset['photoId'] = photo.id;
    if (keeper) figure.dataset['keeper'] = 'true';
    figure.tabIndex = 0;
    figure.ariaLabel = [photo.name, photo.reason].join(', ');
    figure.setAttribute('aria-describedby', 'review-help');
    figure.dataset['vscodeContext'] = JSON.stringify({
      webviewSection: 'photo',
      photoId: photo.id,
      photoHere: photo.here,
      groupId: this.#group?.id,
      duplicateRole: keeper ? 'keeper' : 'duplicate',
      preventDefaultContextMenuItems: true,
    });
    figure.addEventListener('focusin', () => this.#choose(photo.id));
    figure.addEventListener('pointerdown', () => this.#choose(photo.id));
    const pane = element('div', 'pane');
    pane.dataset['ending'] = /\.([^.]{1,5})$/.exec(photo.name)?.[1]?.toUpperCase() ?? '';
    pane.addEventListener('dblclick', () => this.#events.opened(photo.id));
    this.#panes.add(photo.id, pane, photo);
    const caption = element('figcaption', 'about');
    const name = element('div', 'name');
    name.textContent = photo.name;
    name.title = photo.name;
    const reason = element('div', 'reason');
    reason.textContent = photo.reason;
    caption.append(name, reason, this.#facts(photo));
    if (!photo.available) {
      const badge = element('div', 'badge');
      badge.textContent = strings.offline;
      badge.title = strings.unavailable;
      pane.append(badge);
    }
    if (keeper) {
      const badge = element('span', 'badge keeper');
      badge.textContent = `★ ${strings.keeper}`;
      pane.append(badge);
    } else {
      const actions = element('div', 'actions');
      actions.append(
        button(strings.keepThis, 'K', () => this.#decide('keep', photo.id)),
        button(strings.notDuplicate, 'D', () => this.#decide('distinct', photo.id)),
        button(strings.compare, 'C', () => this.#compare(photo.id)),
      );
      caption.append(actions);
    }
    figure.append(pane, caption);
    return figure;
  }

  #facts(photo: ReviewPhoto): HTMLElement {
    const list = element('dl', 'facts');
    for (const { label, text, differs } of photo.facts) {
      const row = element('div', differs ? 'fact differs' : 'fact');
      const term = element('dt', '');
      term.textContent = label;
      const value = element('dd', '');
      value.textContent = text;
      value.title = text;
      if (differs) {
        row.title = this.#strings.differs;
        const hidden = element('span', 'hidden-text');
        hidden.textContent = ` (${this.#strings.differs})`;
        value.append(hidden);
      }
      row.append(term, value);
      list.append(row);
    }
    return list;
  }

  #layOut(): void {
    const count = this.#group?.photos.length ?? 1;
    this.#stage.style.setProperty('--columns', String(columnsFor(count, this.#stage.clientWidth, leastWidth)));
    this.#panes.place();
  }

  #showPicture(id: string): void {
    if (this.#photo(id) === undefined) return;
    const url = this.#pictures.get(id) ?? this.#thumbnails.get(id);
    this.#panes.show(id, url, this.#thumbnails.isMissing(id));
  }

  #forgetPictures(): void {
    for (const [id, url] of this.#pictures) {
      if (this.#photo(id) !== undefined) continue;
      URL.revokeObjectURL(url);
      this.#pictures.delete(id);
    }
  }

  #wantThumbnails({ photos }: ReviewGroup): void {
    const missing = photos.map(({ id }) => id).filter((id) => !this.#thumbnails.isSettled(id));
    if (missing.length > 0) this.#events.wantedThumbnails(missing);
  }

  #wantPictures({ photos }: ReviewGroup): void {
    this.#events.wantedPictures(
      photos.filter(({ id, viewable }) => viewable && !this.#pictures.has(id)).map(({ id }) => id),
    );
  }

  #photo(id: string | undefined): ReviewPhoto | undefined {
    return this.#group?.photos.find((photo) => photo.id === id);
  }

  #choose(id: string | undefined): void {
    if (id === undefined || id === this.#chosen) return;
    this.#chosen = id;
    this.#markChosen(false);
  }

  #markChosen(focus: boolean): void {
    for (const figure of this.#stage.querySelectorAll<HTMLElement>('.side')) {
      const chosen = figure.dataset['photoId'] === this.#chosen;
      figure.classList.toggle('chosen', chosen);
      if (chosen && focus) figure.focus({ preventScroll: true });
    }
  }

  #decide(decision: ReviewDecision, id: string | undefined): void {
    const group = this.#group;
    if (group === undefined || id === undefined || this.#deciding || id === group.photos[0]?.id) return;
    this.#deciding = true;
    this.#events.decided(decision, group.id, id);
  }

  #undo(): void {
    if (this.#deciding) return;
    this.#deciding = true;
    this.#events.undone();
  }

  #compare(id: string | undefined): void {
    const group = this.#group;
    if (group === undefined || id === undefined) return;
    // Of two photos, the one that is compared with the keeper is the other one, whichever has the focus.
    const [keeper, second] = group.photos;
    const other = id === keeper?.id ? second?.id : id;
    if (other !== undefined) this.#events.compared(group.id, other);
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#root.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#act(event)) return;
    event.preventDefault();
  }

  /** What a key does; false for one that means nothing here. */
  #act({ key, repeat, target }: KeyboardEvent): boolean {
    const arrow = arrows[key];
    if (arrow !== undefined) return this.#onArrow(...arrow);
    if (/^[1-9]$/.test(key)) {
      this.#choose(this.#group?.photos[Number(key) - 1]?.id);
      this.#markChosen(true);
      return true;
    }
    if (key === '+' || key === '=' || key === '-') {
      this.#panes.zoom(key === '-' ? 1 / zoomStep : zoomStep);
      return true;
    }
    // A key that is held down must not decide one group after the other.
    if (repeat && key.length === 1 && !/^[np]$/i.test(key)) return false;
    switch (key.toLowerCase()) {
      case '0':
        this.#panes.fit();
        return true;
      case 'k':
        this.#decide('keep', this.#chosen);
        return true;
      case 'd':
        this.#decide('distinct', this.#chosen);
        return true;
      case 'n':
        this.#go(1);
        return true;
      case 'p':
        this.#go(-1);
        return true;
      case 'z':
        this.#undo();
        return true;
      case 'c':
        this.#compare(this.#chosen);
        return true;
      case 'escape':
        this.#events.left();
        return true;
      case 'enter':
        // On a button it presses the button.
        if (!(target instanceof HTMLElement) || !target.classList.contains('side') || this.#chosen === undefined) {
          return false;
        }
        this.#events.opened(this.#chosen);
        return true;
      default:
        return false;
    }
  }

  /** Moves the pictures while they are zoomed; else to the group before or after. */
  #onArrow(right: number, down: number): boolean {
    if (this.#panes.isZoomed) this.#panes.pan(right, down);
    else if (right !== 0) this.#go(right);
    else return false;
    return true;
  }
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function element<K extends keyof HTMLElementTagNameMap>(tag: K, className: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  return made;
}

/** A button with the key that does the same. */
function button(text: string, key: string, act: () => void): HTMLButtonElement {
  const made = element('button', '');
  made.type = 'button';
  made.textContent = text;
  made.setAttribute('aria-keyshortcuts', key === 'Esc' ? 'Escape' : key);
  const hint = element('kbd', '');
  hint.textContent = key;
  hint.ariaHidden = 'true';
  made.append(hint);
  made.addEventListener('click', act);
  return made;
}

/** A button that shows its key only. */
function glyphButton(glyph: string, name: string, act: () => void): HTMLButtonElement {
  const made = element('button', 'glyph');
  made.type = 'button';
  made.textContent = glyph;
  made.ariaLabel = name;
  made.title = name;
  made.addEventListener('click', act);
  return made;
}
