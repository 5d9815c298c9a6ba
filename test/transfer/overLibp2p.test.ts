import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import type { ThumbnailImage } from '../../src/daemon/library/types.ts';
import type { Network, RequestHandler } from '../../src/daemon/network/types.ts';
import { Libp2pCarrier } from '../../src/daemon/transfer/libp2pCarrier.ts';
import type { IndexedFile } from '../../src/daemon/transfer/openFiles.ts';
import { PhotoServer } from '../../src/daemon/transfer/photoServer.ts';
import { RemoteThumbnails, serveThumbnails } from '../../src/daemon/transfer/thumbnails.ts';
import type { PhotoId } from '../../src/protocol/photo.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { PeerProcess } from './peerProcess.ts';
import { failureOf, photoOf, TestHome, TestLogger, type TestPhoto } from './support.ts';
import { startTestNode, type TestNodeOptions } from './testNode.ts';

const MiB = 1024 * 1024;

/** A network of its own for the running test: another key and another range of ports than any other. */
class TestNetworks {
  readonly #networkKey = randomBytes(32).toString('hex');
  readonly #firstPort = 20_000 + Math.floor(Math.random() * 30_000);

  options(): TestNodeOptions {
    return { folder: temporaryFolder(), networkKey: this.#networkKey, firstPort: this.#firstPort };
  }

  async join(): Promise<Network> {
    const network = await startTestNode(this.options());
    onTestFinished(() => network.stop());
    return network;
  }
}

function written(photo: TestPhoto): IndexedFile {
  const file = path.join(temporaryFolder(), 'photo.jpg');
  fs.writeFileSync(file, photo.bytes);
  return { path: file, size: photo.bytes.length };
}

function serve(network: Network, photos: readonly TestPhoto[]): PhotoServer {
  const files = new Map(photos.map((photo) => [photo.id, written(photo)]));
  const locate = (id: PhotoId): IndexedFile[] => [files.get(id)].filter((file) => file !== undefined);
  const server = new PhotoServer(network, { locate }, new TestLogger());
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

function know(network: Network, ...peerIds: string[]): Promise<unknown> {
  return waitFor('the peers know each other', () =>
    peerIds.every((peerId) => network.peers().some((peer) => peer.peerId === peerId)),
  );
}

test('photos of every kind of length arrive byte-identical from another node', async () => {
  const networks = new TestNetworks();
  const holder = await networks.join();
  const here = await networks.join();
  const photos = [1, wireLimits.block - 1, wireLimits.block, wireLimits.block + 1, 256 * 1024, 7 * MiB + 77].map(
    photoOf,
  );
  const server = serve(holder, photos);
  await know(here, holder.self.peerId);
  const home = new TestHome({ carriers: [new Libp2pCarrier(here)] });

  await Promise.all(
    photos.map(async (photo, index) => {
      const target = path.join(home.out, `${index}.jpg`);
      const fetched = await home.fetcher.fetch(home.order(photo, [holder.self.peerId], { target }));
      expect(fetched.from).toEqual([holder.self.peerId]);
      expect(fs.readFileSync(target).equals(photo.bytes)).toBe(true);
    }),
  );
  expect(server.served.bytes).toBe(photos.reduce((sum, { bytes }) => sum + bytes.length, 0));
});

test('a holder killed in mid-fetch is replaced, and what it sent is not sent again', async () => {
  const networks = new TestNetworks();
  const photo = photoOf(48 * MiB);
  const file = written(photo);
  const first = await PeerProcess.start(networks.options(), [[photo.id, file]]);
  const second = await PeerProcess.start(networks.options(), [[photo.id, file]]);
  const here = await networks.join();
  await know(here, first.peerId, second.peerId);
  const home = new TestHome({ carriers: [new Libp2pCarrier(here)] });
  let atKill = 0;

  const fetched = await home.fetcher.fetch(
    home.order(photo, [first.peerId, second.peerId], {
      onProgress: ({ received }) => {
        if (atKill > 0 || received < 4 * MiB) return;
        atKill = received;
        first.kill();
      },
    }),
  );

  expect(fetched.from).toEqual([first.peerId, second.peerId]);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(atKill).toBeLessThan(48 * MiB);
  const { served } = await second.report();
  expect(served).toBeGreaterThan(0);
  expect(served).toBeLessThanOrEqual(48 * MiB - atKill);
});

test.each<[string, RequestHandler]>([
  ['answers rubbish', async () => ({ header: 'rubbish', payload: randomBytes(100) })],
  ['answers with no more than an error', () => Promise.reject(new Error('no'))],
  ['sends the wrong bytes', async () => ({ header: { ok: true, size: 300_000 }, payload: randomBytes(256 * 1024) })],
  ['sends too short a block', async () => ({ header: { ok: true, size: 300_000 }, payload: randomBytes(10) })],
  ['sends too long a block', async () => ({ header: { ok: true, size: 300_000 }, payload: randomBytes(MiB) })],
  [
    'sends more than a frame may have',
    async () => ({ header: { ok: true, size: 300_000 }, payload: randomBytes(MiB + 1) }),
  ],
  ['tells another size', async () => ({ header: { ok: true, size: 1 }, payload: randomBytes(1) })],
  ['does not have it', async () => ({ header: { ok: false, reason: 'missing' }, payload: new Uint8Array(0) })],
  ['never answers', () => new Promise(() => undefined)],
  ['is always busy', async () => ({ header: { ok: false, reason: 'busy' }, payload: new Uint8Array(0) })],
])('a peer that %s is passed over', async (_what, handler) => {
  const networks = new TestNetworks();
  const bad = await networks.join();
  const good = await networks.join();
  const here = await networks.join();
  const photo = photoOf(300_000);
  bad.handle(wireProtocols.photos, handler);
  serve(good, [photo]);
  await know(here, bad.self.peerId, good.self.peerId);
  const home = new TestHome({ carriers: [new Libp2pCarrier(here, 1000)] });

  const fetched = await home.fetcher.fetch(home.order(photo, [bad.self.peerId, good.self.peerId]));

  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(fetched.from).toContain(good.self.peerId);
  expect(home.logger.lines.some((line) => line.includes(bad.self.peerId))).toBe(true);
  const alone = new TestHome({ carriers: [new Libp2pCarrier(here, 500)] });
  const failure = await failureOf(alone.fetcher.fetch(alone.order(photo, [bad.self.peerId])));
  expect(['corrupt', 'timeout', 'protocol', 'no-holder-online']).toContain(failure.code);
  expect(failure.message).toContain('try again');
  expect(fs.readdirSync(alone.out)).toEqual([]);
});

test('a busy holder is asked again until it has time', async () => {
  const networks = new TestNetworks();
  const holder = await networks.join();
  const here = await networks.join();
  const photo = photoOf(1000);
  let asked = 0;
  holder.handle(wireProtocols.photos, async () =>
    ++asked < 3
      ? { header: { ok: false, reason: 'busy' }, payload: new Uint8Array(0) }
      : { header: { ok: true, size: 1000 }, payload: photo.bytes },
  );
  await know(here, holder.self.peerId);
  const home = new TestHome({ carriers: [new Libp2pCarrier(here)] });
  const fetched = await home.fetcher.fetch(home.order(photo, [holder.self.peerId]));
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(asked).toBe(3);
});

test('a gigabyte through a slow disk takes little memory at both ends', { timeout: 240_000 }, async () => {
  const networks = new TestNetworks();
  const size = 1024 * MiB;
  const folder = temporaryFolder();
  const file = path.join(folder, 'large.tif');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, size);
  const hash = createHash('sha256');
  for (let n = 0; n < 1024; n++) hash.update(Buffer.alloc(MiB));
  const id = hash.digest('hex');
  const holder = await PeerProcess.start(networks.options(), [[id, { path: file, size }]]);
  const here = await PeerProcess.start(networks.options(), []);
  const before = await Promise.all([holder.report(), here.report()]);

  const target = path.join(folder, 'fetched.tif');
  await here.fetch({ id, size, holders: [holder.peerId], target, writePause: 3 });

  expect(fs.statSync(target).size).toBe(size);
  const after = await Promise.all([holder.report(), here.report()]);
  for (const [end, report] of after.entries()) {
    const more = report.maxRss - (before[end]?.maxRss ?? 0);
    expect(more / MiB).toBeLessThan(300);
  }
});

test('thumbnails come over one stream, many at once', async () => {
  const networks = new TestNetworks();
  const holder = await networks.join();
  const here = await networks.join();
  const webp = await sharp({ create: { width: 320, height: 200, channels: 3, background: '#48a' } })
    .webp()
    .toBuffer();
  const ids = Array.from({ length: 300 }, () => photoOf(8).id);
  serveThumbnails(holder, (id) => (ids.includes(id) ? { mime: 'image/webp', data: webp } : undefined));
  await know(here, holder.self.peerId);
  const kept = new Map<PhotoId, ThumbnailImage>();
  const cache = {
    get: (id: PhotoId) => kept.get(id),
    put: (id: PhotoId, image: ThumbnailImage) => void kept.set(id, image),
  };
  const thumbnails = new RemoteThumbnails(here, cache, new TestLogger());

  const found = await thumbnails.get([...ids, photoOf(8).id], () => [holder.self.peerId], new AbortController().signal);

  expect([...found.keys()].sort()).toEqual(ids.toSorted());
  for (const { data } of found.values()) expect(webp.equals(data)).toBe(true);
  expect(kept.size).toBe(300);
});
