import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Catalogue, CatalogueOptions } from '../../src/daemon/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/daemon/catalogue/catalogue.ts';
import { idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { Logger } from '../../src/daemon/base/logger.ts';
import type { PhotoFacts } from '../../src/protocol/photo.ts';
import type { HoldingRecord } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { hexOf, peerId, photo, sent } from './photos.ts';

const self = { peerId: peerId('m'), name: 'Maria' };
const offline: ReadonlySet<string> = new Set();

function open(options: Partial<CatalogueOptions> = {}, logger: Logger = silentLogger): Catalogue {
  const file = options.file ?? path.join(temporaryFolder(), 'catalogue.db');
  const catalogue = openCatalogue({ file, self, copies: 2, ...options }, { logger });
  onTestFinished(() => catalogue[Symbol.dispose]());
  return catalogue;
}

function stated(seq: number, facts: PhotoFacts, kind: 'original' | 'replica' = 'original'): HoldingRecord {
  return [seq, idBytes(facts.id), sent({ kind, facts })];
}

function gone(seq: number, facts: PhotoFacts): HoldingRecord {
  return [seq, idBytes(facts.id), null];
}

/** `peer` states these photos, numbered from 1, in a new log. */
function holds(catalogue: Catalogue, peer: string, ...photos: PhotoFacts[]): void {
  catalogue.applyRemote(peer, {
    index: `log of ${peer}`,
    records: photos.map((facts, index) => stated(index + 1, facts)),
    last: photos.length,
  });
}

function names(catalogue: Catalogue, params: Parameters<Catalogue['list']>[0] = {}): string[] {
  return catalogue.list(params, offline).photos.map(({ name }) => name);
}

const refusal = (code: string) => expect.objectContaining({ name: 'AppError', code });

describe('the own log', () => {
  test('has one record for each photo, the latest, in the order of changes', () => {
    const catalogue = open();
    const [a, b] = [photo('a.jpg'), photo('b.jpg')];
    catalogue.applyLibraryChange({ added: [a, b], removed: [] });
    catalogue.applyLibraryChange({ added: [], removed: [a.id] });
    const page = catalogue.ownSince('', 0, 10);
    expect(page.records.map(([, id, statement]) => [Buffer.from(id).toString('hex'), statement?.[1] ?? null])).toEqual([
      [b.id, 'b.jpg'],
      [a.id, null],
    ]);
    expect(page.last).toBe(page.records[1]?.[0]);
    expect(page.more).toBe(false);
    expect(page.records[0]?.[0]).toBeLessThan(page.records[1]?.[0] ?? 0);
  });

  test('is read in pages', () => {
    const catalogue = open();
    catalogue.applyLibraryChange({ added: Array.from({ length: 25 }, (_, n) => photo(`${n}.jpg`)), removed: [] });
    const seen: number[] = [];
    let { index, records, last, more } = catalogue.ownSince('', 0, 10);
    seen.push(records.length);
    while (more) {
      ({ index, records, last, more } = catalogue.ownSince(index, last, 10));
      seen.push(records.length);
    }
    expect(seen).toEqual([10, 10, 5]);
    expect(catalogue.ownSince(index, last, 10)).toEqual({ index, records: [], last, more: false });
  });

  test('starts from the beginning for those who know another log', () => {
    const catalogue = open();
    catalogue.applyLibraryChange({ added: [photo('a.jpg')], removed: [] });
    const { index, last } = catalogue.ownSince('', 0, 10);
    expect(catalogue.ownSince('another', last, 10)).toMatchObject({ index, records: [expect.anything()], last });
    expect(open().ownSince('', 0, 1).index).not.toBe(index);
  });

  test('goes on after a restart, and reconciling writes what changed meanwhile and nothing else', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const [a, b, c] = [photo('a.jpg'), photo('b.jpg'), photo('c.jpg')];
    const first = open({ file });
    first.reconcileOwn([a, b]);
    const { index, last } = first.ownSince('', 0, 10);
    first[Symbol.dispose]();

    const second = open({ file });
    let advanced = 0;
    second.onOwnAdvanced(() => advanced++);
    second.reconcileOwn([b, a]);
    expect(advanced).toBe(0);
    expect(second.ownSince(index, last, 10)).toEqual({ index, records: [], last, more: false });
    second.reconcileOwn([{ ...a, name: 'renamed.jpg' }, c, c]);
    expect(advanced).toBe(1);
    const { records } = second.ownSince(index, last, 10);
    expect(records.map(([, , statement]) => statement?.[1] ?? null)).toEqual(['renamed.jpg', 'c.jpg', null]);
    expect(names(second, { sort: 'name' })).toEqual(['c.jpg', 'renamed.jpg']);
  });

  test('gets a new index id, once, when a peer knows records that a restored backup does not have', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'catalogue.db');
    const catalogue = open({ file });
    catalogue.reconcileOwn([photo('a.jpg')]);
    const { index, last } = catalogue.ownSince('', 0, 10);
    let advanced = 0;
    catalogue.onOwnAdvanced(() => advanced++);
    // The numbers of this run are this log's; those of another run between them and the restored end are not.
    expect(catalogue.ownSince(index, last, 10).index).toBe(index);
    const renewed = catalogue.ownSince(index, last + 1000, 10);
    expect(renewed).toMatchObject({ records: [expect.anything()], last, more: false });
    expect(renewed.index).not.toBe(index);
    expect(advanced).toBe(1);
    expect(catalogue.ownSince(renewed.index, last + 1000, 10).index).toBe(renewed.index);
    catalogue[Symbol.dispose]();
    expect(open({ file }).ownSince('', 0, 1).index).toBe(renewed.index);
  });

  test('and what it stated are left behind when the folder gets another key', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const first = open({ file });
    first.reconcileOwn([photo('a.jpg'), photo('b.jpg')]);
    const { index } = first.ownSince('', 0, 10);
    first[Symbol.dispose]();
    const second = open({ file, self: { peerId: peerId('n'), name: 'Maria' } });
    expect(second.totals().photos).toBe(0);
    expect(second.ownSince('', 0, 10)).toMatchObject({ records: [], last: 0 });
    expect(second.ownSince('', 0, 10).index).not.toBe(index);
    second.reconcileOwn([photo('a.jpg')]);
    expect(second.holders(photo('a.jpg').id)).toEqual([peerId('n')]);
  });
});

