import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { Catalogue, CatalogueOptions } from '../../src/daemon/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/daemon/catalogue/catalogue.ts';
import { idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { Verdicts } from '../../src/daemon/catalogue/lookAlikeGroups.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import { stepThresholds } from '../../src/daemon/similarity/steps.ts';
import type { Alignment } from '../../src/daemon/similarity/types.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import { featuresVersion } from '../../src/protocol/features.ts';
import type { PhotoFacts } from '../../src/protocol/photo.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { features, hexOf, peerId, photo, sameView, search, sent } from './photos.ts';

const self = { peerId: peerId('m'), name: 'Maria' };
const nobody: ReadonlySet<string> = new Set();

/** Photos of one picture are those whose names begin alike: `sea small.jpg`, `sea large.jpg`. Their pictures are numbered. */
const pictures = ['sea', 'hill', 'city'];

function featuresOfName(name: string): PhotoFeatures {
  return features(name, { aspect: 1000 + pictures.indexOf(name.split(' ')[0] ?? ''), digest: null });
}

const nameOfId = new Map<string, string>();

function seen(name: string, facts: Partial<PhotoFacts> = {}): PhotoFacts {
  const one = photo(name, { features: featuresFingerprint(featuresOfName(name)), ...facts });
  nameOfId.set(one.id, name);
  return one;
}

function open(options: Partial<CatalogueOptions> = {}): Catalogue {
  const file = options.file ?? path.join(temporaryFolder(), 'catalogue.db');
  const featuresOf = (id: string): PhotoFeatures => featuresOfName(nameOfId.get(id) ?? '');
  const catalogue = openCatalogue({ file, self, copies: 2, featuresOf, ...options }, { logger: silentLogger });
  onTestFinished(() => catalogue[Symbol.dispose]());
  return catalogue;
}

/** `peer` states these photos in a new log. */
function holds(catalogue: Catalogue, peer: string, ...photos: PhotoFacts[]): void {
  catalogue.applyRemote(peer, {
    index: `log of ${peer} with ${photos.map(({ id }) => id).join()}`,
    records: photos.map((facts, n) => [
      n + 1,
      idBytes(facts.id),
      sent({ kind: 'original', facts }, featuresOfName(facts.name)),
    ]),
    last: photos.length,
  });
}

function compare(catalogue: Catalogue, alignment: Alignment = sameView): void {
  search(catalogue, (a, b) => (a.aspect === b.aspect ? alignment : undefined));
}

/** Keeper and others of each group, by name. */
function groups(catalogue: Catalogue, params: Parameters<Catalogue['duplicates']>[0] = {}): string[][] {
  return catalogue.duplicates(params, nobody).groups.map(({ photos }) => photos.map(({ name }) => name));
}

const small = seen('sea small.jpg', { width: 10 });
const large = seen('sea large.jpg');
const best = seen('sea best.jpg', { width: 4000 });
const hill = seen('hill.jpg');

/** What people said, to be changed by a test. */
function verdicts(): Verdicts & { distinct: Set<string>; chosen: Map<string, number> } {
  const [distinct, chosen] = [new Set<string>(), new Map<string, number>()];
  return {
    distinct,
    chosen,
    isDistinct: (a, b) => distinct.has([a, b].sort().join()),
    chosenStamp: (id) => chosen.get(id) ?? 0,
    state: () => [...distinct, ...Array.from(chosen, (choice) => choice.join())].join(' '),
  };
}

describe('groups', () => {
  test('form when the search finds them, over all peers, and go with their photos', () => {
    const catalogue = open();
    catalogue.reconcileOwn([small, hill]);
    holds(catalogue, peerId('x'), large);
    expect(groups(catalogue)).toEqual([]);
    compare(catalogue);
    expect(groups(catalogue)).toEqual([['sea large.jpg', 'sea small.jpg']]);
    const group = large.id.slice(0, 16);
    expect(catalogue.show(small.id, nobody)).toMatchObject({ group, keeper: false });
    expect(catalogue.show(large.id, nobody)).toMatchObject({ group, keeper: true });
    expect(catalogue.show(hill.id, nobody)).toMatchObject({ group: null, keeper: true });
    expect(catalogue.totals()).toMatchObject({ redundant: 1, duplicateGroups: 1, duplicateBytes: 1000 });
    catalogue.forgetHoldings(peerId('x'), 10);
    expect(groups(catalogue)).toEqual([]);
    expect(catalogue.show(small.id, nobody)).toMatchObject({ group: null, keeper: true });
  });

  test('get a better keeper when one comes, and keep what they are over a restart', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const catalogue = open({ file });
    catalogue.reconcileOwn([small, large]);
    compare(catalogue);
    catalogue.reconcileOwn([small, large, best]);
    compare(catalogue);
    expect(groups(catalogue)).toEqual([['sea best.jpg', 'sea large.jpg', 'sea small.jpg']]);
    catalogue[Symbol.dispose]();
    const again = open({ file });
    expect(again.uncomparedCount()).toBe(0);
    expect(groups(again)).toEqual([['sea best.jpg', 'sea large.jpg', 'sea small.jpg']]);
  });

  test('tell that they changed, and nothing when they did not', () => {
    const catalogue = open();
    let told = 0;
    catalogue.onGroups(() => told++);
    catalogue.reconcileOwn([small, large]);
    expect(told).toBe(0);
    compare(catalogue);
    expect(told).toBe(1);
    catalogue.reconcileOwn([small, large, hill]);
    compare(catalogue);
    expect(told).toBe(1);
    holds(catalogue, peerId('x'), small);
    expect(told).toBe(2);
  });

  test('say who differs how from the keeper, and what a person may win', () => {
    const catalogue = open();
    const place = { latitude: 40.5, longitude: -8.25 };
    const grey = seen('sea grey.png', { width: 20, height: 15, grey: true, format: 'png', size: 300, place });
    catalogue.reconcileOwn([grey, large]);
    holds(catalogue, peerId('x'), grey);
    compare(catalogue);
    const { total, bytes, groups: found } = catalogue.duplicates({}, nobody);
    expect({ total, bytes }).toEqual({ total: 1, bytes: 600 });
    expect(found[0]).toMatchObject({
      group: large.id.slice(0, 16),
      keeper: large.id,
      keeperReason: 'pixels',
      bytes: 600,
      metadata: { takenAt: null, camera: null, place },
    });
    expect(found[0]?.photos.map(({ name, tier, distance, reason }) => ({ name, tier, distance, reason }))).toEqual([
      { name: 'sea large.jpg', tier: 'T0', distance: 0, reason: '' },
      {
        name: 'sea grey.png',
        tier: 'T2',
        distance: 12,
        reason: 'same picture, 50 % of the size, greyscale, PNG instead of JPEG',
      },
    ]);
    expect(catalogue.show(large.id, nobody).fromGroup).toEqual({ takenAt: null, camera: null, place });
  });

  test('follow decisions that a power cut left newer than the catalogue, or that were lost', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const said = verdicts();
    const reopened = (): Catalogue => {
      const catalogue = open({ file, verdicts: said });
      catalogue.reconcileOwn([small, large]);
      return catalogue;
    };
    const first = reopened();
    compare(first);
    expect(groups(first)).toHaveLength(1);
    said.distinct.add([small.id, large.id].sort().join());
    first[Symbol.dispose]();
    const second = reopened();
    expect(groups(second)).toEqual([]);
    said.distinct.clear();
    second[Symbol.dispose]();
    expect(groups(reopened())).toHaveLength(1);
  });

  test('are those of the step that was chosen; another one is tried without changing them', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const catalogue = open({ file });
    catalogue.reconcileOwn([small, large]);
    compare(catalogue, { ...sameView, score: (stepThresholds.loose + stepThresholds.normal) / 2 });
    expect(groups(catalogue)).toEqual([]);
    expect(groups(catalogue, { threshold: 'loose' })).toEqual([['sea large.jpg', 'sea small.jpg']]);
    expect(catalogue.totals().redundant).toBe(0);
    catalogue[Symbol.dispose]();
    const loose = open({ file, similarity: 'loose' });
    expect(groups(loose)).toEqual([['sea large.jpg', 'sea small.jpg']]);
    expect(groups(loose, { threshold: 'strict' })).toEqual([]);
    expect(groups(loose, { threshold: 12 })).toHaveLength(1);
    expect(groups(loose, { threshold: 11 })).toEqual([]);
    loose[Symbol.dispose]();
    expect(groups(open({ file, similarity: 'normal' }))).toEqual([]);
  });

  test('come in pages, most bytes to win first', () => {
    const catalogue = open();
    catalogue.reconcileOwn([
      large,
      small,
      seen('hill large.jpg', { size: 9000 }),
      seen('hill small.jpg', { size: 8000 }),
    ]);
    compare(catalogue);
    const page = (offset: number): unknown => groups(catalogue, { limit: 1, offset })[0]?.[0];
    expect([page(0), page(1), page(2)]).toEqual(['hill large.jpg', 'sea large.jpg', undefined]);
    expect(groups(catalogue, { group: large.id.slice(0, 16) })).toHaveLength(1);
    expect(groups(catalogue, { group: '0'.repeat(16) })).toEqual([]);
  });

  test('name photos with more copies than wanted, as groups of their own', () => {
    const catalogue = open();
    catalogue.reconcileOwn([hill]);
    for (const letter of ['x', 'y']) holds(catalogue, peerId(letter), hill);
    expect(catalogue.duplicates({}, nobody).groups).toMatchObject([
      {
        keeper: hill.id,
        keeperReason: 'only',
        bytes: 1000,
        photos: [{ reason: '3 identical copies, 2 are wanted', differences: [{ kind: 'identical', copies: 3 }] }],
      },
    ]);
  });

  test('count what a keeper has too many of, and every copy of the others once', () => {
    const catalogue = open();
    catalogue.reconcileOwn([small, large]);
    for (const letter of ['x', 'y']) holds(catalogue, peerId(letter), small, large);
    compare(catalogue);
    expect(catalogue.duplicates({}, nobody)).toMatchObject({ total: 1, bytes: 4000, groups: [{ bytes: 4000 }] });
    const planned = catalogue.planDrops({}, nobody).map(({ name, size }) => ({ name, size }));
    expect(planned.reduce((sum, { size }) => sum + size, 0)).toBe(4000);
    expect(planned.filter(({ name }) => name === large.name)).toHaveLength(1);
  });
});

