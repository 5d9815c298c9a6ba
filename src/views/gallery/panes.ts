import type { Size, View } from './zoom.ts';
import { mostZoom, panBy, panStep, placement, wholePicture, zoomAt } from './zoom.ts';

/** How much a picture is zoomed by one CSS pixel of the wheel; by two fingers on a touchpad, which count far less. */
const wheelZoom = 0.002;
const pinchZoom = 0.01;

interface Pane {
  readonly element: HTMLElement;
  readonly picture: Size;
  image: HTMLImageElement | undefined;
}

/** Pictures side by side that show the same part at the same scale: what is done to one is done to all. */
export class Panes {
  readonly #panes = new Map<string, Pane>();
  #view: View = wholePicture;

  get isZoomed(): boolean {
    return this.#view.zoom > 1;
  }

  /** @param picture size of the picture in pixels, 0 when it is not known */
  add(id: string, element: HTMLElement, picture: Size): void {
    const pane: Pane = { element, picture, image: undefined };
    this.#panes.set(id, pane);
    element.addEventListener('wheel', (event) => this.#onWheel(pane, event), { passive: false });
    element.addEventListener('pointerdown', (event) => this.#onPointerDown(pane, event));
  }

  clear(): void {
    this.#panes.clear();
  }

  /** @param url address of the picture; undefined while there is none */
  show(id: string, url: string | undefined, missing: boolean): void {
    const pane = this.#panes.get(id);
    if (pane === undefined) return;
    pane.element.classList.toggle('missing', url === undefined && missing);
    if (url === undefined || pane.image?.src === url) return;
    if (pane.image === undefined) {
      pane.image = document.createElement('img');
      pane.image.alt = '';
      pane.image.draggable = false;
      pane.image.decoding = 'async';
      pane.element.prepend(pane.image);
    }
    pane.image.src = url;
    this.#placeOne(pane);
  }

  /** The whole of each picture. */
  fit(): void {
    this.#look(wholePicture);
  }

  /** Zooms by `factor` into the middle of what is shown. */
  zoom(factor: number): void {
    const [pane] = this.#panes.values();
    if (pane === undefined) return;
    const { width, height } = sizeOf(pane.element);
    this.#zoomAt(pane, factor, { left: width / 2, top: height / 2 });
  }

  /** Moves what is looked at by steps to the right and down. */
  pan(right: number, down: number): void {
    const [pane] = this.#panes.values();
    if (pane === undefined) return;
    const room = sizeOf(pane.element);
    this.#look(panBy(this.#view, -right * panStep * room.width, -down * panStep * room.height, pane.picture, room));
  }

  /** The panes have another size. */
  place(): void {
    for (const pane of this.#panes.values()) this.#placeOne(pane);
  }

  #look(view: View): void {
    this.#view = view;
    this.place();
  }

  #placeOne({ element, picture, image }: Pane): void {
    element.classList.toggle('zoomed', this.isZoomed);
    if (image === undefined) return;
    const { left, top, width, height } = placement(this.#view, picture, sizeOf(element));
    image.style.left = `${left}px`;
    image.style.top = `${top}px`;
    image.style.width = `${width}px`;
    image.style.height = `${height}px`;
  }

  #zoomAt(pane: Pane, factor: number, anchor: { left: number; top: number }): void {
    const room = sizeOf(pane.element);
    const pictures = [...this.#panes.values()].map(({ picture }) => picture);
    this.#look(zoomAt(this.#view, factor, anchor, pane.picture, room, mostZoom(pictures, room)));
  }

  #onWheel(pane: Pane, event: WheelEvent): void {
    event.preventDefault();
    const { left, top } = pane.element.getBoundingClientRect();
    // Some mice count in lines.
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 20;
    this.#zoomAt(pane, Math.exp(-pixels * (event.ctrlKey ? pinchZoom : wheelZoom)), {
      left: event.clientX - left,
      top: event.clientY - top,
    });
  }

  #onPointerDown(pane: Pane, event: PointerEvent): void {
    if (event.button !== 0 || !this.isZoomed) return;
    let { clientX, clientY } = event;
    const { element } = pane;
    element.setPointerCapture(event.pointerId);
    element.classList.add('moving');
    const move = (now: PointerEvent): void => {
      this.#look(panBy(this.#view, now.clientX - clientX, now.clientY - clientY, pane.picture, sizeOf(element)));
      ({ clientX, clientY } = now);
    };
    const end = (): void => {
      element.classList.remove('moving');
      element.removeEventListener('pointermove', move);
      element.removeEventListener('lostpointercapture', end);
    };
    element.addEventListener('pointermove', move);
    element.addEventListener('lostpointercapture', end);
  }
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement): Size {
  return { width: clientWidth, height: clientHeight };
}
