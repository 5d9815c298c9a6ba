import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  checkOrder,
  decodePage,
  decodeStatement,
  encodePage,
  encodeStatement,
  holdingOf,
  idBytes,
  parseRecord,
  sentOf,
  statementOf,
  storedOf,
} from '../../src/daemon/catalogue/holdingsRecord.ts';
import { encodeCbor } from '../../src/daemon/base/cbor.ts';
import { photoFormats, PhotoFactsSchema } from '../../src/protocol/photo.ts';
import type { Holding, HoldingRecord } from '../../src/protocol/wire.ts';
import { wireLimits } from '../../src/protocol/wire.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import { digestBytes, featuresVersion, hashBytes, windowCount } from '../../src/protocol/features.ts';
import { comparable, features, hexOf, photo, sent } from './photos.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true }).map((value) => value + 0);
const plain = { noNullPrototype: true } as const;
const holding: fc.Arbitrary<Holding> = fc.record(
  {
    kind: fc.constantFrom('original', 'replica'),
    facts: fc.record(
      {
        id: hash,
        name: fc
          .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
          .filter((name) => v.is(PhotoFactsSchema.entries.name, name)),
        size: fc.integer({ min: 1, max: 2 ** 40 }),
        width: fc.integer({ min: 0, max: 1_000_000 }),
        height: fc.integer({ min: 0, max: 1_000_000 }),
        format: fc.constantFrom(...photoFormats),
        blockhash: fc.option(hash),
        takenAt: fc.constantFrom(null, '2018-07-25T16:34:23', '2018-07-25T16:34:23+01:00', '1999-12-31T23:59:59Z'),
        camera: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 })),
        place: fc.option(fc.record({ latitude: degrees(90), longitude: degrees(180) }, plain)),
        damaged: fc.boolean(),
        grey: fc.boolean(),
        motion: fc.boolean(),
        subsecond: fc.option(fc.integer({ min: 0, max: 999 })),
        features: fc.constant(null),
      },
      plain,
    ),
  },
  plain,
);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const featured: fc.Arbitrary<PhotoFeatures> = fc.record(
  {
    version: fc.constant(featuresVersion),
    aspect: fc.integer({ min: 1, max: 1_000_000 }),
    digest: fc.option(bytes(digestBytes)),
    hashes: fc.option(bytes(windowCount * hashBytes)),
  },
  plain,
);

/** A holding and its features, of which it names the fingerprint; or without. */
const comparableHolding = fc.tuple(holding, fc.option(featured)).map(([original, made]) => ({
  original: { ...original, facts: { ...original.facts, features: made === null ? null : featuresFingerprint(made) } },
  made: made ?? undefined,
}));

/** A record as it arrives: through CBOR, checked. */
function overTheWire(record: HoldingRecord): HoldingRecord {
  const [element] = decodePage(encodePage([record]));
  return parseRecord(element);
}

describe('a holding', () => {
  test('comes out of the wire and the database as it went in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        comparableHolding,
        (seq, { original, made }) => {
          const wire = sentOf(statementOf(original), made);
          const [sentSeq, id, statement] = overTheWire([seq, idBytes(original.facts.id), wire]);
          expect(sentSeq).toBe(seq);
          expect(Buffer.from(id).toString('hex')).toBe(original.facts.id);
          const arrived = storedOf(statement ?? wire);
          expect(holdingOf(original.facts.id, arrived.stored)).toStrictEqual(original);
          expect(arrived.features).toStrictEqual(made);
          const stored = decodeStatement(encodeStatement(statementOf(original)));
          expect(holdingOf(original.facts.id, stored)).toStrictEqual(original);
        },
      ),
    );
  });

  test('is stored in the same bytes whether it came from the disk or from a peer', () => {
    fc.assert(
      fc.property(comparableHolding, ({ original, made }) => {
        const wire = sentOf(statementOf(original), made);
        const [, , arrived] = overTheWire([1, idBytes(original.facts.id), wire]);
        expect(encodeStatement(storedOf(arrived ?? wire).stored)).toEqual(encodeStatement(statementOf(original)));
      }),
    );
  });

  test('that version 0.1.0 stored is read without what it did not know', () => {
    const facts = photo('a.jpg', { camera: 'Canon', grey: true, motion: true, subsecond: 5 });
    const old = encodeCbor(statementOf({ kind: 'replica', facts }).slice(0, 11));
    expect(holdingOf(facts.id, decodeStatement(old))).toStrictEqual({
      kind: 'replica',
      facts: { ...facts, grey: false, motion: false, subsecond: null, features: null },
    });
  });

  test('that is typical takes at most 200 bytes beside its hashes', () => {
    const facts = comparable('IMG_20180725_163423.jpg', {
      size: 8_437_291,
      width: 6000,
      height: 4000,
      camera: 'Canon EOS 5D Mark III',
      place: { latitude: 40.640_506, longitude: -8.653_753 },
    });
    const record: HoldingRecord = [1_795_365_944_630, idBytes(facts.id), sent({ kind: 'original', facts })];
    const length = encodePage([record]).length;
    const hashes = 2 * 32 + digestBytes + windowCount * hashBytes;
    expect(length).toBeLessThanOrEqual(200 + hashes);
    expect(length).toBeGreaterThan(100 + hashes);
  });
});