describe('the log of another peer', () => {
  const peer = peerId('p');
  const [a, b, c] = [photo('a.jpg'), photo('b.jpg'), photo('c.jpg')];

  test('is known up to its last record, over restarts', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const catalogue = open({ file });
    expect(catalogue.remotePosition(peer)).toEqual({ index: '', seq: 0 });
    catalogue.applyRemote(peer, { index: 'one', records: [stated(3, a), stated(7, b)], last: 7 });
    catalogue.applyRemote(peer, { index: 'one', records: [gone(9, a)], last: 9 });
    catalogue[Symbol.dispose]();
    const again = open({ file });
    expect(again.remotePosition(peer)).toEqual({ index: 'one', seq: 9 });
    expect(names(again)).toEqual(['b.jpg']);
  });

  test('of another index replaces what the peer stated before', () => {
    const catalogue = open();
    holds(catalogue, peerId('q'), b);
    catalogue.applyRemote(peer, { index: 'one', records: [stated(3, a), stated(7, b)], last: 7 });
    catalogue.applyRemote(peer, { index: 'two', records: [stated(1, c)], last: 1 });
    expect(catalogue.remotePosition(peer)).toEqual({ index: 'two', seq: 1 });
    expect(names(catalogue, { peer })).toEqual(['c.jpg']);
    expect(catalogue.holders(b.id)).toEqual([peerId('q')]);
    expect(catalogue.has(a.id)).toBe(false);
  });

  test('can be forgotten in pieces', () => {
    const catalogue = open();
    holds(catalogue, peer, a, b, c);
    expect(catalogue.forgetHoldings(peer, 2)).toBe(true);
    expect(catalogue.remotePosition(peer)).toEqual({ index: '', seq: 0 });
    expect(catalogue.forgetHoldings(peer, 2)).toBe(false);
    expect(catalogue.totals().photos).toBe(0);
    expect(catalogue.peers(offline, peer).find(({ peerId }) => peerId === peer)).toMatchObject({ photos: 0, bytes: 0 });
  });

  test.each([
    ['goes back', { index: 'one', records: [stated(3, b)], last: 3 }],
    ['repeats a number', { index: 'one', records: [stated(8, b), stated(8, c)], last: 8 }],
    ['ends elsewhere', { index: 'one', records: [stated(8, b)], last: 9 }],
    ['is empty and moves on', { index: 'one', records: [], last: 9 }],
    ['has no index id', { index: '', records: [stated(8, b)], last: 8 }],
  ])('that %s is refused as a whole', (_, page) => {
    const catalogue = open();
    catalogue.applyRemote(peer, { index: 'one', records: [stated(7, a)], last: 7 });
    expect(() => catalogue.applyRemote(peer, page)).toThrow(refusal('protocol'));
    expect(catalogue.remotePosition(peer)).toEqual({ index: 'one', seq: 7 });
    expect(names(catalogue)).toEqual(['a.jpg']);
  });

  test('that states too many photos is refused, and the page with it', () => {
    const catalogue = open({ maxPhotosPerPeer: 2 });
    holds(catalogue, peer, a, b);
    const index = catalogue.remotePosition(peer).index;
    expect(() =>
      catalogue.applyRemote(peer, { index, records: [gone(3, a), stated(4, c), stated(5, a)], last: 5 }),
    ).toThrow(refusal('protocol'));
    expect(catalogue.remotePosition(peer).seq).toBe(2);
    expect(catalogue.totals().photos).toBe(2);
    catalogue.applyRemote(peer, { index, records: [gone(3, a), stated(4, c)], last: 4 });
    expect(names(catalogue, { sort: 'name' })).toEqual(['b.jpg', 'c.jpg']);
  });

  test('may state another size for a photo: both are known', () => {
    const catalogue = open();
    holds(catalogue, peer, a);
    holds(catalogue, peerId('a liar'), { ...a, size: 7 });
    const sizes = catalogue.statedSizes(a.id).sort((one, other) => one.size - other.size);
    expect(sizes).toEqual([
      { peerId: peerId('a liar'), size: 7 },
      { peerId: peer, size: a.size },
    ]);
    expect(catalogue.statedSizes(b.id)).toEqual([]);
  });

  test('that states more bytes than can be counted is refused, and the catalogue opens again', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const catalogue = open({ file });
    const huge = (seq: number): HoldingRecord => stated(seq, photo(`huge ${seq}.jpg`, { size: 2 ** 40 }));
    const many = Array.from({ length: 2 ** 13 - 1 }, (_, n) => huge(n + 1));
    const index = 'log of a liar';
    catalogue.applyRemote(peer, { index, records: many, last: many.length });
    const tooMuch = [huge(2 ** 13), huge(2 ** 13 + 1)];
    expect(() => catalogue.applyRemote(peer, { index, records: tooMuch, last: 2 ** 13 + 1 })).toThrow(
      refusal('protocol'),
    );
    expect(catalogue.totals().photos).toBe(many.length);
    catalogue[Symbol.dispose]();
    expect(open({ file }).totals().photos).toBe(many.length);
  });

  test('cannot be that of this peer', () => {
    const catalogue = open();
    expect(() => holds(catalogue, self.peerId, a)).toThrow(refusal('protocol'));
  });

  test('is announced when it changed something', () => {
    const catalogue = open();
    let changes = 0;
    catalogue.onChange(() => changes++);
    holds(catalogue, peer, a);
    expect(changes).toBe(1);
  });
});

