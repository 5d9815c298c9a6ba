import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { encodeCbor } from '../../src/daemon/base/cbor.ts';
import { decodePage, encodePage, idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { Frame } from '../../src/daemon/network/types.ts';
import type { PhotoFacts } from '../../src/protocol/photo.ts';
import type { HoldingRecord } from '../../src/protocol/wire.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { machine, startPeer } from '../network/support/peers.ts';
import { waitFor } from '../support/waitFor.ts';
import type { Friend } from './friend.ts';
import { removeCatalogue, startFriend } from './friend.ts';
import { photo, sent } from './photos.ts';

function photosOf(owner: string, count: number): PhotoFacts[] {
  return Array.from({ length: count }, (_, n) => photo(`${owner} ${n}.jpg`, { size: 1000 + n }));
}

async function waitForOneCollection(friends: readonly Friend[], photos: number): Promise<void> {
  await waitFor('one collection', () => {
    // Counts first: whole lists at each look would take the time that the peers in this process need.
    const counts = friends.map(({ catalogue }) => catalogue.totals().photos);
    if (counts.some((count) => count !== photos)) throw new Error(`photos: ${counts.join(', ')}`);
    const [first, ...others] = friends.map((friend) => friend.collection());
    return others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  });
}

function stated(seq: number, facts: PhotoFacts): HoldingRecord {
  return [seq, idBytes(facts.id), sent({ kind: 'original', facts })];
}

describe('catalogues of connected peers', () => {
  test('become equal, page by page, and each change arrives at once', async () => {
    const home = machine();
    const common = photosOf('common', 3);
    const ana = await startFriend(home, 'Ana', [...photosOf('ana', 2300), ...common]);
    const bruno = await startFriend(home, 'Bruno', [...photosOf('bruno', 5), ...common]);
    const carla = await startFriend(home, 'Carla', []);
    const friends = [ana, bruno, carla];
    await waitForOneCollection(friends, 2308);
    expect(carla.recordsFrom(ana.peerId)).toBe(2303);

    const added = photo('new.jpg');
    carla.catalogue.applyLibraryChange({ added: [added], removed: [] });
    await waitForOneCollection(friends, 2309);
    bruno.catalogue.applyLibraryChange({ added: [], removed: [photo('bruno 0.jpg').id, photo('common 0.jpg').id] });
    await waitForOneCollection(friends, 2308);
    expect(ana.catalogue.holders(photo('common 0.jpg').id)).toEqual([ana.peerId]);
    expect(ana.recordsFrom(bruno.peerId)).toBe(8 + 2);
    expect(carla.catalogue.peers(new Set(), '').map(({ name, photos }) => [name, photos])).toEqual([
      ['Carla', 1],
      ['Ana', 2303],
      ['Bruno', 6],
    ]);
  });

  test('keep their place over restarts: only new records are sent', async () => {
    const home = machine();
    const photos = photosOf('ana', 300);
    const ana = await startFriend(home, 'Ana', photos);
    const bruno = await startFriend(home, 'Bruno', photosOf('bruno', 2));
    await waitForOneCollection([ana, bruno], 302);
    await bruno.stop();
    ana.catalogue.applyLibraryChange({ added: [photo('new.jpg')], removed: [photo('ana 0.jpg').id] });

    const again = await startFriend(home, 'Bruno', photosOf('bruno', 2));
    expect(again.peerId).toBe(bruno.peerId);
    await waitForOneCollection([ana, again], 302);
    expect(again.recordsFrom(ana.peerId)).toBe(2);
    expect(ana.recordsFrom(bruno.peerId)).toBe(2);
  });

  test('are sent anew when a log began anew', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', photosOf('ana', 120));
    const bruno = await startFriend(home, 'Bruno', photosOf('bruno', 2));
    await waitForOneCollection([ana, bruno], 122);
    await ana.stop();
    removeCatalogue(home, 'Ana');
    const again = await startFriend(home, 'Ana', photosOf('ana', 110));
    await waitForOneCollection([again, bruno], 112);
    expect(bruno.recordsFrom(ana.peerId)).toBe(120 + 110);
    await again.stop();
    removeCatalogue(home, 'Ana');
    const empty = await startFriend(home, 'Ana', []);
    await waitForOneCollection([empty, bruno], 2);
  });

  test('list the photos of a peer that left, as held by somebody offline', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', photosOf('ana', 2));
    const bruno = await startFriend(home, 'Bruno', photosOf('bruno', 2));
    await waitForOneCollection([ana, bruno], 4);
    const online = (): Set<string> => new Set(ana.network.peers().map(({ peerId }) => peerId));
    const id = photo('bruno 1.jpg').id;
    expect(ana.catalogue.show(id, online()).holders).toMatchObject([{ name: 'Bruno', online: true }]);
    const left = Date.now();
    await bruno.stop();
    await waitFor('Bruno to be gone', () => online().size === 0);
    expect(ana.catalogue.show(id, online()).holders).toMatchObject([{ name: 'Bruno', online: false }]);
    expect(ana.catalogue.list({ peer: 'Bruno' }, online()).total).toBe(2);
    const summary = ana.catalogue.peers(online(), ana.peerId).find(({ name }) => name === 'Bruno');
    expect(summary).toMatchObject({ online: false, photos: 2, port: bruno.network.self.port });
    expect(Date.parse(summary?.lastSeen ?? '')).toBeGreaterThanOrEqual(left);
  });
});

