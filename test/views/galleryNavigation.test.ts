import { describe, expect, test } from 'vitest';
import { moveBy } from '../../src/views/gallery/navigation.ts';

const press = (key: string, far = false) => ({ key, ctrlKey: far, metaKey: false });

describe('ten photos in rows of four', () => {
  const move = (key: string, from: number, far = false) => moveBy(press(key, far), from, 10, 4, 2);

  test.each([
    ['ArrowRight', 3, 4],
    ['ArrowRight', 9, 9],
    ['ArrowLeft', 4, 3],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 1, 5],
    ['ArrowDown', 7, 9],
    ['ArrowDown', 8, 8],
    ['ArrowUp', 5, 1],
    ['ArrowUp', 2, 2],
    ['Home', 6, 4],
    ['End', 4, 7],
    ['End', 8, 9],
    ['PageDown', 1, 9],
    ['PageDown', 3, 9],
    ['PageUp', 9, 1],
    ['PageUp', 5, 1],
  ])('%s from %i goes to %i', (key, from, to) => {
    expect(move(key, from)).toBe(to);
  });

  test('with Ctrl, Home and End go to the first and last', () => {
    expect(move('Home', 6, true)).toBe(0);
    expect(move('End', 2, true)).toBe(9);
  });

  test('other keys move nothing', () => {
    expect(move('a', 3)).toBeUndefined();
    expect(move('Tab', 3)).toBeUndefined();
  });
});

test('without photos nothing moves', () => {
  expect(moveBy(press('ArrowDown'), 0, 0, 4, 2)).toBeUndefined();
});