describe('facts', () => {
  const id = hexOf('the photo');
  const fact = (name: string, facts: Partial<PhotoFacts> = {}): PhotoFacts => photo(name, { id, ...facts });

  test('are those of this disk, else of an original, else of the lowest peer id', () => {
    const catalogue = open();
    const current = (): string => catalogue.show(id, offline).name;
    catalogue.applyRemote(peerId('a'), { index: 'a', records: [stated(1, fact('a.jpg'), 'replica')], last: 1 });
    expect(current()).toBe('a.jpg');
    holds(catalogue, peerId('z'), fact('z.jpg'));
    expect(current()).toBe('z.jpg');
    holds(catalogue, peerId('x'), fact('x.jpg'));
    expect(current()).toBe('x.jpg');
    catalogue.reconcileOwn([fact('own.jpg')]);
    expect(current()).toBe('own.jpg');
    expect(catalogue.holders(id)).toEqual([self.peerId, peerId('x'), peerId('z'), peerId('a')]);
    catalogue.reconcileOwn([]);
    expect(current()).toBe('x.jpg');
    catalogue.applyRemote(peerId('x'), { index: 'another', records: [], last: 0 });
    expect(current()).toBe('z.jpg');
    catalogue.applyRemote(peerId('z'), { index: 'log of z', records: [stated(1, fact('z.jpg'), 'replica')], last: 1 });
    expect(current()).toBe('a.jpg');
  });

  test('follow what their holder states anew, dates in the order of a peer too', () => {
    const catalogue = open();
    const other = photo('other.jpg', { takenAt: '2010-01-01T00:00:00' });
    holds(catalogue, peerId('x'), fact('x.jpg', { takenAt: '2009-01-01T00:00:00' }), other);
    holds(catalogue, peerId('z'), fact('z.jpg', { takenAt: '2011-01-01T00:00:00' }), other);
    expect(names(catalogue, { peer: peerId('z') })).toEqual(['other.jpg', 'x.jpg']);
    const { index } = catalogue.remotePosition(peerId('x'));
    const change = fact('y.jpg', { takenAt: '2012-01-01T00:00:00+01:00', camera: 'Canon', blockhash: null, size: 5 });
    catalogue.applyRemote(peerId('x'), { index, records: [stated(3, change)], last: 3 });
    expect(names(catalogue, { peer: peerId('z') })).toEqual(['y.jpg', 'other.jpg']);
    expect(catalogue.months({ peer: peerId('z') })).toEqual([
      { month: '2012-01', photos: 1 },
      { month: '2010-01', photos: 1 },
    ]);
    expect(catalogue.show(id, offline)).toMatchObject({
      takenAt: '2012-01-01T00:00:00+01:00',
      camera: 'Canon',
      size: 5,
    });
    const summary = catalogue.peers(offline, '').find(({ peerId: each }) => each === peerId('x'));
    expect(summary).toMatchObject({ photos: 2, bytes: 1005 });
  });

  test('that disagree about the size are noted', () => {
    const warnings: string[] = [];
    const catalogue = open({}, { ...silentLogger, warn: (message) => warnings.push(message) });
    holds(catalogue, peerId('x'), fact('x.jpg'));
    holds(catalogue, peerId('z'), fact('z.jpg'));
    expect(warnings).toEqual([]);
    holds(catalogue, peerId('y'), fact('y.jpg', { size: 1234 }));
    expect(warnings).toEqual([expect.stringMatching(/another size .* 1234 instead of 1000 /)]);
    expect(catalogue.show(id, offline).size).toBe(1000);
  });
});

