import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { areaOf, reversed, turnOf } from '../../src/daemon/catalogue/alignment.ts';
import type { Alignment, Orientation } from '../../src/daemon/similarity/types.ts';

const orientations: readonly Orientation[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** A grey picture as rows of numbers. */
type Picture = number[][];

const picture: Picture = [
  [10, 20, 30],
  [40, 50, 60],
];

/** As `Orientation` says: bit 2 exchanges rows and columns, then bit 0 mirrors left and right and bit 1 top and bottom. */
function laid(one: Picture, orientation: Orientation): Picture {
  const exchanged =
    (orientation & 4) === 0 ? one : (one[0] ?? []).map((_, column) => one.map((row) => row[column] ?? 0));
  const mirrored = (orientation & 1) === 0 ? exchanged : exchanged.map((row) => row.toReversed());
  return (orientation & 2) === 0 ? mirrored : mirrored.toReversed();
}

function rendered(one: Picture): Sharp {
  const [height, width] = [one.length, (one[0] ?? []).length];
  return sharp(Uint8Array.from(one.flat()), { raw: { width, height, channels: 1 } });
}

async function read(image: Sharp): Promise<Picture> {
  const { data, info } = await image.extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return Array.from({ length: info.height }, (_, row) => [...data.subarray(row * info.width, (row + 1) * info.width)]);
}

const whole = { left: 0, top: 0, right: 1, bottom: 1 };
const alignment = (orientation: Orientation): Alignment => ({ score: 1, orientation, cropA: whole, cropB: whole });

describe('an orientation', () => {
  test.each(orientations)('%i is what mirroring and turning by an image library does', async (orientation) => {
    const { mirrored, degrees } = turnOf(orientation);
    const flopped = mirrored ? await read(rendered(picture).flop()) : picture;
    expect(await read(rendered(flopped).rotate(degrees))).toEqual(laid(picture, orientation));
  });

  test.each(orientations)('%i is taken back by its reverse', (orientation) => {
    const there = laid(picture, orientation);
    expect(laid(there, reversed(alignment(orientation)).orientation)).toEqual(picture);
  });
});

test('a reversed alignment exchanges what the pictures show', () => {
  const part = { left: 0.25, top: 0, right: 0.75, bottom: 0.5 };
  const one: Alignment = { score: 0.8, orientation: 5, cropA: part, cropB: whole };
  expect(reversed(one)).toEqual({ score: 0.8, orientation: 6, cropA: whole, cropB: part });
  expect(reversed(reversed(one))).toEqual(one);
  expect(areaOf(part)).toBe(0.25);
});