describe('a peer that asks', () => {
  test('is answered at once when there is something, else when there is', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', photosOf('ana', 2));
    const asker = await startPeer(home, 'asker');
    await waitFor('the asker to be there', () => ana.network.peers().length === 1);
    const ask = (index: string, after: number, wait: number): Promise<Frame> =>
      asker.request(ana.peerId, wireProtocols.holdings, { index, after, wait }, { timeout: 20_000 });
    const first = await ask('', 0, 20_000);
    const { index, last } = ana.catalogue.ownSince('', 0, 10);
    expect(first.header).toEqual({ index, last, more: false });
    expect(decodePage(first.payload)).toHaveLength(2);
    expect((await ask(index, last, 0)).header).toEqual({ index, last, more: false });
    expect(decodePage((await ask(index, last, 1)).payload)).toEqual([]);
    const held = ask(index, last, 60_000);
    ana.catalogue.applyLibraryChange({ added: [photo('new.jpg')], removed: [] });
    expect(decodePage((await held).payload)).toEqual([expect.arrayContaining([last + 1])]);
  });

  test.each([
    ['nothing', null],
    ['a word', 'holdings'],
    ['a time without end', { index: '', after: 0, wait: 1e9 }],
    ['something before the start', { index: '', after: -1, wait: 0 }],
    ['an endless index', { index: 'x'.repeat(65), after: 0, wait: 0 }],
  ])('for %s is refused', async (_, header) => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', []);
    const asker = await startPeer(home, 'asker');
    await waitFor('the asker to be there', () => ana.network.peers().length === 1);
    await expect(asker.request(ana.peerId, wireProtocols.holdings, header, { timeout: 20_000 })).rejects.toMatchObject({
      name: 'AppError',
    });
    const answer = await asker.request(
      ana.peerId,
      wireProtocols.holdings,
      { index: '', after: 0, wait: 0 },
      { timeout: 20_000 },
    );
    expect(answer.header).toMatchObject({ last: 0 });
  });

  test('does not keep a peer that stops', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', []);
    const bruno = await startFriend(home, 'Bruno', photosOf('bruno', 1));
    await waitForOneCollection([ana, bruno], 1);
    const start = Date.now();
    await ana.replication.stop();
    // Both sides wait for news now, half a minute by default.
    expect(Date.now() - start).toBeLessThan(5000);
    await expect(
      bruno.network.request(ana.peerId, wireProtocols.holdings, { index: '', after: 0, wait: 0 }, { timeout: 20_000 }),
    ).rejects.toMatchObject({ name: 'AppError' });
  });

  test('for a page that was sent before gets it of the new log when the log began anew', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', photosOf('ana', 2));
    const asker = await startPeer(home, 'asker');
    await waitFor('the asker to be there', () => ana.network.peers().length === 1);
    const { index, last } = ana.catalogue.ownSince('', 0, 10);
    const ask = async (after: number): Promise<unknown> => {
      const header = { index, after, wait: 0 };
      return (await asker.request(ana.peerId, wireProtocols.holdings, header, { timeout: 20_000 })).header;
    };
    expect(await ask(0)).toMatchObject({ index });
    // What the log of before a restored backup had beyond the numbers of this run.
    expect(await ask(last + 1_000_000)).not.toMatchObject({ index });
    expect(await ask(0)).not.toMatchObject({ index });
  });
});