describe('show', () => {
  test('says all that is known, and who is online', () => {
    const catalogue = open();
    const facts = photo('a.jpg', { camera: 'Canon', place: { latitude: 40.5, longitude: -8.25 }, damaged: true });
    catalogue.peerSeen({ peerId: peerId('x'), name: 'Xavier', port: 5001, addresses: [] }, 1);
    catalogue.peerSeen({ peerId: peerId('y'), name: 'Yara', port: 5002, addresses: [] }, 1);
    holds(catalogue, peerId('y'), facts);
    catalogue.applyRemote(peerId('x'), { index: 'x', records: [stated(1, facts, 'replica')], last: 1 });
    const { grey: _grey, motion: _motion, subsecond: _subsecond, features: _features, ...shown } = facts;
    expect(catalogue.show(facts.id.slice(0, 8), new Set([peerId('x')]))).toStrictEqual({
      ...shown,
      linked: [],
      fromGroup: { takenAt: null, camera: null, place: null },
      holders: [
        { peerId: peerId('y'), name: 'Yara', online: false, kind: 'original' },
        { peerId: peerId('x'), name: 'Xavier', online: true, kind: 'replica' },
      ],
      group: null,
      keeper: true,
    });
  });
});

describe('a reference to a photo', () => {
  const alike = (start: string, facts: Partial<PhotoFacts> = {}): PhotoFacts => {
    const id = start.padEnd(64, hexOf(start));
    return photo(`${start}.jpg`, { id, ...facts });
  };

  test('is a full id, or a prefix that only one photo has', () => {
    const catalogue = open();
    const [a, b] = [alike('abcdef0'), alike('abcdef1')];
    catalogue.reconcileOwn([a, b]);
    expect(catalogue.resolve(a.id)).toBe(a.id);
    expect(catalogue.resolve(b.id.slice(0, 7))).toBe(b.id);
    expect(catalogue.resolve(a.id.slice(0, 63))).toBe(a.id);
    expect(catalogue.has(a.id)).toBe(true);
    expect(catalogue.has(hexOf('none'))).toBe(false);
  });

  test('that several photos have is ambiguous, and names up to 20 of them', () => {
    const catalogue = open();
    const photos = Array.from({ length: 25 }, (_, n) => alike(`abcdef${n.toString(16).padStart(2, '0')}`));
    catalogue.reconcileOwn(photos.slice(0, 2));
    const two = photos.slice(0, 2).map(({ id, name }) => ({ id, name }));
    expect(() => catalogue.resolve('abcdef')).toThrow(
      expect.objectContaining({ code: 'ambiguous', data: { candidates: two } }),
    );
    catalogue.reconcileOwn(photos);
    expect(() => catalogue.resolve('abcdef')).toThrow(
      expect.objectContaining({
        code: 'ambiguous',
        data: { candidates: photos.slice(0, 20).map(({ id, name }) => ({ id, name })) },
      }),
    );
  });

  test('is a blockhash, for the best photo that has it', () => {
    const catalogue = open();
    const blockhash = hexOf('picture');
    const [small, large] = [photo('small.jpg', { blockhash, width: 10 }), photo('large.jpg', { blockhash })];
    catalogue.reconcileOwn([small, large]);
    expect(catalogue.resolve(blockhash)).toBe(large.id);
  });

  test.each([
    ['abcde', 'usage'],
    ['', 'usage'],
    ['ABCDEF', 'usage'],
    ['holiday.jpg', 'usage'],
    ['a'.repeat(65), 'usage'],
    ['abcdef', 'not-found'],
    ['a'.repeat(64), 'not-found'],
  ])('%j is refused: %s', (reference, code) => {
    const catalogue = open();
    catalogue.reconcileOwn([photo('a.jpg')]);
    expect(() => catalogue.resolve(reference)).toThrow(refusal(code));
    expect(() => catalogue.show(reference, offline)).toThrow(refusal(code));
  });
});

