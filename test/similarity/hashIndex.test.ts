import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { layingsOf } from '../../src/daemon/similarity/aspects.ts';
import { HashIndex } from '../../src/daemon/similarity/hashIndex.ts';
import type { IndexSearch } from '../../src/daemon/similarity/hashIndex.ts';
import type { HashedPhoto } from '../../src/daemon/similarity/hashTable.ts';
import type { Kernel } from '../../src/daemon/similarity/kernel.ts';
import { loadKernel } from '../../src/daemon/similarity/loadKernel.ts';
import { inverse, orientations, orientHash } from '../../src/daemon/similarity/orientations.ts';
import { PlainKernel } from '../../src/daemon/similarity/plainKernel.ts';
import type { Candidate, Orientation } from '../../src/daemon/similarity/types.ts';
import { windowCount } from '../../src/protocol/features.ts';
import { Chance, hashOf } from './support/hashes.ts';

const limit = 88;
const windowNumbers = Array.from({ length: windowCount }, (_, window) => window);

function indexOf(photos: readonly HashedPhoto[], kernel: Kernel = new PlainKernel()): HashIndex {
  const index = new HashIndex(kernel);
  for (const photo of photos) index.set(photo);
  return index;
}

function search(index: HashIndex, keys: Iterable<number>, options: IndexSearch = { limit }): Candidate[] {
  return [...index.search(keys, options)].flatMap(({ candidates }) => candidates);
}

/** Whether two photos match, and how near, by trying everything. */
function reference(a: HashedPhoto, b: HashedPhoto): number | undefined {
  const layings = layingsOf(a.aspect, b.aspect);
  const allowed = orientations.filter((orientation) => (orientation & 4 ? layings.transposed : layings.straight));
  const combinations = windowNumbers.flatMap((window) => [[window, 0] as const, [0, window] as const]);
  const distances = combinations.flatMap(([windowA, windowB]) =>
    allowed.map((orientation) => distanceOf(a, b, { orientation, windowA, windowB })),
  );
  const best = Math.min(...distances);
  return best <= limit ? best : undefined;
}

function distanceOf(
  a: HashedPhoto,
  b: HashedPhoto,
  { orientation, windowA, windowB }: Pick<Candidate, 'orientation' | 'windowA' | 'windowB'>,
): number {
  const laid = orientHash(hashOf(a, windowA), orientation);
  const other = hashOf(b, windowB);
  let bits = 0;
  for (const [at, byte] of laid.entries()) {
    for (let rest = byte ^ (other[at] ?? 0); rest > 0; rest &= rest - 1) bits++;
  }
  return bits;
}

/** Pairs as texts, the lower key first, with their distance. */
function pairs(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ a, b, distance }) => `${Math.min(a, b)}-${Math.max(a, b)}: ${distance}`).sort();
}

/** Every pair that matches by {@link reference}. */
function allPairs(photos: readonly HashedPhoto[], wanted: (a: number, b: number) => boolean = () => true): string[] {
  return photos
    .flatMap((a, n) =>
      photos.slice(n + 1).flatMap((b) => {
        const distance = wanted(a.key, b.key) ? reference(a, b) : undefined;
        return distance === undefined ? [] : [{ a: a.key, b: b.key, distance }];
      }),
    )
    .map(({ a, b, distance }) => `${Math.min(a, b)}-${Math.max(a, b)}: ${distance}`)
    .sort();
}

const aspects = [1333, 1500, 1778, 2400, 1000, 1100, 750, 667, 563];

/** Photos by chance, of which some have a window like the whole or a window of an earlier one. */
function collection(seed: number, count: number): HashedPhoto[] {
  const chance = new Chance(seed);
  const photos: HashedPhoto[] = [];
  for (let key = 1; key <= count; key++) {
    const photo = chance.photo(key, aspects[chance.below(aspects.length)] ?? 1000);
    const earlier = photos[chance.below(photos.length + 1)];
    if (earlier !== undefined && chance.below(3) > 0) {
      const [from, to] = chance.below(2) ? [0, chance.below(windowCount)] : [chance.below(windowCount), 0];
      const orientation = chance.below(8) as Orientation;
      hashOf(photo, to).set(chance.changed(orientHash(hashOf(earlier, from), orientation), chance.below(130)));
    }
    photos.push(photo);
  }
  return photos;
}