describe('a peer that answers with', () => {
  const good = [stated(1, photo('x.jpg')), stated(2, photo('y.jpg'))];
  const header = { index: 'evil', last: 2, more: false };
  const badRecord = [3, idBytes(photo('z.jpg').id), ['o', '../z.jpg', 1, 1, 1, 'jpeg', null, null, null, null, false]];

  test.each<[string, unknown, Uint8Array]>([
    ['a header that is none', { index: 1 }, encodePage(good)],
    ['a payload that is no CBOR', header, Buffer.from('ffff00ff', 'hex')],
    ['a bad record after good ones', { ...header, last: 3 }, encodeCbor([...good, badRecord])],
    ['records out of order', { ...header, last: 1 }, encodePage(good.toReversed())],
    [
      'a record out of order after many in order',
      { ...header, last: 1 },
      encodePage([...Array.from({ length: 120 }, (_, n) => stated(n + 1, photo('x.jpg'))), stated(1, photo('y.jpg'))]),
    ],
    ['another end than it says', { ...header, last: 9 }, encodePage(good)],
    ['a log without a name', { ...header, index: '' }, encodePage(good)],
    ['more photos than one may have', header, encodePage([...good, stated(3, photo('z.jpg'))])],
    [
      'more records than a page has',
      { ...header, last: wireLimits.holdingsPage + 1 },
      encodePage(Array.from({ length: wireLimits.holdingsPage + 1 }, (_, n) => stated(n + 1, photo('x.jpg')))),
    ],
  ])('%s is not believed, asked again later, and harms nobody', async (_, badHeader, payload) => {
    const home = machine();
    const warnings: string[] = [];
    const ana = await startFriend(home, 'Ana', photosOf('ana', 1), {
      maxPhotosPerPeer: 2,
      logger: { ...silentLogger, warn: (message) => warnings.push(message) },
    });
    const evil = await startPeer(home, 'Evil');
    let rubbish = true;
    let asked = 0;
    evil.handle(wireProtocols.holdings, async () => {
      asked++;
      return rubbish ? { header: badHeader, payload } : { header, payload: encodePage(good) };
    });
    const bruno = await startFriend(home, 'Bruno', photosOf('bruno', 1));
    await waitFor('Evil to be asked again', () => asked >= 3);
    await waitFor('the photo of Bruno', () => ana.collection().length === 2);
    expect(ana.catalogue.remotePosition(evil.self.peerId)).toEqual({ index: '', seq: 0 });
    expect(warnings).toContainEqual(expect.stringContaining(`Evil (${evil.self.peerId})`));
    bruno.catalogue.applyLibraryChange({ added: [photo('bruno new.jpg')], removed: [] });
    await waitFor('the new photo of Bruno', () => ana.collection().length === 3);

    rubbish = false;
    await waitFor('what Evil states when it mends its ways', () => ana.collection().length === 5);
    expect(ana.catalogue.holders(photo('x.jpg').id)).toEqual([evil.self.peerId]);
  });

  test('nothing, at once, is not asked more than some times a second', async () => {
    const home = machine();
    const ana = await startFriend(home, 'Ana', []);
    const hasty = await startPeer(home, 'Hasty');
    const times: number[] = [];
    hasty.handle(wireProtocols.holdings, async ({ header }) => {
      times.push(Date.now());
      const { after } = header as { after: number };
      return { header: { index: 'hasty', last: after, more: false }, payload: encodePage([]) };
    });
    await waitFor('five requests', () => times.length >= 5);
    expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(4 * 90);
    expect(ana.catalogue.remotePosition(hasty.self.peerId)).toEqual({ index: 'hasty', seq: 0 });
  });
});