describe('a list', () => {
  function filled(): Catalogue {
    const catalogue = open();
    catalogue.peerSeen({ peerId: peerId('x'), name: 'Xavier do Porto', port: 5001, addresses: [] }, 1);
    catalogue.reconcileOwn([
      photo('beach.jpg', { takenAt: '2018-07-01T00:00:00', camera: 'Canon EOS 5D', size: 3 }),
      photo('Cão.jpg', { takenAt: '2018-06-30T23:59:59+01:00', size: 1 }),
      photo('undated.png', { takenAt: null, size: 4 }),
    ]);
    holds(
      catalogue,
      peerId('x'),
      photo('evening.jpg', { takenAt: '2017-12-31T23:59:59Z', camera: 'NIKON D750', size: 2 }),
      photo('noon.jpg', { takenAt: '2018-01-01T00:00:00', size: 6 }),
      photo('zero.jpg', { takenAt: '0000-00-00T00:00:00', size: 5 }),
    );
    return catalogue;
  }

  test('is in the order asked for, newest first by itself', () => {
    const catalogue = filled();
    const undated = [photo('undated.png'), photo('zero.jpg')].sort((a, b) => (a.id < b.id ? -1 : 1));
    const dated = ['beach.jpg', 'Cão.jpg', 'noon.jpg', 'evening.jpg'];
    expect(names(catalogue)).toEqual([...dated, ...undated.map(({ name }) => name)]);
    const byName = ['beach.jpg', 'Cão.jpg', 'evening.jpg', 'noon.jpg', 'undated.png', 'zero.jpg'];
    expect(names(catalogue, { sort: 'name' })).toEqual(byName);
    const bySize = ['noon.jpg', 'zero.jpg', 'undated.png', 'beach.jpg', 'evening.jpg', 'Cão.jpg'];
    expect(names(catalogue, { sort: 'size' })).toEqual(bySize);
    expect(names(catalogue, { sort: 'size', peer: 'maria' })).toEqual(['undated.png', 'beach.jpg', 'Cão.jpg']);
  });

  test.each([
    [{ after: '2018' }, ['beach.jpg', 'Cão.jpg', 'noon.jpg']],
    [{ before: '2018' }, ['evening.jpg']],
    [{ after: '2018-07' }, ['beach.jpg']],
    [{ before: '2018-07' }, ['Cão.jpg', 'noon.jpg', 'evening.jpg']],
    [{ after: '2018', before: '2018-06-30' }, ['noon.jpg']],
    [{ after: '2018-06-30T23:59', before: '2018-07-01T00:00:00' }, ['Cão.jpg']],
    [{ month: '2018-06' }, ['Cão.jpg']],
    [{ month: '2018-05' }, []],
    [{ query: 'CAO' }, ['Cão.jpg']],
    [{ query: 'cão 18-06' }, ['Cão.jpg']],
    [{ query: 'ca' }, ['beach.jpg', 'Cão.jpg']],
    [{ query: 'canon  5d' }, ['beach.jpg']],
    [{ query: 'canon d750' }, []],
    [{ query: '2018-0 jpg' }, ['beach.jpg', 'Cão.jpg', 'noon.jpg']],
    [{ query: '%' }, []],
    [{ query: 'porto 2018' }, ['noon.jpg']],
    [{ query: 'port' }, []],
    [{ query: 'xavier do porto', peer: self.peerId }, []],
    [{ query: 'n', peer: 'Xavier do Porto', after: '2018' }, ['noon.jpg']],
    [{ duplicates: true }, []],
  ])('of %j has %j', (params, expected) => {
    const catalogue = filled();
    expect(names(catalogue, params)).toEqual(expected);
    expect(catalogue.list({ ...params, limit: 0 }, offline)).toEqual({ total: expected.length, photos: [] });
  });

  test('of the start of an id has that photo, from six digits on', () => {
    const catalogue = filled();
    const { id } = photo('noon.jpg');
    for (const query of [id, id.slice(0, 6), id.slice(0, 10).toUpperCase(), `jpg ${id.slice(0, 12)}`]) {
      expect(names(catalogue, { query })).toEqual(['noon.jpg']);
    }
    expect(names(catalogue, { query: id.slice(0, 5) })).toEqual([]);
    expect(names(catalogue, { query: `${id.slice(0, 12)}x` })).toEqual([]);
  });

  test('of photos without a date has those with the date that a camera without a clock writes too', () => {
    const catalogue = filled();
    expect(names(catalogue, { month: null, sort: 'name' })).toEqual(['undated.png', 'zero.jpg']);
    expect(names(catalogue, { month: null, peer: peerId('x') })).toEqual(['zero.jpg']);
    expect(catalogue.months({})).toEqual([
      { month: '2018-07', photos: 1 },
      { month: '2018-06', photos: 1 },
      { month: '2018-01', photos: 1 },
      { month: '2017-12', photos: 1 },
      { month: null, photos: 2 },
    ]);
    expect(catalogue.months({ peer: 'Maria' })).toEqual([
      { month: '2018-07', photos: 1 },
      { month: '2018-06', photos: 1 },
      { month: null, photos: 1 },
    ]);
  });

  test('comes in pages that make up the whole', () => {
    const catalogue = filled();
    const whole = names(catalogue);
    for (const params of [
      {},
      { query: 'jpg' },
      { peer: 'Maria' },
      { peer: 'Maria', query: 'jpg' },
      { after: '2018' },
    ]) {
      const all = catalogue.list(params, offline);
      expect(all.total).toBe(all.photos.length);
      const pages = [0, 2, 4, 6].map((offset) => catalogue.list({ ...params, limit: 2, offset }, offline));
      expect(pages.flatMap(({ photos }) => photos)).toEqual(all.photos);
      expect(pages.map(({ total }) => total)).toEqual(pages.map(() => all.total));
    }
    expect(whole).toHaveLength(6);
  });

  test('of a peer takes its id, the start of it, or its name', () => {
    const catalogue = filled();
    holds(catalogue, peerId('y'), photo('other.jpg'));
    for (const peer of [peerId('x'), peerId('x').slice(0, 9), 'xavier do PORTO']) {
      expect(names(catalogue, { peer })).toHaveLength(3);
    }
    expect(() => names(catalogue, { peer: 'Xavier' })).toThrow(refusal('not-found'));
    expect(() => catalogue.months({ peer: 'nobody' })).toThrow(refusal('not-found'));
    expect(() => names(catalogue, { peer: '12D3KooW' })).toThrow(refusal('ambiguous'));
    catalogue.peerSeen({ peerId: peerId('y'), name: 'Xavier do Porto', port: 5002, addresses: [] }, 1);
    expect(() => names(catalogue, { peer: 'Xavier do Porto' })).toThrow(
      expect.objectContaining({
        code: 'ambiguous',
        data: {
          candidates: [
            { peerId: peerId('x'), name: 'Xavier do Porto' },
            { peerId: peerId('y'), name: 'Xavier do Porto' },
          ],
        },
      }),
    );
  });
});

