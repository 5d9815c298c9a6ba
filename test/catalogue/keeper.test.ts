import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeeperFacts } from '../../src/daemon/catalogue/keeper.ts';
import { compareKeepers, keeperOf } from '../../src/daemon/catalogue/keeper.ts';
import { photoFormats } from '../../src/protocol/photo.ts';
import { photo } from './photos.ts';

// Few values of each, so that every rule gets its ties.
const facts: fc.Arbitrary<KeeperFacts> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd').map((letter) => letter.repeat(64)),
  size: fc.constantFrom(1000, 2000),
  width: fc.constantFrom(0, 30, 40),
  height: fc.constantFrom(30, 40),
  format: fc.constantFrom(...photoFormats),
  takenAt: fc.constantFrom(null, '2018-07-25T16:34:23'),
  camera: fc.constantFrom(null, 'Canon'),
  place: fc.constantFrom(null, { latitude: 1, longitude: 2 }),
  damaged: fc.boolean(),
});

describe('the order of keepers', () => {
  test('is antisymmetric, and ties are the same photo', () => {
    fc.assert(
      fc.property(facts, facts, (a, b) => {
        expect(Math.sign(compareKeepers(a, b)) + Math.sign(compareKeepers(b, a))).toBe(0);
        if (compareKeepers(a, b) === 0) expect(a.id).toBe(b.id);
      }),
      { numRuns: 2000 },
    );
  });

  test('does not run in circles', () => {
    fc.assert(
      fc.property(facts, facts, facts, (a, b, c) => {
        if (compareKeepers(a, b) <= 0 && compareKeepers(b, c) <= 0) expect(compareKeepers(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 5000 },
    );
  });

  test('gives the same keeper whatever order photos come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(facts, { selector: ({ id }) => id, minLength: 1 }), fc.gen(), (photos, gen) => {
        const shuffled = gen(fc.shuffledSubarray, photos, { minLength: photos.length });
        expect(keeperOf(shuffled)).toEqual(keeperOf(photos));
      }),
    );
  });

  const plain = photo('plain.jpg', { id: 'b'.repeat(64), takenAt: null });
  const changed = (change: Partial<KeeperFacts>): KeeperFacts => ({ ...plain, id: 'c'.repeat(64), ...change });
  test.each([
    ['whole before damaged, however large', plain, changed({ damaged: true, width: 4000 })],
    ['more pixels before a lossless format', changed({ width: 41 }), { ...plain, format: 'png' as const }],
    ['lossless before lossy, however small the file', changed({ format: 'png', size: 10 }), plain],
    ['more bits per pixel', changed({ size: 1001 }), plain],
    ['bits before metadata', changed({ size: 1001 }), { ...plain, camera: 'Canon' }],
    ['with metadata before without', changed({ takenAt: '2018-07-25T16:34:23' }), plain],
    ['the lowest id', plain, changed({})],
  ])('prefers %s', (_, better, worse) => {
    expect(keeperOf([worse, better])).toBe(better);
    expect(keeperOf([better, worse])).toBe(better);
  });

  test('has no keeper of none', () => {
    expect(keeperOf([])).toBeUndefined();
  });
});
