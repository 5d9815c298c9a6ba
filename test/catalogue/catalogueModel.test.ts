import fs from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../src/daemon/catalogue/catalogue.ts';
import type { Catalogue } from '../../src/daemon/catalogue/catalogue.ts';
import { idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { KeeperFacts } from '../../src/daemon/catalogue/keeper.ts';
import { relationOf } from '../../src/daemon/catalogue/relation.ts';
import { groupId, leadOf, starsOf } from '../../src/daemon/catalogue/stars.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { ListParams, PhotoSummary } from '../../src/protocol/control.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../src/protocol/photo.ts';
import type { Holding, HoldingRecord } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { features, hexOf, peerId, photo, sameView, search, sent } from './photos.ts';

// Random changes by four peers to eight photos, with restarts between, against a model that recomputes everything from plain
// maps each time it is asked.

const self = peerId('m');
const others = [peerId('a'), peerId('p'), peerId('z')];
const copies = 2;

/** What every peer states now. */
type Model = Map<string, Map<PhotoId, Holding>>;

/** Photos whose numbers differ by three look alike. Bytes decide about features: who states a photo states the same ones. */
function pictureOf(id: PhotoId): number {
  return numbers.findIndex((number) => hexOf(String(number)) === id) % 3;
}

function featuresOf(id: PhotoId): PhotoFeatures {
  return features(id, { aspect: 1000 + pictureOf(id), digest: null });
}

const numbers = Array.from({ length: 8 }, (_, number) => number);
const facts: fc.Arbitrary<PhotoFacts> = fc
  .record({
    photo: fc.integer({ min: 0, max: 7 }),
    name: fc.constantFrom('a.jpg', 'B.jpg', 'ção.jpg'),
    takenAt: fc.constantFrom(null, '2018-07-25T16:34:23', '2018-07-25T16:34:23+01:00', '2019-01-01T00:00:00'),
    camera: fc.constantFrom(null, 'Canon'),
    width: fc.constantFrom(40, 41),
    size: fc.constantFrom(1000, 1001),
    damaged: fc.boolean(),
    grey: fc.boolean(),
    motion: fc.boolean(),
  })
  .map(({ photo: number, name, ...rest }) => {
    const id = hexOf(String(number));
    return photo(name, { ...rest, id, features: featuresFingerprint(featuresOf(id)) });
  });

const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('own'),
      added: fc.array(facts, { maxLength: 4 }),
      removed: fc.array(facts, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reconcile'), photos: fc.array(facts, { maxLength: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('remote'),
      peer: fc.constantFrom(...others),
      records: fc.array(fc.record({ facts, kind: fc.constantFrom('original', 'replica'), gone: fc.boolean() }), {
        maxLength: 5,
      }),
      newLog: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('forget'), peer: fc.constantFrom(...others) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart') }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('search'), search: fc.constant(true) }) },
);

function holdersIn(model: Model, id: PhotoId): [string, Holding][] {
  const found: [string, Holding][] = [];
  for (const [peer, holdings] of model) {
    const holding = holdings.get(id);
    if (holding !== undefined) found.push([peer, holding]);
  }
  const rank = ([peer, { kind }]: [string, Holding]): string => `${peer === self ? 0 : 1}${kind}${peer}`;
  return found.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function factsIn(model: Model): PhotoFacts[] {
  const ids = new Set([...model.values()].flatMap((holdings) => [...holdings.keys()]));
  return [...ids].flatMap((id) =>
    holdersIn(model, id)
      .slice(0, 1)
      .map(([, { facts }]) => facts),
  );
}

function summariesIn(model: Model): (PhotoSummary & { camera: string | null })[] {
  const all = factsIn(model);
  const numbered = all.map((facts, number) => ({ ...facts, photo: number, chosen: 0, digest: null }));
  const edges = numbered.flatMap((a) =>
    numbered
      .filter((b) => a.photo < b.photo && pictureOf(a.id) === pictureOf(b.id))
      .filter((b) => relationOf(a, b, sameView).kind === 'duplicate')
      .map((b) => ({ a: a.photo, b: b.photo })),
  );
  const keepers = starsOf(numbered, edges);
  return all.map((facts, number) => {
    const keeper = keepers.get(number);
    const group: KeeperFacts[] = numbered.filter(({ photo: other }) => keepers.get(other) === keeper);
    const lead = keeper === undefined ? undefined : leadOf(group);
    const { id, blockhash, name, size, width, height, format, takenAt, camera } = facts;
    return {
      id,
      blockhash,
      name,
      size,
      width,
      height,
      format,
      takenAt,
      camera,
      holders: holdersIn(model, id)
        .map(([peer, { kind }]) => ({
          peerId: peer,
          name: peer === self ? 'Maria' : peer.slice(-8),
          online: peer === self,
          kind,
        }))
        .sort((a, b) => (a.kind + a.peerId < b.kind + b.peerId ? -1 : 1)),
      group: lead === undefined ? null : groupId(lead.id),
      keeper: keeper === undefined || keeper === number,
    };
  });
}

function listIn(model: Model, params: ListParams): PhotoSummary[] {
  const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const key = (photo: PhotoSummary): string => (photo.takenAt ?? '').slice(0, 19);
  return summariesIn(model)
    .filter((photo) => params.peer === undefined || photo.holders.some(({ peerId }) => peerId === params.peer))
    .filter((photo) => {
      const text = fold(`${photo.name} ${photo.camera ?? ''} ${photo.takenAt ?? ''}`);
      return params.query === undefined || text.includes(fold(params.query));
    })
    .filter((photo) => params.after === undefined || key(photo) >= params.after)
    .filter((photo) => params.before === undefined || (key(photo) !== '' && key(photo) < params.before))
    .filter((photo) => params.duplicates !== true || photo.group !== null || photo.holders.length > copies)
    .sort((a, b) => (key(a) === key(b) ? (a.id < b.id ? -1 : 1) : key(a) > key(b) ? -1 : 1))
    .map(({ camera: _camera, ...summary }) => summary);
}

const questions: ListParams[] = [
  {},
  { peer: self },
  { peer: peerId('p') },
  { query: 'CAO' },
  { query: 'canon', peer: peerId('p') },
  { query: '+01' },
  { after: '2019' },
  { before: '2019', peer: peerId('z') },
  { duplicates: true },
];

function check(catalogue: Catalogue, model: Model): void {
  for (const params of questions) {
    const photos = listIn(model, params);
    expect(catalogue.list(params, new Set())).toStrictEqual({ total: photos.length, photos });
    const middle = { ...params, limit: 2, offset: 1 };
    expect(catalogue.list(middle, new Set())).toStrictEqual({ total: photos.length, photos: photos.slice(1, 3) });
  }
  const summaries = summariesIn(model);
  expect(catalogue.totals()).toEqual({
    photos: summaries.length,
    underReplicated: summaries.filter(({ holders }) => holders.length < copies).length,
    redundant: summaries.filter(({ keeper }) => !keeper).length,
    duplicateGroups:
      new Set(summaries.flatMap(({ group }) => group ?? [])).size +
      summaries.filter(({ group, holders }) => group === null && holders.length > copies).length,
    duplicateBytes: summaries.reduce(
      (sum, { size, holders, keeper }) => sum + size * Math.max(0, holders.length - (keeper ? copies : 0)),
      0,
    ),
  });
  const { total, bytes } = catalogue.duplicates({ limit: 1 }, new Set());
  expect(catalogue.totals()).toMatchObject({ duplicateGroups: total, duplicateBytes: bytes });
  for (const month of ['2018-07', '2019-01', null]) {
    const expected = summaries.filter(({ takenAt }) => (takenAt?.slice(0, 7) ?? null) === month).length;
    expect(catalogue.months({}).find((each) => each.month === month)?.photos ?? 0).toBe(expected);
    expect(catalogue.list({ month }, new Set()).total).toBe(expected);
  }
  for (const { peerId, photos, bytes } of catalogue.peers(new Set(), self)) {
    const held = [...(model.get(peerId)?.values() ?? [])];
    expect({ peerId, photos, bytes }).toEqual({
      peerId,
      photos: held.length,
      bytes: held.reduce((sum, { facts }) => sum + facts.size, 0),
    });
  }
}

/** What a peer that reads the whole own log ends up with. */
function replayed(catalogue: Catalogue): Map<string, string> {
  const held = new Map<string, string>();
  for (let after = 0, more = true, index = ''; more;) {
    const page = catalogue.ownSince(index, after, 3);
    for (const [, id, statement] of page.records) {
      const hex = Buffer.from(id).toString('hex');
      if (statement === null) held.delete(hex);
      else held.set(hex, statement[1]);
    }
    ({ index, last: after, more } = page);
  }
  return held;
}

test('a catalogue answers as the sum of what every peer states', () => {
  const folder = temporaryFolder();
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const file = path.join(folder, 'catalogue.db');
      for (const ending of ['', '-wal', '-shm']) fs.rmSync(file + ending, { force: true });
      const open = (): Catalogue =>
        openCatalogue({ file, self: { peerId: self, name: 'Maria' }, copies, featuresOf }, { logger: silentLogger });
      const compareAll = (): void => search(catalogue, (a, b) => (a.aspect === b.aspect ? sameView : undefined));
      let catalogue = open();
      try {
        const model: Model = new Map([self, ...others].map((peer) => [peer, new Map<PhotoId, Holding>()]));
        const own = model.get(self) ?? new Map<PhotoId, Holding>();
        const logs = new Map(others.map((peer) => [peer, { index: 'log 0', seq: 0 }]));
        const put = (facts: PhotoFacts): unknown => own.set(facts.id, { kind: 'original', facts });
        for (const step of changes) {
          if ('added' in step) {
            catalogue.applyLibraryChange({ added: step.added, removed: step.removed.map(({ id }) => id) });
            for (const { id } of step.removed) own.delete(id);
            step.added.forEach(put);
          } else if ('photos' in step) {
            catalogue.reconcileOwn(step.photos);
            own.clear();
            step.photos.forEach(put);
          } else if ('records' in step) {
            const { peer } = step;
            const log = logs.get(peer) ?? { index: '', seq: 0 };
            const holdings = model.get(peer);
            if (step.newLog) {
              Object.assign(log, { index: `${log.index}+`, seq: 0 });
              holdings?.clear();
            }
            const records = step.records.map(({ facts, kind, gone }): HoldingRecord => {
              const holding: Holding = { kind, facts };
              if (gone) holdings?.delete(facts.id);
              else holdings?.set(facts.id, holding);
              log.seq += 2;
              return [log.seq, idBytes(facts.id), gone ? null : sent(holding, featuresOf(facts.id))];
            });
            catalogue.applyRemote(peer, { index: log.index, records, last: log.seq });
            expect(catalogue.remotePosition(peer)).toEqual(log);
          } else if ('peer' in step) {
            catalogue.forgetHoldings(step.peer, 100);
            model.get(step.peer)?.clear();
            Object.assign(logs.get(step.peer) ?? {}, { index: 'log 0', seq: 0 });
          } else if ('search' in step) {
            compareAll();
          } else {
            catalogue[Symbol.dispose]();
            catalogue = open();
          }
        }
        // A peer that was never heard of cannot be asked for.
        for (const peer of others)
          catalogue.peerSeen({ peerId: peer, name: peer.slice(-8), port: 1, addresses: [] }, 0);
        compareAll();
        check(catalogue, model);
        expect(replayed(catalogue)).toEqual(new Map([...own].map(([id, { facts }]) => [id, facts.name])));
      } finally {
        catalogue[Symbol.dispose]();
      }
    }),
    { numRuns: 100 },
  );
});
