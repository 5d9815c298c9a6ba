import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Size } from '../../src/views/gallery/zoom.ts';
import { columnsFor, fitted, mostZoom, panBy, placement, wholePicture, zoomAt } from '../../src/views/gallery/zoom.ts';

const pane: Size = { width: 400, height: 300 };
const sizes = fc.record({ width: fc.integer({ min: 1, max: 20_000 }), height: fc.integer({ min: 1, max: 20_000 }) });
const panes = fc.record({ width: fc.integer({ min: 20, max: 4_000 }), height: fc.integer({ min: 20, max: 4_000 }) });

describe('the whole picture', () => {
  test('is as large as fits, in the middle', () => {
    expect(placement(wholePicture, { width: 4000, height: 2000 }, pane)).toEqual({
      width: 400,
      height: 200,
      left: 0,
      top: 50,
    });
    expect(placement(wholePicture, { width: 1000, height: 2000 }, pane)).toMatchObject({ width: 150, left: 125 });
  });

  test('of a small picture has the scale of a large one', () => {
    expect(fitted({ width: 40, height: 30 }, pane)).toEqual(fitted({ width: 4000, height: 3000 }, pane));
  });

  test('of unknown size fills its pane', () => {
    expect(fitted({ width: 0, height: 0 }, pane)).toEqual(pane);
  });
});

describe('zooming', () => {
  const picture = { width: 4000, height: 3000 };

  test('leaves the point under the pointer where it is', () => {
    const anchor = { left: 100, top: 75 };
    const before = placement(wholePicture, picture, pane);
    const after = placement(zoomAt(wholePicture, 3, anchor, picture, pane, 8), picture, pane);
    const pointIn = (at: typeof before) => [(anchor.left - at.left) / at.width, (anchor.top - at.top) / at.height];
    expect(pointIn(after)[0]).toBeCloseTo(pointIn(before)[0] ?? 0, 9);
    expect(pointIn(after)[1]).toBeCloseTo(pointIn(before)[1] ?? 0, 9);
    expect(after.width).toBe(1200);
  });

  test('shows the same part of a copy of another size', () => {
    const view = zoomAt(wholePicture, 4, { left: 320, top: 60 }, picture, pane, 8);
    expect(placement(view, { width: 400, height: 300 }, pane)).toEqual(placement(view, picture, pane));
  });

  test('ends at the whole picture and at the greatest zoom', () => {
    const close = zoomAt(wholePicture, 1e6, { left: 1, top: 1 }, picture, pane, 8);
    expect(close.zoom).toBe(8);
    expect(zoomAt(close, 1e-6, { left: 399, top: 299 }, picture, pane, 8)).toEqual(wholePicture);
  });

  test('goes far enough to tell the pixels of the largest picture apart', () => {
    expect(mostZoom([picture, { width: 400, height: 300 }], pane)).toBe(40);
    expect(mostZoom([{ width: 10, height: 10 }], pane)).toBe(8);
  });

  test('and moving never leave a pane emptier than it must be', () => {
    fc.assert(
      fc.property(
        sizes,
        panes,
        fc.array(
          fc.record({
            factor: fc.double({ min: 0.1, max: 10, noNaN: true }),
            right: fc.integer({ min: -5_000, max: 5_000 }),
            down: fc.integer({ min: -5_000, max: 5_000 }),
          }),
          { maxLength: 8 },
        ),
        (picture, pane, acts) => {
          let view = wholePicture;
          for (const { factor, right, down } of acts) {
            view = zoomAt(view, factor, { left: pane.width / 3, top: pane.height / 4 }, picture, pane, 40);
            view = panBy(view, right, down, picture, pane);
          }
          const { left, top, width, height } = placement(view, picture, pane);
          const slack = 1e-6 * Math.max(width, height);
          if (width >= pane.width) {
            expect(left).toBeLessThanOrEqual(slack);
            expect(left + width).toBeGreaterThanOrEqual(pane.width - slack);
          } else {
            expect(left + width / 2).toBeCloseTo(pane.width / 2, 3);
          }
          if (height >= pane.height) {
            expect(top).toBeLessThanOrEqual(slack);
            expect(top + height).toBeGreaterThanOrEqual(pane.height - slack);
          } else {
            expect(top + height / 2).toBeCloseTo(pane.height / 2, 3);
          }
        },
      ),
    );
  });
});

test('moving by a distance moves the picture by it', () => {
  const picture = { width: 4000, height: 3000 };
  const view = zoomAt(wholePicture, 4, { left: 200, top: 150 }, picture, pane, 8);
  const before = placement(view, picture, pane);
  const after = placement(panBy(view, 30, -20, picture, pane), picture, pane);
  expect(after.left - before.left).toBeCloseTo(30, 9);
  expect(after.top - before.top).toBeCloseTo(-20, 9);
});

test.each([
  [2, 1000, 2],
  [3, 1000, 3],
  [4, 1000, 2],
  [5, 1000, 3],
  [5, 300, 1],
  [1, 100, 1],
  [9, 1100, 3],
  [0, 1000, 1],
])('%i photos in %i pixels stand in %i columns, in rows as full as can be', (count, width, columns) => {
  expect(columnsFor(count, width, 260)).toBe(columns);
});
