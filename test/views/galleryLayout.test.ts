import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { captionHeight, gap, rowsInView, scrollToShow, shapeOf, topOfRow } from '../../src/views/gallery/layout.ts';

describe('the grid', () => {
  test('has as many columns as fit, stretched to the full width', () => {
    const shape = shapeOf(100, 8 + 4 * (144 + gap) + 20, 144);
    expect(shape).toMatchObject({ columns: 4, rows: 25, tileWidth: 149, rowHeight: 144 + captionHeight + gap });
    expect(shape.height).toBe(25 * shape.rowHeight + gap);
  });

  test('has one column where not even one fits', () => {
    expect(shapeOf(3, 10, 144)).toMatchObject({ columns: 1, rows: 3, tileWidth: 1 });
  });

  test('without photos has no rows', () => {
    const shape = shapeOf(0, 800, 144);
    expect(shape).toMatchObject({ rows: 0, height: gap });
    expect(rowsInView(shape, 0, 600, 2)).toEqual({ first: 0, end: 0 });
  });

  test('never stands out of the width, and every row that is to be seen is in view', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 200, max: 4000 }),
        fc.integer({ min: 96, max: 256 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (count, width, edge, where) => {
          const shape = shapeOf(count, width, edge);
          expect(shape.columns * (shape.tileWidth + gap) + gap).toBeLessThanOrEqual(width);
          expect(shape.rows * shape.columns).toBeGreaterThanOrEqual(count);
          const view = 700;
          const scrollTop = where * Math.max(0, shape.height - view);
          const { first, end } = rowsInView(shape, scrollTop, view, 0);
          expect(end - first).toBeLessThanOrEqual(Math.ceil(view / shape.rowHeight) + 2);
          for (const row of [first - 1, end]) {
            if (row < 0 || row >= shape.rows) continue;
            const top = topOfRow(shape, row);
            expect(top + shape.rowHeight <= scrollTop + gap || top >= scrollTop + view).toBe(true);
          }
        },
      ),
    );
  });

  test('scrolls only as far as it must to show a row', () => {
    const shape = shapeOf(1000, 800, 144);
    const { rowHeight } = shape;
    expect(scrollToShow(shape, 1, 0, 600)).toBe(0);
    expect(scrollToShow(shape, 10, 0, 600)).toBe(11 * rowHeight + gap - 600);
    expect(scrollToShow(shape, 2, 5000, 600)).toBe(2 * rowHeight);
    expect(scrollToShow(shape, 7, 0, 50)).toBe(7 * rowHeight);
  });
});