describe('exact copies', () => {
  test('beyond those wanted are duplicates', () => {
    const catalogue = open();
    const exact = photo('exact.jpg');
    catalogue.reconcileOwn([exact, photo('else.jpg')]);
    holds(catalogue, peerId('x'), exact);
    expect(names(catalogue, { duplicates: true })).toEqual([]);
    expect(catalogue.totals().underReplicated).toBe(1);
    holds(catalogue, peerId('y'), exact);
    expect(names(catalogue, { duplicates: true })).toEqual(['exact.jpg']);
  });
});

describe('peers', () => {
  test('stay known when they leave, with what they hold', () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const seen = Date.UTC(2026, 1, 3);
    const first = open({ file });
    first.peerSeen({ peerId: peerId('x'), name: 'Xavier', port: 5001, addresses: ['/ip4/127.0.0.1/tcp/5001'] }, seen);
    first.peerSeen(
      { peerId: peerId('x'), name: 'Xavier', port: 5001, addresses: ['/ip4/127.0.0.1/tcp/5001'] },
      seen - 1,
    );
    first.peerSeen({ peerId: peerId('b'), name: 'Bruno', port: 5002, addresses: [] }, seen);
    holds(first, peerId('x'), photo('a.jpg', { size: 7 }), photo('b.jpg', { size: 8 }));
    first[Symbol.dispose]();

    const catalogue = open({ file });
    expect(catalogue.peers(new Set([peerId('b')]), peerId('b'))).toEqual([
      expect.objectContaining({
        peerId: self.peerId,
        name: 'Maria',
        self: true,
        online: true,
        central: false,
        photos: 0,
      }),
      expect.objectContaining({ peerId: peerId('b'), self: false, online: true, central: true, port: 5002 }),
      {
        peerId: peerId('x'),
        name: 'Xavier',
        port: 5001,
        addresses: ['/ip4/127.0.0.1/tcp/5001'],
        online: false,
        central: false,
        self: false,
        photos: 2,
        bytes: 15,
        lastSeen: '2026-02-03T00:00:00.000Z',
      },
    ]);
    expect(catalogue.list({}, offline).photos[0]?.holders).toEqual([
      { peerId: peerId('x'), name: 'Xavier', online: false, kind: 'original' },
    ]);
  });
});

