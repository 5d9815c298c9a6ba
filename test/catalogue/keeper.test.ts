import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeeperFacts } from '../../src/daemon/catalogue/keeper.ts';
import { compareKeepers, keeperOf, keeperReason } from '../../src/daemon/catalogue/keeper.ts';
import { photoFormats } from '../../src/protocol/photo.ts';
import { photo } from './photos.ts';

// Few values of each, so that every rule gets its ties.
const facts: fc.Arbitrary<KeeperFacts> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd').map((letter) => letter.repeat(64)),
  size: fc.constantFrom(1000, 2000),
  // 70 is exactly, 69 just less than 70 % of 100; 143 is just more than 100 over 70 %.
  width: fc.constantFrom(0, 69, 70, 100, 143),
  height: fc.constantFrom(10, 20),
  format: fc.constantFrom(...photoFormats),
  takenAt: fc.constantFrom(null, '2018-07-25T16:34:23'),
  camera: fc.constantFrom(null, 'Canon'),
  place: fc.constantFrom(null, { latitude: 1, longitude: 2 }),
  damaged: fc.boolean(),
  grey: fc.boolean(),
  motion: fc.boolean(),
  chosen: fc.constantFrom(0, 0, 5, 9),
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

  const plain: KeeperFacts = { ...photo('plain.jpg', { id: 'b'.repeat(64), takenAt: null }), chosen: 0 };
  const large: KeeperFacts = { ...plain, width: 1000, height: 10 };
  const changed = (change: Partial<KeeperFacts>): KeeperFacts => ({ ...plain, id: 'c'.repeat(64), ...change });
  test.each<[string, string, KeeperFacts, KeeperFacts]>([
    ['the chosen one, however small', 'chosen', changed({ chosen: 3, width: 1 }), plain],
    ['whole before damaged, whatever was chosen', 'whole', plain, changed({ chosen: 3, damaged: true })],
    ['the latest choice', 'chosen', changed({ chosen: 4 }), { ...plain, chosen: 3 }],
    ['whole before damaged, however large', 'whole', plain, changed({ damaged: true, width: 4000 })],
    ['colour at 70 % of the pixels', 'colour', { ...large, width: 700 }, { ...large, grey: true, format: 'png' }],
    ['colour at as many pixels', 'colour', large, { ...large, grey: true, format: 'png' }],
    ['colour at more pixels', 'pixels', { ...large, width: 1001 }, { ...large, grey: true }],
    ['grey when colour has less than 70 %', 'pixels', { ...large, grey: true }, { ...large, width: 699 }],
    ['more pixels before a lossless format', 'pixels', changed({ width: 41 }), { ...plain, format: 'png' }],
    ['more grey pixels', 'pixels', changed({ width: 41, grey: true }), { ...plain, grey: true }],
    ['lossless before lossy, however small the file', 'format', changed({ format: 'png', size: 10 }), plain],
    ['more bits per pixel', 'quality', changed({ size: 1001 }), plain],
    [
      'bits before a film and metadata',
      'quality',
      changed({ size: 1001 }),
      { ...plain, motion: true, camera: 'Canon' },
    ],
    ['a film before metadata', 'metadata', changed({ motion: true }), { ...plain, camera: 'Canon' }],
    ['with metadata before without', 'metadata', changed({ takenAt: '2018-07-25T16:34:23' }), plain],
    ['the lowest id', 'first-id', plain, changed({})],
  ])('prefers %s, and says why: %s', (_, reason, better, worse) => {
    expect(keeperOf([worse, better])).toBe(better);
    expect(keeperOf([better, worse])).toBe(better);
    expect(keeperReason(better, worse)).toBe(reason);
  });

  test('needs no reason for a photo alone', () => {
    expect(keeperReason(plain, undefined)).toBe('only');
  });

  test('has no keeper of none', () => {
    expect(keeperOf([])).toBeUndefined();
  });
});
