import { dctHashes } from './dctHashes.ts';
import { withoutFrame } from './frame.ts';
import { lumaPlane, squareLuma } from './lumaRaster.ts';
import type { LookAlikeFeatures, Raster } from './types.ts';

/** Standard deviation of the luma, in grey levels: flatter pictures look like each other under every hash. */
const flattest = 6;

/** The most that the channels of a grey pixel differ, after lossy coding. */
const chromaNoise = 12;
/** This part of the pixels of a picture without colour may differ more. */
const colouredPart = 0.002;

/** What a photo is compared with others by: from pixels of any size, best 320 on the longer side. */
export function lookAlikeFeatures(raster: Raster): LookAlikeFeatures {
  const plane = lumaPlane(raster);
  const area = withoutFrame(plane);
  const luma = squareLuma(plane, area);
  const aspect = Math.round((1000 * (area.right - area.left)) / (area.bottom - area.top));
  return {
    aspect: Math.max(1, Math.min(1_000_000, aspect)),
    hashes: deviation(luma) < flattest ? null : dctHashes(luma),
    luma,
    grey: isGrey(raster),
  };
}

function deviation(values: Uint8Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}

function isGrey({ width, height, channels, data }: Raster): boolean {
  if (channels < 3) return true;
  const pixels = width * height;
  const allowed = pixels * colouredPart;
  let coloured = 0;
  for (let pixel = 0, at = 0; pixel < pixels && coloured <= allowed; pixel++, at += channels) {
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    if (Math.abs(red - green) > chromaNoise || Math.abs(green - blue) > chromaNoise) {
      if (channels === 3 || (data[at + 3] ?? 0) > 0) coloured++;
    }
  }
  return coloured <= allowed;
}