describe('a page', () => {
  test('of the longest records fits into a frame', () => {
    const facts = comparable('é'.repeat(127), {
      size: 2 ** 40,
      width: 1_000_000,
      height: 1_000_000,
      takenAt: '2018-07-25T16:34:23+01:00',
      camera: '漢'.repeat(128),
      place: { latitude: 1 / 3, longitude: 1 / 7 },
    });
    const record: HoldingRecord = [Number.MAX_SAFE_INTEGER, idBytes(facts.id), sent({ kind: 'replica', facts })];
    const one = encodePage([record]).length;
    expect(one * wireLimits.holdingsPage).toBeLessThan(wireLimits.payload);
  });

  test('of nothing is empty', () => {
    expect(decodePage(new Uint8Array())).toEqual([]);
    expect(decodePage(encodePage([]))).toEqual([]);
  });

  test.each([
    ['rubbish', Buffer.from('ffffffffffff', 'hex')],
    ['half an array', encodeCbor([1, 2, 3]).subarray(0, 3)],
    ['a map', encodeCbor({ records: [] })],
    ['something after the array', Buffer.concat([encodeCbor([]), encodeCbor([])])],
    ['too many records', encodeCbor(Array.from({ length: wireLimits.holdingsPage + 1 }, () => 0))],
    ['a promise of four billion records', Buffer.from('9affffffff', 'hex')],
    ['arrays in arrays', Buffer.alloc(100_000, 0x81)],
  ])('that is %s is refused', (_, payload) => {
    expect(() => decodePage(payload)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });
});

describe('a record', () => {
  const id = idBytes(hexOf('id'));
  const statement = sent({ kind: 'original', facts: comparable('a.jpg') });
  const { version, aspect, digest, hashes } = features('a.jpg');
  const changed = (index: number, value: unknown): unknown => [1, id, statement.with(index, value as never)];

  test('that is a removal or a statement passes', () => {
    expect(parseRecord([1, id, null])).toEqual([1, id, null]);
    expect(parseRecord([1, id, statement])).toEqual([1, id, statement]);
    expect(parseRecord(changed(14, null))).toEqual(changed(14, null));
  });

  test('with features of another version passes, whatever their length within bounds', () => {
    const other = changed(14, [version + 1, aspect, new Uint8Array(64), new Uint8Array(wireLimits.hashes)]);
    expect(parseRecord(other)).toEqual(other);
  });

  test.each([
    ['no array', 'record'],
    ['a negative number', [-1, id, null]],
    ['a fraction', [1.5, id, null]],
    ['a short id', [1, id.subarray(1), null]],
    ['a textual id', [1, hexOf('id'), null]],
    ['no statement', [1, id]],
    ['another kind', changed(0, 'x')],
    ['a path for a name', changed(1, '../../etc/passwd')],
    ['a name that turns text around', changed(1, 'gpj.\u202eexe')],
    ['a private name', changed(1, '.photo-organizer-marker')],
    ['an endless name', changed(1, 'a'.repeat(256))],
    ['no bytes', changed(2, 0)],
    ['too many bytes', changed(2, 2 ** 41)],
    ['a size that is no number', changed(2, '12')],
    ['endless pixels', changed(3, 1e9)],
    ['an unknown format', changed(5, 'svg')],
    ['a short blockhash', changed(6, id.subarray(2))],
    ['no date', changed(7, 'yesterday')],
    ['an endless camera', changed(8, 'x'.repeat(129))],
    ['a place off the earth', changed(9, [91, 0])],
    ['damage that is no yes or no', changed(10, 1)],
    ['a colour that is no yes or no', changed(11, 'grey')],
    ['a film that is no yes or no', changed(12, null)],
    ['more milliseconds than a second has', changed(13, 1000)],
    ['features that are no list', changed(14, { version, aspect, digest, hashes })],
    ['features without a version', changed(14, [null, aspect, digest, hashes])],
    ['no width over height', changed(14, [version, 0, digest, hashes])],
    ['a fraction for width over height', changed(14, [version, 1.5, digest, hashes])],
    ['a short digest', changed(14, [version, aspect, digest?.subarray(1), hashes])],
    ['a hash too few', changed(14, [version, aspect, digest, hashes?.subarray(hashBytes)])],
    [
      'endless hashes of another version',
      changed(14, [version + 1, aspect, digest, new Uint8Array(wireLimits.hashes + 1)]),
    ],
  ])('with %s is refused', (_, value) => {
    expect(() => parseRecord(value)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });
});

describe('the order of records', () => {
  const records = (...seqs: number[]): HoldingRecord[] => seqs.map((seq) => [seq, idBytes(hexOf('id')), null]);

  test('ascends from the known position, with gaps, to the end that was said', () => {
    expect(() => checkOrder(records(5, 6, 9), 4, 9)).not.toThrow();
    expect(() => checkOrder([], 4, 4)).not.toThrow();
  });

  test.each([
    ['begins before it', records(4, 5), 4, 5],
    ['stands still', records(5, 5), 4, 5],
    ['goes back', records(6, 5), 4, 5],
    ['ends elsewhere', records(5, 6), 4, 7],
    ['is empty and ends elsewhere', records(), 4, 9],
  ])('that %s is refused', (_, page, from, last) => {
    expect(() => checkOrder(page, from, last)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });
});
