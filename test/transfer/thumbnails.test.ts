import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import type { ThumbnailImage } from '../../src/daemon/library/types.ts';
import type { Frame, LivePeer, Network, RequestHandler, RequestOptions } from '../../src/daemon/network/types.ts';
import { imageSize } from '../../src/daemon/transfer/imageHeader.ts';
import { RemoteThumbnails, serveThumbnails, type ThumbnailCache } from '../../src/daemon/transfer/thumbnails.ts';
import { AppError } from '../../src/protocol/errors.ts';
import type { PhotoId } from '../../src/protocol/photo.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { waitFor } from '../support/waitFor.ts';
import { failureOf, photoOf, TestLogger } from './support.ts';

const webp = await picture(320, 213).webp().toBuffer();
const jpeg = await picture(320, 213).jpeg().toBuffer();
const never = new AbortController().signal;

function picture(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#a85' } });
}

type Answer = (id: PhotoId, options: RequestOptions) => Frame | Promise<Frame>;

/** Peers that answer requests for thumbnails as a test says. */
class TestNetwork implements Pick<Network, 'peers' | 'request'> {
  readonly asked: string[] = [];
  readonly answers = new Map<string, Answer>();
  now = 0;
  most = 0;

  peers(): LivePeer[] {
    return [...this.answers.keys()].map((peerId) => ({
      peerId,
      name: peerId,
      port: 5000,
      addresses: [],
      connectedAt: 0,
    }));
  }

  async request(peerId: string, protocol: string, header: unknown, options: RequestOptions): Promise<Frame> {
    expect(protocol).toBe(wireProtocols.thumbnails);
    this.asked.push(peerId);
    this.now++;
    this.most = Math.max(this.most, this.now);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      const answer = this.answers.get(peerId);
      if (!answer) throw new AppError('daemon-unreachable', 'It is not connected.');
      const { id } = header as { id: Uint8Array };
      return await answer(Buffer.from(id).toString('hex'), options);
    } finally {
      this.now--;
    }
  }
}

class TestCache implements ThumbnailCache {
  readonly images = new Map<PhotoId, ThumbnailImage>();
  get = (id: PhotoId): ThumbnailImage | undefined => this.images.get(id);
  put = (id: PhotoId, image: ThumbnailImage): void => void this.images.set(id, image);
}

const good: Answer = () => ({ header: { mime: 'image/webp' }, payload: webp });
const none: Answer = () => ({ header: { mime: null }, payload: new Uint8Array(0) });

function setUp(answers: Record<string, Answer>): {
  network: TestNetwork;
  cache: TestCache;
  logger: TestLogger;
  thumbnails: RemoteThumbnails;
} {
  const network = new TestNetwork();
  for (const [peerId, answer] of Object.entries(answers)) network.answers.set(peerId, answer);
  const cache = new TestCache();
  const logger = new TestLogger();
  return { network, cache, logger, thumbnails: new RemoteThumbnails(network, cache, logger, 1000) };
}

test('the size of a picture is read from its header, for each kind there is', async () => {
  const lossless = await picture(300, 200).webp({ lossless: true }).toBuffer();
  const extended = await sharp({ create: { width: 310, height: 11, channels: 4, background: '#0008' } })
    .webp()
    .toBuffer();
  const progressive = await picture(99, 320).jpeg({ progressive: true }).withMetadata({ density: 72 }).toBuffer();
  expect(lossless.toString('latin1', 12, 16)).toBe('VP8L');
  expect(extended.toString('latin1', 12, 16)).toBe('VP8X');
  expect(webp.toString('latin1', 12, 16)).toBe('VP8 ');
  expect(imageSize({ mime: 'image/webp', data: webp })).toEqual({ width: 320, height: 213 });
  expect(imageSize({ mime: 'image/webp', data: lossless })).toEqual({ width: 300, height: 200 });
  expect(imageSize({ mime: 'image/webp', data: extended })).toEqual({ width: 310, height: 11 });
  expect(imageSize({ mime: 'image/jpeg', data: jpeg })).toEqual({ width: 320, height: 213 });
  expect(imageSize({ mime: 'image/jpeg', data: progressive })).toEqual({ width: 99, height: 320 });
});

test('a header that is cut anywhere is no header, and never an exception', () => {
  for (const [mime, data] of [
    ['image/webp', webp],
    ['image/jpeg', jpeg],
  ] as const) {
    for (let length = 0; length < 24; length++)
      expect(imageSize({ mime, data: data.subarray(0, length) })).toBeUndefined();
  }
});

test('a thumbnail is asked for once, kept, and given from there', async () => {
  const { network, cache, thumbnails } = setUp({ a: good });
  const { id } = photoOf(10);
  const all = await Promise.all([
    thumbnails.get([id, id], () => ['a'], never),
    thumbnails.get([id], () => ['a'], never),
  ]);
  for (const found of all) expect(found.get(id)).toEqual({ mime: 'image/webp', data: webp });
  await thumbnails.get([id], () => ['a'], never);
  expect(network.asked).toEqual(['a']);
  expect([...cache.images.keys()]).toEqual([id]);
});