describe.each(['wasm', 'plain'])('by the kernel %s', (name) => {
  let kernel: () => Kernel;
  beforeAll(async () => {
    const loaded = await loadKernel();
    expect(loaded.name).toBe('wasm');
    kernel = () => (name === 'wasm' ? loaded : new PlainKernel());
  });

  test.each(orientations)('a neighbour is found in orientation %i in every combination of windows', (orientation) => {
    // Among so many, one may be within the usual limit by chance.
    const near = { limit: 65 };
    for (const [windowA, windowB] of windowNumbers.flatMap((window) => [[window, 0] as const, [0, window] as const])) {
      const chance = new Chance(orientation * 100 + windowA * 11 + windowB + 1);
      const transposed = (orientation & 4) !== 0;
      const a = chance.photo(1, 1500);
      const b = chance.photo(2, transposed ? 667 : 1500);
      const others = Array.from({ length: 40 }, (_, n) => chance.photo(n + 3, aspects[n % aspects.length] ?? 1000));
      hashOf(b, windowB).set(chance.changed(orientHash(hashOf(a, windowA), orientation), 60));
      const distance = distanceOf(a, b, { orientation, windowA, windowB });
      const index = indexOf([...others.slice(0, 20), a, ...others.slice(20), b], kernel());
      expect(search(index, [1], near)).toEqual([{ a: 1, b: 2, distance, orientation, windowA, windowB }]);
      expect(search(index, [2], near)).toEqual([
        { a: 2, b: 1, distance, orientation: inverse(orientation), windowA: windowB, windowB: windowA },
      ]);
    }
  });

  test('nothing is missed, nothing is found twice, and the way to lay a pair is the one that is as near as said', () => {
    for (const seed of [1, 2]) {
      const photos = collection(seed, 100);
      const index = indexOf(photos, kernel());
      const expected = allPairs(photos);
      expect(expected.length).toBeGreaterThan(15);
      const candidates = search(
        index,
        photos.map(({ key }) => key),
      );
      expect(pairs(candidates)).toEqual(expected);
      const byKey = new Map(photos.map((photo) => [photo.key, photo]));
      for (const candidate of candidates) {
        const [a, b] = [byKey.get(candidate.a), byKey.get(candidate.b)];
        if (a === undefined || b === undefined) throw new Error('a key that was never added');
        expect(distanceOf(a, b, candidate)).toBe(candidate.distance);
        expect(Math.min(candidate.windowA, candidate.windowB)).toBe(0);
      }
    }
  });
});

test('a search of some keys compares them with everything, each pair once', () => {
  const photos = collection(4, 100);
  const index = indexOf(photos);
  const asked = new Set(photos.map(({ key }) => key).filter((key) => key % 3 === 0));
  const expected = allPairs(photos, (a, b) => asked.has(a) || asked.has(b));
  expect(pairs(search(index, [...asked, 99_999, ...asked]))).toEqual(expected);
});

test('photos that are added and searched a few at a time give every pair once', () => {
  const photos = collection(5, 100);
  const index = new HashIndex(new PlainKernel());
  const found: Candidate[] = [];
  for (let start = 0; start < photos.length; start += 30) {
    const some = photos.slice(start, start + 30);
    for (const photo of some) index.set(photo);
    found.push(
      ...search(
        index,
        some.map(({ key }) => key),
      ),
    );
  }
  expect(pairs(found)).toEqual(allPairs(photos));
});

test('after any changes the index finds what one made of the rest finds', () => {
  const pool = collection(6, 25);
  const changes = fc.array(fc.tuple(fc.boolean(), fc.nat(pool.length - 1), fc.nat(pool.length - 1)), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(changes, (all) => {
      const index = indexOf(pool);
      const model = new Map(pool.map((photo) => [photo.key, photo]));
      for (const [adds, key, content] of all) {
        const photo = { ...pool[content], key: key + 1 } as HashedPhoto;
        if (adds) {
          index.set(photo);
          model.set(photo.key, photo);
        } else {
          expect(index.delete(photo.key)).toBe(model.delete(photo.key));
        }
      }
      expect(index.size).toBe(model.size);
      expect(pairs(search(index, model.keys()))).toEqual(allPairs([...model.values()]));
    }),
    { numRuns: 15 },
  );
});

