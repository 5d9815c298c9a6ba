import { lumaBytes, lumaSide } from '../../protocol/features.ts';
import type { Raster } from './types.ts';

/** Brightness of pixels, a byte each, row by row. */
export interface LumaPlane {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A part of a plane, in whole pixels; right and bottom are not in it. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Luma after Rec. 601 of every pixel; what is transparent lies on white. */
export function lumaPlane({ width, height, channels, data }: Raster): LumaPlane {
  if (channels === 1) return { width, height, data };
  const pixels = width * height;
  const luma = new Uint8Array(pixels);
  const coloured = channels >= 3;
  const transparent = channels === 2 || channels === 4;
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += channels) {
    const first = data[at] ?? 0;
    let value = coloured ? (77 * first + 150 * (data[at + 1] ?? 0) + 29 * (data[at + 2] ?? 0) + 128) >> 8 : first;
    if (transparent) {
      const opacity = data[at + channels - 1] ?? 0;
      if (opacity < 255) value = Math.round((value * opacity + 255 * (255 - opacity)) / 255);
    }
    luma[pixel] = value;
  }
  return { width, height, data: luma };
}

/**
 * Means of the cells of a grid of {@link lumaSide} x {@link lumaSide} over an area, whatever its shape; of pixels on the edge
 * of a cell their part. Whole numbers all the way: the same on every machine.
 */
export function squareLuma({ width, data }: LumaPlane, { left, top, right, bottom }: Area): Uint8Array {
  const columns = right - left;
  const rows = bottom - top;
  // In units of 1/64 of a pixel a cell is as wide as the area has columns.
  const sums = new Float64Array(lumaSide);
  const cells = new Float64Array(lumaBytes);
  const prefix = new Float64Array(columns + 1);
  for (let row = 0; row < rows; row++) {
    const start = (top + row) * width + left;
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      sum += data[start + column] ?? 0;
      prefix[column + 1] = sum;
    }
    let before = 0;
    for (let cell = 0; cell < lumaSide; cell++) {
      const edge = (cell + 1) * columns;
      const whole = Math.floor(edge / lumaSide);
      const value = (prefix[whole] ?? 0) * lumaSide + (edge % lumaSide) * (data[start + whole] ?? 0);
      sums[cell] = value - before;
      before = value;
    }
    spreadRow(sums, cells, row, rows);
  }
  return Uint8Array.from(cells, (sum) => Math.round(sum / (columns * rows)));
}

/** Adds a row of sums to the rows of cells that it touches, by how much of it is in each. */
function spreadRow(sums: Float64Array, cells: Float64Array, row: number, rows: number): void {
  const start = row * lumaSide;
  const end = start + lumaSide;
  for (let cell = Math.floor(start / rows); cell * rows < end; cell++) {
    const part = Math.min(end, (cell + 1) * rows) - Math.max(start, cell * rows);
    const to = cell * lumaSide;
    for (let column = 0; column < lumaSide; column++) {
      cells[to + column] = (cells[to + column] ?? 0) + part * (sums[column] ?? 0);
    }
  }
}
