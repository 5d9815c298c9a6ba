import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { LookAlikeSearch } from '../../src/daemon/catalogue/lookAlikeSearch.ts';
import { fetchLumas } from '../../src/daemon/catalogue/lumas.ts';
import type { Network } from '../../src/daemon/network/types.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import { lookAlikeFeatures } from '../../src/daemon/similarity/lookAlikeFeatures.ts';
import type { Raster } from '../../src/daemon/similarity/types.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import { featuresVersion, lumaBytes } from '../../src/protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../src/protocol/photo.ts';
import { LumasRequestSchema, wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import type { Machine } from '../network/support/peers.ts';
import { machine, startPeer } from '../network/support/peers.ts';
import { waitFor } from '../support/waitFor.ts';
import type { Friend } from './friend.ts';
import { startFriend } from './friend.ts';
import { hexOf, photo } from './photos.ts';

const [width, height] = [96, 64];

/** A picture of soft spots; the same number is always the same picture. */
function picture(number: number, change: (grey: number, x: number, y: number) => number = (grey) => grey): Raster {
  const spots = Array.from({ length: 14 }, (_, n) => {
    const bytes = Buffer.from(hexOf(`picture ${number} spot ${n}`), 'hex');
    const at = (index: number): number => (bytes[index] ?? 0) / 255;
    return { x: at(0) * width, y: at(1) * height, size: 4 + at(2) * 14, light: at(3) * 160 - 80 };
  });
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let grey = 128;
      for (const spot of spots) {
        const distance = (x - spot.x) ** 2 + (y - spot.y) ** 2;
        grey += spot.light * Math.exp(-distance / (2 * spot.size ** 2));
      }
      data[y * width + x] = Math.max(0, Math.min(255, change(grey, x, y)));
    }
  }
  return { width, height, channels: 1, data };
}

function mirrored({ data, ...raster }: Raster): Raster {
  return { ...raster, data: data.map((_, at) => data[at - (at % width) + (width - 1 - (at % width))] ?? 0) };
}

function blended(one: Raster, other: Raster, part: number): Raster {
  return { ...one, data: one.data.map((grey, at) => grey * (1 - part) + (other.data[at] ?? 0) * part) };
}

/** Photos of a folder with their pictures. */
interface Folder {
  photos: PhotoFacts[];
  featuresOf: (id: PhotoId) => PhotoFeatures | undefined;
  lumaOf: (id: PhotoId) => Uint8Array | undefined;
}

function folder(pictures: Record<string, Raster>): Folder {
  const kept = new Map<PhotoId, { features: PhotoFeatures; luma: Uint8Array }>();
  const photos = Object.entries(pictures).map(([name, raster]) => {
    const { aspect, hashes, luma } = lookAlikeFeatures(raster);
    const features: PhotoFeatures = { version: featuresVersion, aspect, digest: null, hashes };
    const facts = photo(name, { features: featuresFingerprint(features) });
    kept.set(facts.id, { features, luma });
    return facts;
  });
  return { photos, featuresOf: (id) => kept.get(id)?.features, lumaOf: (id) => kept.get(id)?.luma };
}

interface SearchingFriend extends Friend {
  search: LookAlikeSearch;
}

async function start(on: Machine, name: string, { photos, featuresOf, lumaOf }: Folder): Promise<SearchingFriend> {
  const friend = await startFriend(on, name, photos, { featuresOf });
  const search = new LookAlikeSearch({
    catalogue: friend.catalogue,
    network: friend.network,
    lumaOf,
    logger: silentLogger,
  });
  onTestFinished(() => search[Symbol.asyncDispose]());
  return { ...friend, search };
}

const nobody: ReadonlySet<string> = new Set();

function groups({ catalogue }: Friend): string[][] {
  return catalogue.duplicates({}, nobody).groups.map(({ photos }) => photos.map(({ name }) => name).sort());
}

const darker = (grey: number): number => grey * 0.8;
const captioned = (grey: number, _x: number, y: number): number => (y > height - 6 ? 255 : grey);

