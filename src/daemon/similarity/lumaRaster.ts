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
  const luma = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += channels) {
    luma[pixel] =
      channels === 2
        ? (data[at] ?? 0)
        : (77 * (data[at] ?? 0) + 150 * (data[at + 1] ?? 0) + 29 * (data[at + 2] ?? 0) + 128) >> 8;
  }
  if (channels !== 3) layOnWhite(luma, data, channels);
  return { width, height, data: luma };
}

/** The last channel is the opacity. */
function layOnWhite(luma: Uint8Array, data: Uint8Array, channels: number): void {
  for (let pixel = 0, at = channels - 1; pixel < luma.length; pixel++, at += channels) {
    const opacity = data[at] ?? 0;
    if (opacity < 255) luma[pixel] = Math.round(((luma[pixel] ?? 0) * opacity + 255 * (255 - opacity)) / 255);
  }
}

/** Fewer pixels than this in a direction would show as steps in the cells. */
const enoughPixels = 2 * lumaSide;

/**
 * Means of the cells of a grid of {@link lumaSide} x {@link lumaSide} over an area, whatever its shape; of pixels on the edge
 * of a cell their part, and of small pictures the values in between. Whole numbers all the way: the same on every machine.
 */
export function squareLuma(plane: LumaPlane, area: Area): Uint8Array {
  const columns = area.right - area.left;
  const rows = area.bottom - area.top;
  if (Math.min(columns, rows) < enoughPixels) {
    const across = Math.ceil(enoughPixels / columns);
    const down = Math.ceil(enoughPixels / rows);
    const larger = enlarged(plane, area, across, down);
    return meanLuma(larger, { left: 0, top: 0, right: larger.width, bottom: larger.height });
  }
  return meanLuma(plane, area);
}

/** An area so many times as wide and as high, with linear interpolation. */
function enlarged({ width, data }: LumaPlane, area: Area, across: number, down: number): LumaPlane {
  const columns = area.right - area.left;
  const rows = area.bottom - area.top;
  const result = { width: columns * across, height: rows * down, data: new Uint8Array(columns * across * rows * down) };
  const whole = 4 * across * down;
  for (let y = 0; y < result.height; y++) {
    const vertical = between(y, down, rows);
    const upper = (area.top + vertical.first) * width + area.left;
    const lower = (area.top + vertical.second) * width + area.left;
    for (let x = 0; x < result.width; x++) {
      const { first, second, part } = between(x, across, columns);
      const above = (data[upper + first] ?? 0) * (2 * across - part) + (data[upper + second] ?? 0) * part;
      const below = (data[lower + first] ?? 0) * (2 * across - part) + (data[lower + second] ?? 0) * part;
      const sum = above * (2 * down - vertical.part) + below * vertical.part;
      result.data[y * result.width + x] = Math.round(sum / whole);
    }
  }
  return result;
}

/** Between which pixels of a line one of the enlarged line is, and how far from the first: in parts of 2 * factor. */
function between(at: number, factor: number, length: number): { first: number; second: number; part: number } {
  const place = 2 * at + 1 - factor;
  const first = Math.floor(place / (2 * factor));
  return {
    first: Math.max(0, first),
    second: Math.min(length - 1, first + 1),
    part: place - 2 * factor * first,
  };
}

function meanLuma(plane: LumaPlane, area: Area): Uint8Array {
  const columns = area.right - area.left;
  const rows = area.bottom - area.top;
  const luma = new Uint8Array(lumaBytes);
  const sums = new Int32Array(columns);
  for (let cell = 0; cell < lumaSide; cell++) {
    sumRows(plane, area, cell, sums);
    meanCells(sums, columns * rows, luma, cell * lumaSide);
  }
  return luma;
}

/** Sums of each column over a row of cells. In units of 1/64 of a pixel, a cell is as high as the area has rows. */
function sumRows({ width, data }: LumaPlane, { left, top, bottom }: Area, cell: number, sums: Int32Array): void {
  const rows = bottom - top;
  const start = cell * rows;
  const end = start + rows;
  sums.fill(0);
  for (let row = Math.floor(start / lumaSide); row * lumaSide < end; row++) {
    const part = Math.min(end, (row + 1) * lumaSide) - Math.max(start, row * lumaSide);
    const from = (top + row) * width + left;
    for (let column = 0; column < sums.length; column++) {
      sums[column] = (sums[column] ?? 0) + part * (data[from + column] ?? 0);
    }
  }
}

/** The same along the sums, and what that is for a pixel. */
function meanCells(sums: Int32Array, pixels: number, luma: Uint8Array, to: number): void {
  let column = 0;
  let sum = 0;
  let before = 0;
  for (let cell = 0; cell < lumaSide; cell++) {
    const edge = (cell + 1) * sums.length;
    const whole = Math.floor(edge / lumaSide);
    for (; column < whole; column++) sum += sums[column] ?? 0;
    const rest = edge % lumaSide;
    const value = sum * lumaSide + (rest > 0 ? rest * (sums[whole] ?? 0) : 0);
    luma[to + cell] = Math.round((value - before) / pixels);
    before = value;
  }
}