test.each([
  ['that is something else', () => Buffer.alloc(20_000, 'rubbish')],
  ['that was cut off', (content: Buffer) => content.subarray(0, content.length / 2)],
  // The first page, with the schema, is sound.
  ['that is damaged inside', (content: Buffer) => content.fill('rubbish', 4096)],
])('a catalogue %s is made anew, and the own photos are stated in a new log', (_, damage) => {
  const file = path.join(temporaryFolder(), 'catalogue.db');
  const [a, b] = [photo('a.jpg'), photo('b.jpg')];
  const before = open({ file });
  before.applyLibraryChange({ added: [a], removed: [] });
  holds(before, peerId('b'), b);
  const { index } = before.ownSince('', 0, 10);
  before[Symbol.dispose]();
  fs.writeFileSync(file, damage(fs.readFileSync(file)));
  const after = open({ file });
  after.reconcileOwn([a]);
  const page = after.ownSince(index, 1, 10);
  expect(page.index).not.toBe(index);
  expect(page.records.map(([, , statement]) => statement?.[1])).toEqual(['a.jpg']);
  expect(names(after)).toEqual(['a.jpg']);
});

test('a catalogue of a newer version is refused', () => {
  const file = path.join(temporaryFolder(), 'catalogue.db');
  const first = open({ file });
  first[Symbol.dispose]();
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  expect(() => open({ file })).toThrow(refusal('version-mismatch'));
});
