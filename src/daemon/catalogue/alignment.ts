import { inverse } from '../similarity/orientations.ts';
import type { Alignment, Crop, Orientation } from '../similarity/types.ts';

/** A part of a picture with at least this much of its area counts as the whole: edges are not found more exactly. */
export const wholeArea = 0.95;

/** Part of the picture's area, from 0 to 1. */
export function areaOf(crop: Crop): number {
  return (crop.right - crop.left) * (crop.bottom - crop.top);
}

/** The same alignment with the two pictures exchanged. */
export function reversed(alignment: Alignment): Alignment {
  return {
    score: alignment.score,
    orientation: inverse(alignment.orientation),
    cropA: alignment.cropB,
    cropB: alignment.cropA,
  };
}

/** A way to lay a picture on another in a person's words. */
export interface Turn {
  /** Left and right exchanged, before it is turned. */
  mirrored: boolean;
  /** Clockwise. */
  degrees: 0 | 90 | 180 | 270;
}

/** By orientation. Exchanging rows and columns and then mirroring left and right is a quarter turn clockwise; the others follow. */
const turns: Record<Orientation, Turn> = {
  0: { mirrored: false, degrees: 0 },
  1: { mirrored: true, degrees: 0 },
  2: { mirrored: true, degrees: 180 },
  3: { mirrored: false, degrees: 180 },
  4: { mirrored: true, degrees: 270 },
  5: { mirrored: false, degrees: 90 },
  6: { mirrored: false, degrees: 270 },
  7: { mirrored: true, degrees: 90 },
};

/** What has to be done to a picture that is laid so. */
export function turnOf(orientation: Orientation): Turn {
  return turns[orientation];
}