describe('what people say', () => {
  test('takes two photos apart, and the keeper of their group is another one then', () => {
    const said = verdicts();
    const catalogue = open({ verdicts: said });
    catalogue.reconcileOwn([small, large, best]);
    compare(catalogue);
    said.distinct.add([best.id, large.id].sort().join());
    catalogue.verdictsChanged([best.id, large.id]);
    // The small one matches both, and is in one group only: that of the better keeper.
    expect(groups(catalogue)).toEqual([['sea best.jpg', 'sea small.jpg']]);
    said.distinct.clear();
    catalogue.verdictsChanged([best.id, large.id]);
    expect(groups(catalogue)).toEqual([['sea best.jpg', 'sea large.jpg', 'sea small.jpg']]);
  });

  test('chooses a keeper, and the group keeps its id', () => {
    const said = verdicts();
    const catalogue = open({ verdicts: said });
    catalogue.reconcileOwn([small, large]);
    compare(catalogue);
    said.chosen.set(small.id, 5);
    catalogue.verdictsChanged([small.id]);
    expect(catalogue.duplicates({}, nobody).groups).toMatchObject([
      { group: large.id.slice(0, 16), keeper: small.id, keeperReason: 'chosen' },
    ]);
    expect(catalogue.show(large.id, nobody)).toMatchObject({ group: large.id.slice(0, 16), keeper: false });
  });
});

