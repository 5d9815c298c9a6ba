import { describe, expect, test } from 'vitest';
import { differencesOf, groupMetadata, reasonText } from '../../src/daemon/catalogue/differences.ts';
import type { KeeperFacts } from '../../src/daemon/catalogue/keeper.ts';
import type { Alignment, Crop } from '../../src/daemon/similarity/types.ts';
import type { DuplicateTier, PhotoDifference } from '../../src/protocol/control.ts';
import { photo } from './photos.ts';

const whole: Crop = { left: 0, top: 0, right: 1, bottom: 1 };
const half: Crop = { left: 0.25, top: 0, right: 0.75, bottom: 1 };
const aligned: Alignment = { score: 0.98, orientation: 0, cropA: whole, cropB: whole };

const keeper: KeeperFacts = { ...photo('keeper.png', { width: 400, height: 300, size: 100_000 }), chosen: 0 };
const changed = (change: Partial<KeeperFacts>): KeeperFacts => ({ ...keeper, id: 'f'.repeat(64), ...change });

describe('a photo differs from its keeper', () => {
  test.each<[string, Partial<KeeperFacts>, DuplicateTier, Partial<Alignment>, PhotoDifference[], string]>([
    ['in nothing but copies', {}, 'T0', {}, [{ kind: 'identical', copies: 3 }], '3 identical copies, 2 are wanted'],
    ['in its bytes', { size: 90_000 }, 'T1', {}, [{ kind: 'same-pixels' }], 'exactly the same pixels'],
    [
      'in its format at the same pixels',
      { format: 'webp' },
      'T1',
      { score: 0.5, orientation: 5 },
      [{ kind: 'same-pixels' }, { kind: 'format', format: 'webp' }],
      'exactly the same pixels, WebP instead of JPEG',
    ],
    [
      'in size and colour',
      { width: 100, height: 75, size: 5000, grey: true },
      'T2',
      {},
      [{ kind: 'scaled', percent: 25 }, { kind: 'greyscale' }],
      'same picture, 25 % of the size, greyscale',
    ],
    [
      'by being turned and of another format',
      { width: 300, height: 400, format: 'png' },
      'T3',
      // What is turned by a quarter clockwise is laid back by a quarter the other way.
      { orientation: 6 },
      [
        { kind: 'turned', degrees: 90 },
        { kind: 'format', format: 'png' },
      ],
      'same picture, turned by 90°, PNG instead of JPEG',
    ],
    ['by being mirrored', {}, 'T3', { orientation: 1 }, [{ kind: 'mirrored' }], 'same picture, mirrored'],
    [
      'by being mirrored and turned',
      {},
      'T3',
      { orientation: 2 },
      [{ kind: 'turned', degrees: 180 }, { kind: 'mirrored' }],
      'same picture, turned by 180°, mirrored',
    ],
    [
      'by being cropped at its scale',
      { width: 203, height: 300, size: 5000 },
      'T3',
      { cropB: half },
      [{ kind: 'cropped', percent: 50 }],
      'same picture, cropped to 50 %',
    ],
    [
      'by being cropped and enlarged',
      { width: 400, height: 600 },
      'T3',
      { cropB: half },
      [
        { kind: 'cropped', percent: 50 },
        { kind: 'scaled', percent: 200 },
      ],
      'same picture, cropped to 50 %, 200 % of the size',
    ],
    [
      'by showing more in fewer pixels',
      { width: 200, height: 75 },
      'T3',
      { cropA: half },
      [
        { kind: 'wider', percent: 50 },
        { kind: 'scaled', percent: 25 },
      ],
      'same picture, shows more: the best version has 50 % of it, 25 % of the size',
    ],
    [
      'in its bytes only, at other pixels',
      { size: 40_000 },
      'T2',
      {},
      [{ kind: 'compressed', percent: 40 }],
      'same picture, compressed to 40 % of the bytes',
    ],
    [
      'by damage, and the damage is told first',
      { damaged: true, size: 50_000 },
      'T2',
      {},
      [{ kind: 'damaged' }, { kind: 'compressed', percent: 50 }],
      'same picture, damaged, compressed to 50 % of the bytes',
    ],
    ['by a caption', { size: 99_000 }, 'T2', { score: 0.7 }, [{ kind: 'edited' }], 'same picture, edited'],
    ['in something that is hard to name', {}, 'T2', {}, [{ kind: 'edited' }], 'same picture, edited'],
    [
      'in many ways, of which four are told',
      { width: 50, height: 100, grey: true, format: 'gif', damaged: true },
      'T3',
      { orientation: 7, cropB: half, score: 0.6 },
      [{ kind: 'damaged' }, { kind: 'turned', degrees: 90 }, { kind: 'mirrored' }, { kind: 'cropped', percent: 50 }],
      'same picture, damaged, turned by 90°, mirrored, cropped to 50 %',
    ],
  ])('%s', (_, change, tier, alignment, expected, text) => {
    const found = differencesOf(keeper, changed(change), tier, { ...aligned, ...alignment }, 3);
    expect(found).toEqual(expected);
    expect(reasonText(found, { copiesWanted: 2, keeperFormat: 'jpeg' })).toBe(text);
  });

  test('by its colour, when the keeper has none', () => {
    const found = differencesOf({ ...keeper, grey: true }, changed({ width: 200, height: 150 }), 'T2', aligned, 1);
    expect(found).toEqual([{ kind: 'scaled', percent: 50 }, { kind: 'coloured' }]);
    expect(reasonText(found, { copiesWanted: 2, keeperFormat: 'jpeg' })).toBe(
      'same picture, 50 % of the size, in colour',
    );
  });

  test('by what can be told without having been laid on it', () => {
    expect(differencesOf(keeper, changed({ format: 'tiff' }), 'T1', null, 1)).toEqual([
      { kind: 'same-pixels' },
      { kind: 'format', format: 'tiff' },
    ]);
  });

  test('not in size when one could not be decoded', () => {
    expect(differencesOf(keeper, changed({ width: 0, height: 0, format: 'raw' }), 'T2', aligned, 1)).toEqual([
      { kind: 'format', format: 'raw' },
    ]);
  });
});

describe('a group has', () => {
  const nothing = { takenAt: null, camera: null, place: null };
  const place = { latitude: 1, longitude: 2 };

  test('what its keeper lacks from the best of those that have it', () => {
    const others = [
      { ...nothing, camera: 'Canon' },
      { takenAt: '2018-07-25T16:34:23', camera: 'Nikon', place },
    ];
    expect(groupMetadata(nothing, others)).toEqual({ takenAt: '2018-07-25T16:34:23', camera: 'Canon', place });
  });

  test('nothing to add to what its keeper knows', () => {
    const knowing = { takenAt: '2018-07-25T16:34:23', camera: 'Nikon', place };
    expect(groupMetadata(knowing, [{ ...knowing, camera: 'Canon' }])).toEqual(nothing);
    expect(groupMetadata(nothing, [nothing])).toEqual(nothing);
  });
});
