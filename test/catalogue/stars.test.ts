import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeepers } from '../../src/daemon/catalogue/keeper.ts';
import type { DuplicateEdge, NumberedPhoto } from '../../src/daemon/catalogue/stars.ts';
import { groupId, leadOf, starsOf } from '../../src/daemon/catalogue/stars.ts';
import { hexOf, photo } from './photos.ts';

/** The photo with the lowest number is the best, unless a width says otherwise. */
function numbered(number: number, change: Partial<NumberedPhoto> = {}): NumberedPhoto {
  const id = String(number).padStart(4, '0').repeat(16);
  return { ...photo(`${number}.jpg`, { id }), chosen: 0, photo: number, ...change };
}

const edge = (a: number, b: number): DuplicateEdge => ({ a, b });
const few = [0, 1, 2, 3, 4].map((number) => numbered(number));

const collections = fc
  .array(fc.record({ width: fc.integer({ min: 1, max: 4 }), chosen: fc.constantFrom(0, 0, 0, 7) }), { maxLength: 14 })
  .chain((changes) => {
    const photos = changes.map((change, number) => numbered(number, change));
    const end = fc.nat({ max: Math.max(photos.length - 1, 0) });
    return fc.record({
      photos: fc.constant(photos),
      edges: fc.array(fc.record({ a: end, b: end }), { maxLength: 40 }),
    });
  });

describe('the stars', () => {
  test('leave photos alone that have no duplicate', () => {
    expect(starsOf(few, [])).toEqual(new Map());
    expect(starsOf(few, [edge(1, 1), edge(2, 77)])).toEqual(new Map());
  });

  test('of a chain are no chain', () => {
    const stars = starsOf(few, [edge(0, 1), edge(1, 2), edge(2, 3), edge(3, 4)]);
    expect(Object.fromEntries(stars)).toEqual({ 0: 0, 1: 0, 2: 2, 3: 2 });
  });

  test('have the chosen one in the middle', () => {
    const photos = few.map((one) => (one.photo === 1 ? { ...one, chosen: 9 } : one));
    const stars = starsOf(photos, [edge(0, 1), edge(1, 2), edge(0, 3), edge(3, 4)]);
    expect(Object.fromEntries(stars)).toEqual({ 0: 1, 1: 1, 2: 1, 3: 3, 4: 3 });
  });

  test('are made of duplicates of their keepers, each worse than it; whoever could be in one is', () => {
    fc.assert(
      fc.property(collections, ({ photos, edges }) => {
        const stars = starsOf(photos, edges);
        const linked = new Set(edges.flatMap(({ a, b }) => (a === b ? [] : [`${a} ${b}`, `${b} ${a}`])));
        const of = (number: number): NumberedPhoto => photos[number] ?? numbered(number);
        const sizes = new Map<number, number>();
        for (const [member, keeper] of stars) {
          sizes.set(keeper, (sizes.get(keeper) ?? 0) + 1);
          // A keeper is its own keeper: so nobody is in two groups, nor a keeper in the group of another.
          expect(stars.get(keeper)).toBe(keeper);
          if (member === keeper) continue;
          expect(linked).toContain(`${member} ${keeper}`);
          expect(compareKeepers(of(keeper), of(member))).toBeLessThan(0);
        }
        for (const size of sizes.values()) expect(size).toBeGreaterThan(1);
        for (const { photo: alone } of photos.filter(({ photo: number }) => !stars.has(number))) {
          // All its duplicates are members of somebody: no two photos are left that could be a group.
          const others = photos.filter(({ photo: other }) => linked.has(`${alone} ${other}`));
          for (const { photo: other } of others) expect(stars.get(other) ?? other).not.toBe(other);
        }
      }),
    );
  });

  test('are the same whatever order photos and edges come in', () => {
    fc.assert(
      fc.property(collections, fc.gen(), ({ photos, edges }, gen) => {
        const shuffledPhotos = gen(fc.shuffledSubarray, photos, { minLength: photos.length });
        const shuffledEdges = gen(fc.shuffledSubarray, edges, { minLength: edges.length });
        const turnedEdges = shuffledEdges.map(({ a, b }) => (gen(fc.boolean) ? { a, b } : { a: b, b: a }));
        const entries = (stars: Map<number, number>): [number, number][] => [...stars].toSorted(([a], [b]) => a - b);
        expect(entries(starsOf(shuffledPhotos, turnedEdges))).toEqual(entries(starsOf(photos, edges)));
      }),
    );
  });

  test('of 2,000 photos that all look alike take a moment', () => {
    const photos = Array.from({ length: 2000 }, (_, number) => numbered(number));
    const edges = photos.flatMap(({ photo: a }) => Array.from({ length: 50 }, (_, n) => edge(a, (a * 7 + n) % 2000)));
    const start = performance.now();
    const stars = starsOf(photos, edges);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(stars.size).toBeGreaterThan(1900);
  });
});

describe('the id of a group', () => {
  const best = numbered(3, { id: hexOf('best'), width: 100 });

  test('is the start of the id of its best photo', () => {
    expect(leadOf([numbered(1), best, numbered(2)])?.photo).toBe(3);
    expect(groupId(best.id)).toBe(hexOf('best').slice(0, 16));
  });

  test('stays when a person chooses another keeper, and when others come', () => {
    expect(leadOf([numbered(1, { chosen: 5 }), best])?.photo).toBe(3);
    expect(leadOf([best, numbered(4), numbered(1)])?.photo).toBe(3);
  });
});
