/** Pixels, 8 bit a channel, sRGB, upright, row by row. */
export interface Raster {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Uint8Array;
}

/** What the pixels of one photo say about the photos that it looks like. */
export interface LookAlikeFeatures {
  /** Width over height without a one-tone frame, in thousandths. */
  aspect: number;
  /** `windowCount` hashes of `hashBytes` bytes; null for a flat picture. */
  hashes: Uint8Array | null;
  /** `lumaBytes` bytes, upright, without a one-tone frame. */
  luma: Uint8Array;
  /** Whether the picture has no colour. */
  grey: boolean;
}

/**
 * One of the eight ways to lay a picture on another: bit 0 mirrors left and right, bit 1 mirrors top and bottom, bit 2
 * exchanges rows and columns (that first). Laid so, the first picture of a pair looks like the second.
 */
export type Orientation = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Two photos that may be look-alikes, by their hashes. */
export interface Candidate {
  /** Keys of the photos. */
  a: number;
  b: number;
  /** Different bits (of 256) of the two most similar hashes. */
  distance: number;
  /** How to lay a on b. */
  orientation: Orientation;
  /** Which windows of a and b the hashes are of; 0 for the whole picture. At least one is 0. */
  windowA: number;
  windowB: number;
}

/** A part of a picture: edges as parts of its width and height, from 0 to 1. */
export interface Crop {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** How alike two pictures are when the one is laid best on the other. */
export interface Alignment {
  /** Normalised cross-correlation of local contrast, from -1 to 1. */
  score: number;
  orientation: Orientation;
  /** The part of a (before it is turned) that shows what `cropB` of b shows. One of the two is (nearly) the whole. */
  cropA: Crop;
  cropB: Crop;
}