test('many photos of one aspect: chunks are filled, emptied and used again', () => {
  const chance = new Chance(7);
  const photos = Array.from({ length: 700 }, (_, key) => chance.photo(key, 1500));
  const first = photos[0];
  const last = photos[699];
  if (first === undefined || last === undefined) throw new Error('no photos');
  hashOf(last, 0).set(hashOf(first, 0));
  const index = indexOf(photos);
  const { bytes } = index;
  const found = [{ a: 0, b: 699, distance: 0, orientation: 0, windowA: 0, windowB: 0 }];
  expect(search(index, [0], { limit: 60 })).toEqual(found);
  // The last moves into the places of those that go.
  for (let key = 1; key < 699; key++) expect(index.delete(key)).toBe(true);
  expect(index.size).toBe(2);
  expect(search(index, [0], { limit: 60 })).toEqual(found);
  for (const photo of photos) index.set(photo);
  expect(index.size).toBe(700);
  expect(index.bytes).toBe(bytes);
  expect(
    search(
      index,
      photos.map(({ key }) => key),
      { limit: 60 },
    ),
  ).toEqual(found);
});

test('only the nearest are kept', () => {
  const chance = new Chance(8);
  const photo = chance.photo(0, 1500);
  const index = indexOf([photo]);
  const distances: number[] = [];
  for (let key = 1; key <= 600; key++) {
    const near = chance.photo(key, 1500);
    hashOf(near, 0).set(chance.changed(hashOf(photo, 0), chance.below(90)));
    index.set(near);
    distances.push(reference(photo, near) ?? Infinity);
  }
  const nearest = distances.filter((distance) => distance <= limit).sort((a, b) => a - b);
  const distancesOf = (perPhoto: number): number[] =>
    search(index, [0], { limit, perPhoto }).map(({ distance }) => distance);
  expect(distancesOf(1)).toEqual(nearest.slice(0, 1));
  expect(distancesOf(50)).toEqual(nearest.slice(0, 50));
  expect(distancesOf(1000)).toEqual(nearest);
});

test('photos that are all the same cost no more than others', () => {
  const chance = new Chance(9);
  const photo = chance.photo(0, 1500);
  const photos = Array.from({ length: 1_000 }, (_, key) => ({ ...photo, key }));
  const candidates = search(indexOf(photos), [0, 500], { limit, perPhoto: 20 });
  expect(candidates).toHaveLength(40);
  expect(new Set(candidates.map(({ distance }) => distance))).toEqual(new Set([0]));
});

test.each([
  [1500, 1500, true, false],
  [1500, 2100, true, false],
  [1500, 2101, false, false],
  [1500, 667, false, true],
  [1000, 1000, true, true],
  [1, 1_000_000, false, true],
  [1_000_000, 1_000_000, true, false],
])('aspects %i and %i: straight %s, transposed %s', (one, other, straight, transposed) => {
  const chance = new Chance(one + other);
  for (const orientation of [0, 4] as const) {
    const a = chance.photo(1, one);
    const b = chance.photo(2, other);
    hashOf(b, 0).set(orientHash(hashOf(a, 0), orientation));
    const found = orientation === 0 ? straight : transposed;
    const index = indexOf([a, b]);
    expect(search(index, [1], { limit: 40 })).toHaveLength(found ? 1 : 0);
    expect(search(index, [2], { limit: 40 })).toHaveLength(found ? 1 : 0);
  }
});

test('a photo with too few hashes is refused', () => {
  const index = new HashIndex(new PlainKernel());
  expect(() => index.set({ key: 1, aspect: 1000, hashes: new Uint8Array(10) })).toThrow(RangeError);
  expect(index.size).toBe(0);
});
