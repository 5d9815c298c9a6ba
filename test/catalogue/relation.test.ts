import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reversed } from '../../src/daemon/catalogue/alignment.ts';
import type { Relation, RelationFacts } from '../../src/daemon/catalogue/relation.ts';
import { relationOf } from '../../src/daemon/catalogue/relation.ts';
import type { Alignment, Crop, Orientation } from '../../src/daemon/similarity/types.ts';
import { photo } from './photos.ts';

const whole: Crop = { left: 0, top: 0, right: 1, bottom: 1 };
const aligned: Alignment = { score: 0.95, orientation: 0, cropA: whole, cropB: whole };
const turned: Alignment = { ...aligned, orientation: 5 };
const cropped: Alignment = { ...aligned, cropB: { left: 0.1, top: 0, right: 1, bottom: 1 } };
const digest = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);

function facts(name: string, change: Partial<RelationFacts> = {}): RelationFacts {
  return { ...photo(name), takenAt: null, chosen: 0, digest: null, ...change };
}

const shot = { camera: 'Canon EOS 5D', takenAt: '2018-07-25T16:34:23' };
const duplicate = (tier: 'T1' | 'T2' | 'T3'): Relation => ({ kind: 'duplicate', tier });
const burst: Relation = { kind: 'burst' };
const none: Relation = { kind: 'none' };
const raw: Relation = { kind: 'linked', link: 'raw' };
const motion: Relation = { kind: 'linked', link: 'motion' };

