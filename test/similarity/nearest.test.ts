import { expect, test } from 'vitest';
import { Nearest } from '../../src/daemon/similarity/nearest.ts';
import type { Candidate } from '../../src/daemon/similarity/types.ts';

function candidate(b: number, distance: number): Candidate {
  return { a: 0, b, distance, orientation: 0, windowA: 0, windowB: 0 };
}

test('the nearest are kept, the earlier of those that are as near', () => {
  const nearest = new Nearest(88, 3);
  nearest.add([candidate(1, 9), candidate(2, 5)]);
  nearest.add([candidate(3, 9), candidate(4, 70)]);
  nearest.add([candidate(5, 9), candidate(6, 2)]);
  expect(nearest.list().map(({ b }) => b)).toEqual([6, 2, 1]);
});

test('when there are enough, only nearer ones are looked for', () => {
  const nearest = new Nearest(88, 2);
  nearest.add([candidate(1, 30), candidate(2, 20), candidate(3, 40)]);
  expect(nearest.limit).toBe(88);
  nearest.add([candidate(4, 50)]);
  expect(nearest.limit).toBe(29);
  nearest.add([candidate(5, 0), candidate(6, 0)]);
  expect(nearest.list().map(({ b }) => b)).toEqual([5, 6]);
  expect(nearest.limit).toBe(-1);
});