describe('the search', () => {
  test('finds look-alikes in one folder, and none where there are none', async () => {
    const friend = await start(
      machine(),
      'ana',
      folder({
        'one.jpg': picture(1),
        'one dark.jpg': picture(1, darker),
        'two.jpg': picture(2),
        'three.jpg': picture(3),
        'three mirrored.jpg': mirrored(picture(3)),
      }),
    );
    await waitFor('both groups', () => groups(friend).length === 2);
    expect(new Set(groups(friend).map((names) => names.join()))).toEqual(
      new Set(['one dark.jpg,one.jpg', 'three mirrored.jpg,three.jpg']),
    );
    const settled = await friend.search.settled(new AbortController().signal);
    expect(settled.waiting).toBe(0);
    expect(friend.search.progress()).toBeNull();
    expect(groups(friend)).toHaveLength(2);
  });

  test('finds them over peers, with the same keeper everywhere, by rasters that are asked for', async () => {
    const on = machine();
    const ana = await start(on, 'ana', folder({ 'a.jpg': picture(1), 'b.jpg': picture(2) }));
    const bruno = await start(on, 'bruno', folder({ 'a small.jpg': picture(1, darker) }));
    const carla = await start(on, 'carla', folder({ 'a caption.jpg': picture(1, captioned), 'c.jpg': picture(4) }));
    const expected = [['a caption.jpg', 'a small.jpg', 'a.jpg']];
    for (const friend of [ana, bruno, carla]) {
      await waitFor('one group', () => JSON.stringify(groups(friend)) === JSON.stringify(expected));
    }
    const keepers = [ana, bruno, carla].map(({ catalogue }) => catalogue.duplicates({}, nobody).groups[0]?.keeper);
    expect(new Set(keepers).size).toBe(1);
  });

  test('goes on with photos that come later, and forgets those that go', async () => {
    const on = machine();
    const first = folder({ 'a.jpg': picture(1), 'b.jpg': picture(2) });
    const later = folder({ 'a again.jpg': picture(1, darker), 'b again.jpg': picture(2, darker) });
    const friend = await start(on, 'ana', {
      photos: first.photos,
      featuresOf: (id) => first.featuresOf(id) ?? later.featuresOf(id),
      lumaOf: (id) => first.lumaOf(id) ?? later.lumaOf(id),
    });
    await friend.search.settled(new AbortController().signal);
    friend.catalogue.applyLibraryChange({ added: later.photos, removed: [] });
    await waitFor('two groups', () => groups(friend).length === 2);
    friend.catalogue.applyLibraryChange({ added: [], removed: later.photos.map(({ id }) => id) });
    expect(groups(friend)).toEqual([]);
    friend.catalogue.applyLibraryChange({ added: later.photos, removed: [] });
    await waitFor('two groups again', () => groups(friend).length === 2);
  });

  test('waits for a peer that alone can tell, and asks it when it comes', async () => {
    const on = machine();
    const own = folder({ 'a.jpg': picture(1) });
    const other = folder({ 'a dark.jpg': picture(1, darker) });
    const ana = await start(on, 'ana', own);
    // Bruno states the photo, and has no search: nobody answers for its raster.
    const bruno = await startFriend(on, 'bruno', other.photos, { featuresOf: other.featuresOf });
    await waitFor('both photos', () => ana.catalogue.totals().photos === 2);
    await bruno.stop();
    await waitFor('the pair waits', async () => {
      const { waiting } = await ana.search.settled(new AbortController().signal);
      return waiting === 1;
    });
    expect(groups(ana)).toEqual([]);
    await start(on, 'bruno', other);
    await waitFor('the group', () => groups(ana).length === 1);
  });

  test('comes to the same groups in whatever order photos come', async () => {
    // Pairs that are barely alike, or barely not, as the one is laid on the other or the other on the one.
    const pairs = Array.from({ length: 90 }, (_, number) => [number, 0.2 + (number % 30) / 100] as const);
    const pictures = pairs.flatMap(([number, part]) =>
      [1000, 1001].map((other): [string, Raster] => [
        `${number} with ${part} of ${other}.jpg`,
        blended(picture(number), picture(number + other), part),
      ]),
    );
    const found: Set<string>[] = [];
    for (const some of [pictures, pictures.toReversed()]) {
      const friend = await start(machine(), 'ana', folder(Object.fromEntries(some)));
      await friend.search.settled(new AbortController().signal);
      found.push(new Set(groups(friend).map((names) => names.join())));
    }
    expect(found[0]).toEqual(found[1]);
    expect(found[0]?.size).toBeGreaterThan(0);
  });

  test('passes by a peer that keeps it waiting', { timeout: 60_000 }, async () => {
    const on = machine();
    const own = folder({ 'a.jpg': picture(1) });
    const later = folder({ 'b.jpg': picture(2), 'b dark.jpg': picture(2, darker) });
    const ana = await start(on, 'ana', {
      photos: own.photos,
      featuresOf: (id) => own.featuresOf(id) ?? later.featuresOf(id),
      lumaOf: (id) => own.lumaOf(id) ?? later.lumaOf(id),
    });
    const same = picture(1);
    const many = folder(Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`a ${n}.jpg`, same])));
    const evil = await startFriend(on, 'evil', many.photos, { featuresOf: many.featuresOf });
    let asked = 0;
    evil.network.handle(wireProtocols.lumas, async ({ header }) => {
      asked++;
      await delay(600);
      const { ids } = v.parse(LumasRequestSchema, header);
      return { header: { version: featuresVersion, found: ids.map(() => false) }, payload: new Uint8Array() };
    });
    await waitFor('it to be asked', () => asked > 0);
    ana.catalogue.applyLibraryChange({ added: later.photos, removed: [] });
    await waitFor('the own group', () => groups(ana).length === 1, 30_000);
    expect((await ana.search.settled(new AbortController().signal)).waiting).toBeGreaterThan(128);
  });

  test('is told to stop waiting', async () => {
    const friend = await start(machine(), 'ana', folder({ 'a.jpg': picture(1) }));
    await expect(friend.search.settled(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('rasters', () => {
  /** Two peers; the first answers as `answer` says. */
  async function asked(answer: Parameters<Network['handle']>[1], ids: PhotoId[]): Promise<Map<PhotoId, Uint8Array>> {
    const on = machine();
    const [evil, asker] = [await startPeer(on, 'evil'), await startPeer(on, 'asker')];
    evil.handle(wireProtocols.lumas, answer);
    await waitFor('a connection', () => asker.peers().length === 1);
    return fetchLumas(asker, evil.self.peerId, ids, new AbortController().signal);
  }

  const ids = [hexOf('a'), hexOf('b')];
  const luma = new Uint8Array(lumaBytes).fill(7);

  test('of photos that a peer has come in the order they were asked for', async () => {
    const answer = { header: { version: featuresVersion, found: [false, true] }, payload: luma };
    expect(await asked(async () => answer, ids)).toEqual(new Map([[ids[1], luma]]));
  });

  test('of another version are of no use', async () => {
    const answer = { header: { version: featuresVersion + 1, found: [false, true] }, payload: luma };
    expect(await asked(async () => answer, ids)).toEqual(new Map());
  });

  test.each([
    ['too few answers', { version: featuresVersion, found: [true] }, luma],
    ['fewer bytes than it says', { version: featuresVersion, found: [true, true] }, luma],
    ['more bytes than it says', { version: featuresVersion, found: [false, false] }, luma],
    ['no list', { version: featuresVersion, found: 'yes' }, luma],
  ])('with %s are refused', async (_, header, payload) => {
    await expect(asked(async () => ({ header, payload }), ids)).rejects.toMatchObject({ code: 'protocol' });
  });

  test('are given only to who asks as is agreed', async () => {
    const on = machine();
    const friend = await start(on, 'ana', folder({ 'a.jpg': picture(1) }));
    const asker = await startPeer(on, 'asker');
    await waitFor('a connection', () => asker.peers().length === 1);
    const many = Array.from({ length: wireLimits.lumas + 1 }, () => new Uint8Array(32));
    for (const header of [{}, { ids: [] }, { ids: [new Uint8Array(31)] }, { ids: many }, null]) {
      await expect(
        asker.request(friend.peerId, wireProtocols.lumas, header, { timeout: 20_000 }),
      ).rejects.toMatchObject({ code: 'protocol' });
    }
  });
});