describe('features', () => {
  test('that a peer states again differently are compared anew', () => {
    const catalogue = open();
    catalogue.reconcileOwn([large]);
    holds(catalogue, peerId('x'), small);
    compare(catalogue);
    expect(groups(catalogue)).toHaveLength(1);
    const other = featuresOfName('hill small.jpg');
    const facts = { ...small, features: featuresFingerprint(other) };
    catalogue.applyRemote(peerId('x'), {
      ...catalogue.remotePosition(peerId('x')),
      records: [[2, idBytes(small.id), sent({ kind: 'original', facts }, other)]],
      last: 2,
    });
    expect(groups(catalogue)).toEqual([]);
    expect(catalogue.uncompared(10).map(({ aspect }) => aspect)).toEqual([other.aspect]);
    expect(catalogue.takeStale()).toHaveLength(1);
  });

  test('of another version, or of a flat picture, are not compared', () => {
    const catalogue = open();
    const foreign = { ...featuresOfName('sea'), version: featuresVersion + 1 };
    const flat = { ...featuresOfName('sea'), hashes: null };
    for (const [letter, made] of [
      ['x', foreign],
      ['y', flat],
    ] as const) {
      const facts = photo(`${letter}.jpg`, { features: featuresFingerprint(made) });
      catalogue.applyRemote(peerId(letter), {
        index: letter,
        records: [[1, idBytes(facts.id), sent({ kind: 'original', facts }, made)]],
        last: 1,
      });
    }
    expect(catalogue.totals().photos).toBe(2);
    expect(catalogue.uncomparedCount()).toBe(0);
    expect(catalogue.compared(0, 10)).toEqual([]);
  });

  test('of this folder go out with its log, and those of others do not', () => {
    const catalogue = open();
    catalogue.reconcileOwn([large]);
    holds(catalogue, peerId('x'), small);
    const { records } = catalogue.ownSince('', 0, 10);
    const made = featuresOfName(large.name);
    expect(records.map(([, id, statement]) => [Buffer.from(id).toString('hex'), statement?.at(-1)])).toEqual([
      [large.id, [made.version, made.aspect, null, made.hashes]],
    ]);
  });

  test('of a photo that comes again under the number of one that went are not taken for those', () => {
    const catalogue = open();
    catalogue.reconcileOwn([large]);
    const [first] = catalogue.uncompared(10);
    catalogue.reconcileOwn([]);
    catalogue.reconcileOwn([hill]);
    // The search was at work with the first photo all the while.
    catalogue.addCandidates([first?.key ?? 0], []);
    expect(catalogue.uncompared(10)).toMatchObject([{ key: first?.key, aspect: 999 }]);
  });

  test('of a photo that went make no pair for the one that has its number now', () => {
    const catalogue = open();
    catalogue.reconcileOwn([small, large]);
    const [a = 0, b = 0] = catalogue.uncompared(10).map(({ key }) => key);
    catalogue.reconcileOwn([small]);
    catalogue.reconcileOwn([small, hill]);
    catalogue.addCandidates([a, b], [{ a, b, distance: 0, orientation: 3, windowA: 0, windowB: 0 }]);
    expect(catalogue.uncompared(10).map(({ key }) => key)).toEqual([b]);
    expect(catalogue.openPairs(0, 0, 10)).toEqual([]);
  });

  test('make no more pairs of a photo than can be looked at', () => {
    const catalogue = open();
    catalogue.reconcileOwn(Array.from({ length: 200 }, (_, n) => seen(`sea ${n}.jpg`)));
    const keys = catalogue.uncompared(1_000).map(({ key }) => key);
    const candidates = keys.flatMap((a, n) =>
      keys.slice(n + 1).map((b) => ({ a, b, distance: 0, orientation: 0 as const, windowA: 0, windowB: 0 })),
    );
    catalogue.addCandidates(keys, candidates);
    const pairs = new Map<number, number>();
    for (const { a, b } of catalogue.openPairs(0, 0, 100_000)) {
      for (const key of [a, b]) pairs.set(key, (pairs.get(key) ?? 0) + 1);
    }
    expect(Math.max(...pairs.values())).toBe(64);
  });

  test('give up far pairs for nearer ones that come later', () => {
    const catalogue = open();
    catalogue.reconcileOwn(Array.from({ length: 200 }, (_, n) => seen(`sea ${n}.jpg`)));
    const [first = 0, ...others] = catalogue.uncompared(1_000).map(({ key }) => key);
    const pair = { orientation: 0 as const, windowA: 0, windowB: 0 };
    catalogue.addCandidates(
      others,
      others.slice(0, 100).map((b, n) => ({ ...pair, a: first, b, distance: 20 + (n % 50) })),
    );
    const [late = 0, farther = 0] = others.slice(-2);
    catalogue.addCandidates([first], [{ ...pair, a: late, b: first, distance: 3 }]);
    catalogue.addCandidates([first], [{ ...pair, a: farther, b: first, distance: 80 }]);
    const left = catalogue.openPairs(0, 0, 1_000);
    expect(left).toHaveLength(64);
    expect(left.filter(({ b }) => b === late || b === farther)).toMatchObject([{ b: late, distance: 3 }]);
    expect(Math.max(...left.map(({ distance }) => distance))).toBe(51);
  });
});

