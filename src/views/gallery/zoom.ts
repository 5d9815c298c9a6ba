import { clamp } from './layout.ts';

/**
 * Arithmetic of pictures side by side that are zoomed and moved together. What is looked at is said in parts of the picture,
 * not in pixels: so two pictures of different size show the same. All other lengths are CSS pixels.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What all panes show: 1 is the whole picture; the point (x, y) of the picture, from 0 to 1, is in the middle. */
export interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export const wholePicture: View = { zoom: 1, x: 0.5, y: 0.5 };

/** By how much one press of a key or button zooms. */
export const zoomStep = 1.5;
/** What part of a pane one press of an arrow moves a picture by. */
export const panStep = 0.15;
/** Edge of a pixel of the largest picture at the greatest zoom. */
const largestPixel = 4;
const leastMostZoom = 8;

/** Where a picture stands in its pane. */
export interface Placement extends Size {
  readonly left: number;
  readonly top: number;
}

/** Size of a picture at zoom 1: the largest that fits into its pane. A picture of unknown size fills it. */
export function fitted(picture: Size, pane: Size): Size {
  if (picture.width <= 0 || picture.height <= 0) return pane;
  const scale = Math.min(pane.width / picture.width, pane.height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

/** Where a picture stands so that it shows the view: never further off than its own edge allows. */
export function placement(view: View, picture: Size, pane: Size): Placement {
  const { width, height } = scaled(view, picture, pane);
  const { x, y } = within(view, picture, pane);
  return { width, height, left: pane.width / 2 - x * width, top: pane.height / 2 - y * height };
}

/**
 * Zooms by `factor`; the point of the picture below `anchor` stays there.
 * @param anchor place in the pane
 * @param most greatest zoom
 */
export function zoomAt(
  view: View,
  factor: number,
  anchor: { readonly left: number; readonly top: number },
  picture: Size,
  pane: Size,
  most: number,
): View {
  const from = placement(view, picture, pane);
  const zoom = clamp(view.zoom * factor, 1, most);
  const to = scaled({ ...view, zoom }, picture, pane);
  const at = { x: (anchor.left - from.left) / from.width, y: (anchor.top - from.top) / from.height };
  return within(
    {
      zoom,
      x: at.x + (pane.width / 2 - anchor.left) / to.width,
      y: at.y + (pane.height / 2 - anchor.top) / to.height,
    },
    picture,
    pane,
  );
}

/** Moves the picture right and down. */
export function panBy(view: View, right: number, down: number, picture: Size, pane: Size): View {
  const { width, height } = scaled(view, picture, pane);
  const { zoom, x, y } = within(view, picture, pane);
  return within({ zoom, x: x - right / width, y: y - down / height }, picture, pane);
}

/** The zoom at which pixels of the largest picture can be told apart. */
export function mostZoom(pictures: readonly Size[], pane: Size): number {
  const pixels = pictures.map((picture) => {
    const { width } = fitted(picture, pane);
    return width > 0 ? (picture.width / width) * largestPixel : 0;
  });
  return Math.max(leastMostZoom, ...pixels);
}

/** Columns in which some pictures are shown: as many as there is room for, and rows as full as can be. */
export function columnsFor(count: number, width: number, leastWidth: number): number {
  const most = clamp(Math.floor(width / leastWidth), 1, Math.max(1, count));
  return Math.ceil(count / Math.ceil(count / most)) || 1;
}

function scaled({ zoom }: View, picture: Size, pane: Size): Size {
  const { width, height } = fitted(picture, pane);
  return { width: Math.max(1, width * zoom), height: Math.max(1, height * zoom) };
}

/** The view, moved so that the pane is as full as it can be. */
function within(view: View, picture: Size, pane: Size): View {
  const { width, height } = scaled(view, picture, pane);
  const side = (at: number, length: number, room: number): number => {
    const half = room / 2 / length;
    return half >= 0.5 ? 0.5 : clamp(at, half, 1 - half);
  };
  return { zoom: view.zoom, x: side(view.x, width, pane.width), y: side(view.y, height, pane.height) };
}