describe('two photos that look alike are', () => {
  test.each<[string, Relation, Partial<RelationFacts>, Partial<RelationFacts>, Alignment | null]>([
    ['duplicates when nothing is known of them', duplicate('T2'), {}, {}, aligned],
    ['of T1 when the pixels are the same', duplicate('T1'), { digest: digest(1) }, { digest: digest(1) }, aligned],
    [
      'of T1 without having been laid on each other',
      duplicate('T1'),
      { digest: digest(1) },
      { digest: digest(1) },
      null,
    ],
    ['of T2 when the pixels differ', duplicate('T2'), { digest: digest(1) }, { digest: digest(2) }, aligned],
    ['of T3 when turned', duplicate('T3'), {}, {}, turned],
    ['of T3 when mirrored', duplicate('T3'), {}, {}, { ...aligned, orientation: 1 }],
    ['of T3 when cropped', duplicate('T3'), {}, {}, cropped],
    ['of T2 when some edge is lost', duplicate('T2'), {}, {}, { ...aligned, cropA: { ...whole, left: 0.04 } }],
    [
      'nothing when only the digest was compared, and differs',
      none,
      { digest: digest(1) },
      { digest: digest(2) },
      null,
    ],
    ['nothing when both are damaged', none, { damaged: true }, { damaged: true }, aligned],
    ['duplicates when one is damaged', duplicate('T2'), { damaged: true }, {}, aligned],
    ['of one shot at the same time', duplicate('T2'), shot, shot, aligned],
    ['a burst a second apart', burst, shot, { ...shot, takenAt: '2018-07-25T16:34:24' }, aligned],
    ['different shots a year apart', burst, shot, { ...shot, takenAt: '2019-07-25T16:34:23' }, aligned],
    ['a burst, turned too', burst, shot, { ...shot, takenAt: '2018-07-25T16:34:24' }, turned],
    ['a burst within a second', burst, { ...shot, subsecond: 120 }, { ...shot, subsecond: 480 }, aligned],
    ['of one shot when one has lost its part of a second', duplicate('T2'), { ...shot, subsecond: 120 }, shot, aligned],
    [
      'of one shot in the same part of a second',
      duplicate('T2'),
      { ...shot, subsecond: 1 },
      { ...shot, subsecond: 1 },
      aligned,
    ],
    [
      'duplicates with the same pixels, whatever the times',
      duplicate('T1'),
      { ...shot, digest: digest(1) },
      { ...shot, digest: digest(1), takenAt: '2019-07-25T16:34:23' },
      aligned,
    ],
    [
      'duplicates of other cameras',
      duplicate('T2'),
      shot,
      { camera: 'Nikon', takenAt: '2018-07-25T16:34:24' },
      aligned,
    ],
    ['duplicates when one has lost its time', duplicate('T2'), shot, { camera: shot.camera }, aligned],
    [
      'duplicates when no camera is known',
      duplicate('T2'),
      { takenAt: shot.takenAt },
      { takenAt: '2019-07-25T16:34:23' },
      aligned,
    ],
    ['duplicates when a zone was lost', duplicate('T2'), { ...shot, takenAt: `${shot.takenAt}+02:00` }, shot, aligned],
    [
      'duplicates when the clock was moved to another zone',
      duplicate('T2'),
      { ...shot, takenAt: '2018-07-25T16:34:23+02:00' },
      { ...shot, takenAt: '2018-07-25T14:34:23Z' },
      aligned,
    ],
    [
      'duplicates when the clock was not set',
      duplicate('T2'),
      { ...shot, takenAt: '0000-00-00T00:00:00' },
      shot,
      aligned,
    ],
    ['raw and picture by the name', raw, { name: 'IMG_1.CR2', format: 'raw' }, { name: 'img_1.jpg' }, aligned],
    [
      'raw and picture by the time',
      raw,
      { ...shot, name: 'x.CR2', format: 'raw' },
      { ...shot, name: 'y.jpg' },
      aligned,
    ],
    ['raw and cropped picture', raw, { name: 'IMG_1.CR2', format: 'raw' }, { name: 'IMG_1.jpg' }, cropped],
    [
      'different shots though a counter began again',
      burst,
      { ...shot, name: 'IMG_1.CR2', format: 'raw' },
      { ...shot, name: 'IMG_1.JPG', takenAt: '2019-01-01T00:00:00' },
      aligned,
    ],
    [
      'raw and its own preview: no duplicates by pixels',
      raw,
      { name: 'IMG_1.CR2', format: 'raw', digest: digest(1) },
      { name: 'IMG_1.jpg', digest: digest(1) },
      aligned,
    ],
    [
      'of T2 for a raw and a stranger with the pixels of its preview',
      duplicate('T2'),
      { name: 'a.CR2', format: 'raw', digest: digest(1) },
      { name: 'b.jpg', digest: digest(1) },
      aligned,
    ],
    [
      'of T2 for two raw files with one preview',
      duplicate('T2'),
      { name: 'a.CR2', format: 'raw', digest: digest(1) },
      { name: 'a.DNG', format: 'raw', digest: digest(1) },
      aligned,
    ],
    ['with and without film', motion, { motion: true }, {}, aligned],
    [
      'with and without film at the same pixels',
      motion,
      { motion: true, digest: digest(1) },
      { digest: digest(1) },
      aligned,
    ],
    ['duplicates when both have a film', duplicate('T2'), { motion: true }, { motion: true }, aligned],
    [
      'duplicates when the one without film is smaller',
      duplicate('T2'),
      { motion: true },
      { width: 20, height: 15 },
      aligned,
    ],
    ['with film and without, when the better picture has none', motion, { motion: true, width: 20 }, {}, cropped],
  ])('%s', (_, expected, a, b, alignment) => {
    const [first, second] = [facts('first.jpg', a), facts('second.jpg', b)];
    expect(relationOf(first, second, alignment)).toEqual(expected);
    expect(relationOf(second, first, alignment === null ? null : reversed(alignment))).toEqual(expected);
  });

  test('the same to each other from both sides, whatever their facts', () => {
    const any = fc.record({
      name: fc.constantFrom('a.jpg', 'A.CR2', '.jpg', 'b'),
      format: fc.constantFrom('jpeg' as const, 'raw' as const),
      camera: fc.constantFrom(null, 'Canon', 'Nikon'),
      takenAt: fc.constantFrom(null, '2018-07-25T16:34:23', '2018-07-25T16:34:24+01:00', '2018-07-25T15:34:24Z'),
      subsecond: fc.constantFrom(null, 1, 2),
      digest: fc.constantFrom(null, digest(1), digest(2)),
      damaged: fc.boolean(),
      motion: fc.boolean(),
    });
    const alignments = fc.record({
      score: fc.constant(0.9),
      orientation: fc.constantFrom<Orientation[]>(0, 1, 2, 3, 4, 5, 6, 7),
      cropA: fc.constantFrom(whole, cropped.cropB),
      cropB: fc.constantFrom(whole, cropped.cropB),
    });
    fc.assert(
      fc.property(any, any, alignments, (a, b, alignment) => {
        const [first, second] = [facts('first.jpg', a), facts('second.jpg', b)];
        expect(relationOf(second, first, reversed(alignment))).toEqual(relationOf(first, second, alignment));
      }),
      { numRuns: 1000 },
    );
  });
});
