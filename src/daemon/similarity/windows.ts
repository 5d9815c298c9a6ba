import type { Crop } from './types.ts';

/** The whole picture. */
export const wholePicture: Crop = { left: 0, top: 0, right: 1, bottom: 1 };

/** Sides of the windows inside a picture, as parts of its own: a crop between them is near one of them. */
export const windowSides = [0.92, 0.84] as const;

/**
 * What the hashes of a photo are of, in their order: the whole picture, then for each of {@link windowSides} the middle, the
 * top left, top right, bottom left and bottom right corner.
 */
export const windows: readonly Crop[] = [wholePicture, ...windowSides.flatMap(windowsOfSide)];

function windowsOfSide(side: number): Crop[] {
  const rest = 1 - side;
  const at = (left: number, top: number): Crop => ({ left, top, right: left + side, bottom: top + side });
  return [at(rest / 2, rest / 2), at(0, 0), at(rest, 0), at(0, rest), at(rest, rest)];
}
