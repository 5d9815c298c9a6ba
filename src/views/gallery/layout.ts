/** Arithmetic of a grid of tiles of one fixed size: nothing is measured, so the place of any photo is known at once. All in CSS pixels. */

/** Space between tiles, and around the grid. */
export const gap = 8;
/** Height of the line below a picture. */
export const captionHeight = 22;

export interface GridShape {
  readonly columns: number;
  readonly rows: number;
  /** Width of a tile: the wanted edge, stretched so that the row is full. */
  readonly tileWidth: number;
  readonly rowHeight: number;
  /** Height of everything. */
  readonly height: number;
}

/**
 * @param count photos
 * @param width inner width of the scroller
 * @param edge wanted edge of a picture
 */
export function shapeOf(count: number, width: number, edge: number): GridShape {
  const room = Math.max(0, width - gap);
  const columns = Math.max(1, Math.floor(room / (edge + gap)));
  const tileWidth = Math.max(1, Math.floor(room / columns) - gap);
  const rows = Math.ceil(count / columns);
  const rowHeight = edge + captionHeight + gap;
  return { columns, rows, tileWidth, rowHeight, height: rows * rowHeight + gap };
}

/** First and last (exclusive) of some rows. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

/** The rows that are to be seen, and `margin` rows before and after them. */
export function rowsInView(shape: GridShape, scrollTop: number, viewHeight: number, margin: number): RowRange {
  const first = Math.floor((scrollTop - gap) / shape.rowHeight) - margin;
  const end = Math.ceil((scrollTop + viewHeight) / shape.rowHeight) + margin;
  return { first: clamp(first, 0, shape.rows), end: clamp(end, 0, shape.rows) };
}

/** Where a row begins. */
export function topOfRow(shape: GridShape, row: number): number {
  return gap + row * shape.rowHeight;
}

/** The scroll position at which a row is in view whole, as near to `scrollTop` as can be. */
export function scrollToShow(shape: GridShape, row: number, scrollTop: number, viewHeight: number): number {
  const top = topOfRow(shape, row) - gap;
  const bottom = top + shape.rowHeight + gap;
  if (top < scrollTop || bottom - top > viewHeight) return top;
  return bottom > scrollTop + viewHeight ? bottom - viewHeight : scrollTop;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