describe('a plan', () => {
  test('names every copy of what is redundant, and replicas before originals of what has too many', () => {
    const catalogue = open();
    catalogue.reconcileOwn([small, large]);
    holds(catalogue, peerId('x'), small);
    compare(catalogue);
    expect(catalogue.planDrops({}, nobody)).toEqual(
      [self.peerId, peerId('x')].map((holder) => ({
        id: small.id,
        name: small.name,
        group: large.id.slice(0, 16),
        keeper: large.id,
        peerId: holder,
        peerName: expect.any(String) as unknown,
        kind: 'original',
        size: 1000,
        reason: expect.stringContaining('same picture') as unknown,
      })),
    );
  });

  test('keeps another photo on demand, and drops only what that one matches itself', () => {
    const said = verdicts();
    const catalogue = open({ verdicts: said });
    catalogue.reconcileOwn([small, large, best]);
    search(catalogue, (a, b) => {
      const both = [a.hashes, b.hashes].map((hashes) => Buffer.from(hashes).toString('hex'));
      const of = (name: string): string => Buffer.from(featuresOfName(name).hashes ?? []).toString('hex');
      return both.includes(of(small.name)) && both.includes(of(large.name)) ? undefined : sameView;
    });
    expect(groups(catalogue)).toEqual([['sea best.jpg', 'sea large.jpg', 'sea small.jpg']]);
    const dropped = (keep: string): string[] => catalogue.planDrops({ keep }, nobody).map(({ name }) => name);
    expect(dropped(best.id)).toEqual(['sea large.jpg', 'sea small.jpg']);
    expect(dropped(small.id)).toEqual(['sea best.jpg']);
    expect(() => dropped(hexOf('none'))).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(() => catalogue.planDrops({ group: '0'.repeat(16) }, nobody)).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
  });
});