test.each<[string, Answer]>([
  ['has none', none],
  ['says webp and sends jpeg', () => ({ header: { mime: 'image/webp' }, payload: jpeg })],
  ['says jpeg and sends webp', () => ({ header: { mime: 'image/jpeg' }, payload: webp })],
  ['sends a page', () => ({ header: { mime: 'image/webp' }, payload: Buffer.from('<script>alert(1)</script>') })],
  ['sends nothing', () => ({ header: { mime: 'image/webp' }, payload: new Uint8Array(0) })],
  ['says a mime that we do not know', () => ({ header: { mime: 'image/svg+xml' }, payload: Buffer.from('<svg/>') })],
  ['answers rubbish', () => ({ header: 42, payload: webp })],
  [
    'sends too much',
    () => ({ header: { mime: 'image/webp' }, payload: Buffer.concat([webp, Buffer.alloc(wireLimits.thumbnail)]) }),
  ],
])('a peer that %s is passed over for the next holder, and not asked again for it', async (_what, answer) => {
  const { network, cache, thumbnails } = setUp({ a: answer });
  const { id } = photoOf(10);
  expect((await thumbnails.get([id], () => ['a'], never)).size).toBe(0);
  expect((await thumbnails.get([id], () => ['a'], never)).size).toBe(0);
  expect(network.asked).toEqual(['a']);
  expect(cache.images.size).toBe(0);

  network.answers.set('b', good);
  expect((await thumbnails.get([id], () => ['a', 'b'], never)).get(id)?.data).toEqual(webp);
  expect(network.asked).toEqual(['a', 'b']);
});

test('a picture too large to be a thumbnail is none, however few bytes it has', async () => {
  const bomb = await picture(16_000, 16).webp().toBuffer();
  expect(bomb.length).toBeLessThan(wireLimits.thumbnail);
  const { thumbnails } = setUp({ a: () => ({ header: { mime: 'image/webp' }, payload: bomb }) });
  expect((await thumbnails.get([photoOf(10).id], () => ['a'], never)).size).toBe(0);
});

test('a peer that does not answer holds up nobody: its photos come from the others', async () => {
  const silent: Answer = (_id, { timeout }) => {
    expect(timeout).toBe(1000);
    throw new AppError('timeout', 'It did not answer.');
  };
  const { network, thumbnails } = setUp({ silent, b: good });
  const ids = Array.from({ length: 60 }, () => photoOf(10).id);
  const found = await thumbnails.get(ids, () => ['silent', 'b'], never);
  expect(found.size).toBe(60);
  expect(network.asked.filter((peerId) => peerId === 'silent').length).toBeLessThanOrEqual(8);
});

test('requests are spread over the holders, a few at a time to each', async () => {
  const { network, thumbnails } = setUp({ a: good, b: good });
  const ids = Array.from({ length: 100 }, () => photoOf(10).id);
  expect((await thumbnails.get(ids, () => ['a', 'b'], never)).size).toBe(100);
  expect(network.asked.filter((peerId) => peerId === 'a')).toHaveLength(50);
  expect(network.most).toBeLessThanOrEqual(16);
  expect(network.most).toBeGreaterThan(8);
});

test('who cancels gets no answer; who shares the request does', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let aborted = false;
  const { network, thumbnails } = setUp({
    a: async (id, options) => {
      options.signal?.addEventListener('abort', () => (aborted = true));
      await gate;
      return good(id, options);
    },
  });
  const { id } = photoOf(10);
  const stop = new AbortController();
  const one = failureOf(thumbnails.get([id], () => ['a'], stop.signal));
  const two = thumbnails.get([id], () => ['a'], never);
  await waitFor('it was asked for', () => network.asked.length > 0);
  stop.abort();
  expect((await one).code).toBe('cancelled');
  expect(aborted).toBe(false);
  open();
  expect((await two).size).toBe(1);
});

test('when nobody waits any more the request is given up', async () => {
  const { network, thumbnails } = setUp({
    a: (_id, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new AppError('cancelled', 'Cancelled.')));
      }),
  });
  const stop = new AbortController();
  const getting = failureOf(thumbnails.get([photoOf(10).id], () => ['a'], stop.signal));
  await waitFor('it was asked for', () => network.now === 1);
  stop.abort();
  expect((await getting).code).toBe('cancelled');
  await waitFor('it was given up', () => network.now === 0);
});

test('a cache that cannot be written does not keep thumbnails from being seen', async () => {
  const { cache, logger, thumbnails } = setUp({ a: good });
  cache.put = () => {
    throw new Error('disk full');
  };
  expect((await thumbnails.get([photoOf(10).id], () => ['a'], never)).size).toBe(1);
  expect(logger.lines.join()).toContain('cannot be kept');
});

test('the server gives the thumbnail of what is held here, and says so when there is none', async () => {
  let handler: RequestHandler | undefined;
  const { id } = photoOf(10);
  const large = photoOf(11);
  const images = new Map<PhotoId, ThumbnailImage>([
    [id, { mime: 'image/webp', data: webp }],
    [large.id, { mime: 'image/webp', data: Buffer.alloc(wireLimits.thumbnail + 1) }],
  ]);
  serveThumbnails({ handle: (_protocol, given) => (handler = given) }, (asked) => images.get(asked));
  const ask = async (header: unknown): Promise<Frame> => {
    if (!handler) throw new Error('nothing is served');
    return handler({ header, payload: new Uint8Array(0) }, { peerId: 'peer', signal: never });
  };
  const request = (of: PhotoId): unknown => ({ id: Uint8Array.from(Buffer.from(of, 'hex')) });
  expect(await ask(request(id))).toEqual({ header: { mime: 'image/webp' }, payload: webp });
  expect((await ask(request(photoOf(10).id))).header).toEqual({ mime: null });
  expect((await ask(request(large.id))).header).toEqual({ mime: null });
  expect((await failureOf(ask({ id: 'x' }))).code).toBe('protocol');
});
