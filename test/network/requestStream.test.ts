import type { Libp2p, Stream } from '@libp2p/interface';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../src/daemon/base/cbor.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { encodeFrameHead, FrameDecoder } from '../../src/daemon/network/frames.ts';
import { serveRequests } from '../../src/daemon/network/requestServer.ts';
import { RequestStreams } from '../../src/daemon/network/requestStreams.ts';
import type { Frame, RequestHandler } from '../../src/daemon/network/types.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { waitFor } from '../support/waitFor.ts';
import { rawStream, testNode } from './support/nodes.ts';
import { recordingLogger, type RecordingLogger } from './support/recordingLogger.ts';

const protocol = wireProtocols.photos;
const noBytes = new Uint8Array(0);
const echo: RequestHandler = async ({ header, payload }) => ({ header, payload });

/** The whole bytes of a frame. */
function frame(header: unknown, payload: Uint8Array = noBytes): Buffer {
  const bytes = encodeCbor(header);
  return Buffer.concat([encodeFrameHead(bytes, payload.length), payload]);
}

/** Frames that arrive on a raw stream. */
function collect(stream: Stream): unknown[] {
  const decoder = new FrameDecoder(wireLimits.payload);
  const headers: unknown[] = [];
  stream.addEventListener('message', ({ data }) => {
    for (const piece of data instanceof Uint8Array ? [data] : data) {
      for (const { header } of decoder.push(piece)) headers.push(decodeCbor(header));
    }
  });
  return headers;
}

describe('request streams between two nodes', () => {
  let server: Libp2p;
  let client: Libp2p;
  let log: RecordingLogger;
  let streams: RequestStreams;

  beforeEach(async () => {
    [server, client] = await Promise.all([testNode(), testNode()]);
    log = recordingLogger();
    streams = new RequestStreams(client, { logger: silentLogger });
    await client.dial(server.getMultiaddrs());
  });

  const serve = (handler: RequestHandler, stallTimeout = 20_000): Promise<void> =>
    new RequestStreams(server, { logger: log, stallTimeout }).serve(protocol, handler);
  const ask = (
    header: unknown,
    options: { timeout?: number; signal?: AbortSignal; payload?: Uint8Array } = {},
  ): Promise<Frame> => streams.request(server.peerId.toString(), protocol, header, { timeout: 10_000, ...options });

  it('carry requests and answers with their bytes', async () => {
    await serve(echo);
    const payload = new Uint8Array(wireLimits.requestPayload).map((_, index) => index % 251);
    const answer = await ask({ a: [1, 'two', null] }, { payload });
    expect(answer.header).toEqual({ a: [1, 'two', null] });
    expect(Buffer.compare(answer.payload, payload)).toBe(0);
  });

  it('carry blocks of a mebibyte, many at once, each to who asked', async () => {
    await serve(async ({ header }) => ({ header, payload: new Uint8Array(wireLimits.payload).fill(Number(header)) }));
    const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => ask(n)));
    for (const [n, { header, payload }] of answers.entries()) {
      expect(header).toBe(n);
      expect(payload).toHaveLength(wireLimits.payload);
      expect(payload.every((byte) => byte === n)).toBe(true);
    }
    expect(client.getConnections()[0]?.streams.filter((stream) => stream.protocol === protocol)).toHaveLength(1);
  });

  it('answer in the order in which answers are ready', async () => {
    const gate = Promise.withResolvers<void>();
    await serve(async (request) => {
      if (request.header === 'slow') await gate.promise;
      return request;
    });
    const order: unknown[] = [];
    const slow = ask('slow').then(({ header }) => order.push(header));
    await ask('quick').then(({ header }) => order.push(header));
    gate.resolve();
    await slow;
    expect(order).toEqual(['quick', 'slow']);
  });

  it('tell the handler who asks, by the authenticated id', async () => {
    await serve(async (_, { peerId }) => ({ header: peerId, payload: noBytes }));
    expect((await ask(0)).header).toBe(client.peerId.toString());
  });

  it('never have more requests on the wire than allowed; the rest waits and is served', async () => {
    let running = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    await serve(async (request) => {
      most = Math.max(most, ++running);
      if (running === wireLimits.requestsInFlight) full.resolve();
      await full.promise;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return request;
    });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)));
    expect(answers.map(({ header }) => header)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(most).toBe(wireLimits.requestsInFlight);
  });

  it('carry our errors with code and sentence, without what could forge a terminal', async () => {
    await serve(async () => {
      throw new AppError('no-holder-online', 'Nobody \u001b[31mhas\u202e it.');
    });
    await expect(ask(0)).rejects.toMatchObject({ code: 'no-holder-online', message: 'Nobody  [31mhas  it.' });
  });

  it('hide what other errors say, but not from our own log', async () => {
    await serve(async () => {
      throw new Error('the password is 1234');
    });
    await expect(ask(0)).rejects.toMatchObject({ code: 'internal', message: expect.not.stringContaining('1234') });
    expect(log.lines.join()).toContain('the password is 1234');
  });

  it('say so when an answer is too long to be sent, and go on', async () => {
    await serve(async ({ header }) => ({
      header,
      payload: new Uint8Array(header === 'long' ? wireLimits.payload + 1 : 1),
    }));
    await expect(ask('long')).rejects.toMatchObject({ code: 'protocol' });
    expect((await ask('short')).payload).toHaveLength(1);
  });

  it('refuse to send a request that is too long', async () => {
    await serve(echo);
    await expect(ask(0, { payload: new Uint8Array(wireLimits.requestPayload + 1) })).rejects.toMatchObject({
      code: 'protocol',
    });
    await expect(ask('x'.repeat(wireLimits.header))).rejects.toMatchObject({ code: 'protocol' });
    expect((await ask('fine')).header).toBe('fine');
  });

  it('give up after the time limit, and use the same stream on', async () => {
    const gate = Promise.withResolvers<void>();
    await serve(async (request) => {
      if (request.header === 'slow') await gate.promise;
      return request;
    });
    await expect(ask('slow', { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' });
    gate.resolve();
    expect((await ask('quick')).header).toBe('quick');
    expect(client.getConnections()[0]?.streams.filter((stream) => stream.protocol === protocol)).toHaveLength(1);
  });

  it('give up when told to', async () => {
    await serve(() => Promise.withResolvers<Frame>().promise);
    const controller = new AbortController();
    const asked = ask(0, { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await expect(ask(0, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('start anew when no request on a stream is ever answered', async () => {
    let opened = 0;
    await server.handle(protocol, (stream) => {
      const deaf = ++opened === 1;
      const handler: RequestHandler = (request) =>
        deaf && request.header === 'lost' ? Promise.withResolvers<Frame>().promise : Promise.resolve(request);
      serveRequests(stream, { peerId: 'whoever', handler, logger: silentLogger });
    });
    await ask('first');
    const asked = Array.from({ length: wireLimits.requestsInFlight }, () => ask('lost', { timeout: 100 }));
    expect((await Promise.allSettled(asked)).every(({ status }) => status === 'rejected')).toBe(true);
    expect((await ask('found')).header).toBe('found');
    expect(opened).toBe(2);
  });

  it('fail at once when the connection breaks, and when there is none', async () => {
    const arrived = Promise.withResolvers<void>();
    const given = Promise.withResolvers<void>();
    await serve((_, { signal }) => {
      arrived.resolve();
      signal.addEventListener('abort', () => given.resolve());
      return Promise.withResolvers<Frame>().promise;
    });
    const asked = ask(0);
    const failed = expect(asked).rejects.toMatchObject({ code: 'daemon-unreachable' });
    await arrived.promise;
    await server.stop();
    await failed;
    await given.promise;
    await waitFor('the connection to be gone', () => client.getConnections().length === 0);
    await expect(ask(0)).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it('say that a peer without the protocol runs another version', async () => {
    await expect(ask(0)).rejects.toMatchObject({ code: 'version-mismatch' });
  });

  describe('with a peer that misbehaves', () => {
    const badStarts: Array<[string, Buffer]> = [
      ['a frame that is too long', Buffer.from('ffffffff000a', 'hex')],
      ['a payload over the limit of requests', frame([1, 0, null], new Uint8Array(wireLimits.requestPayload + 1))],
      ['a header that is not CBOR', Buffer.concat([encodeFrameHead(Buffer.from('ff', 'hex'), 0)])],
      ['a header without envelope', frame({ hello: 'world' })],
      ['an answer to nothing', frame([1, 1, null])],
      ['the same request twice', Buffer.concat([frame([1, 0, 'wait']), frame([1, 0, 'wait'])])],
      ['deep nesting', Buffer.concat([encodeFrameHead(Buffer.alloc(50_000, 0x81), 0)])],
    ];

    it.each(badStarts)('ends the stream that sends %s; connection and other streams live on', async (_, bytes) => {
      await serve(({ header }) =>
        header === 'wait' ? Promise.withResolvers<Frame>().promise : Promise.resolve({ header, payload: noBytes }),
      );
      const stream = await rawStream(client, server, protocol);
      stream.send(bytes);
      await waitFor('the stream to end', () => stream.status !== 'open');
      expect(log.lines.filter((line) => line.startsWith('warn ended a stream that sent rubbish'))).toHaveLength(1);
      expect((await ask('still there')).header).toBe('still there');
      expect(client.getConnections()).toHaveLength(1);
    });

    it('notices a stream that ends inside a frame', async () => {
      await serve(echo);
      const stream = await rawStream(client, server, protocol);
      stream.send(frame([1, 0, 'hello']).subarray(0, 9));
      await stream.close();
      await waitFor('the warning', () => log.lines.includes('warn a stream ended inside a frame'));
      expect((await ask('still there')).header).toBe('still there');
    });

    it('cuts off one that does not wait for answers', async () => {
      let handled = 0;
      await serve(() => {
        handled++;
        return Promise.withResolvers<Frame>().promise;
      });
      const stream = await rawStream(client, server, protocol);
      stream.send(Buffer.concat(Array.from({ length: 1000 }, (_, n) => frame([n, 0, null]))));
      await waitFor('the stream to end', () => stream.status !== 'open');
      expect(handled).toBe(wireLimits.requestsInFlight);
    });

    it('cuts off one that does not read, after no more than its requests in flight were prepared', async () => {
      let handled = 0;
      await serve(async ({ header }) => {
        handled++;
        return { header, payload: new Uint8Array(wireLimits.payload) };
      }, 300);
      const stream = await rawStream(client, server, protocol);
      stream.pause();
      const before = process.memoryUsage().arrayBuffers;
      for (let n = 0; n < wireLimits.requestsInFlight; n++) stream.send(frame([n, 0, null]));
      await waitFor('the handlers to run', () => handled === wireLimits.requestsInFlight);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(
        (wireLimits.requestsInFlight + 8) * wireLimits.payload,
      );
      await waitFor('the stream to be cut', () =>
        log.lines.some((line) => line.startsWith('warn cut off a slow reader')),
      );
      await waitFor('the end of the stream', () => stream.status !== 'open');
      expect(handled).toBe(wireLimits.requestsInFlight);
      const other = await rawStream(client, server, protocol);
      const headers = collect(other);
      other.send(frame([1, 0, 'again']));
      await waitFor('an answer on another stream', () => headers.length === 1);
    });

    it('cuts off one that does not read one stream, however much it reads on others', async () => {
      await serve(async ({ header }) => ({ header, payload: new Uint8Array(wireLimits.payload) }), 500);
      const stream = await rawStream(client, server, protocol);
      stream.pause();
      for (let n = 0; n < 4; n++) stream.send(frame([n, 0, null]));
      await waitFor('the stream to be cut while others are busy', async () => {
        await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n)));
        return stream.status !== 'open';
      });
      expect(log.lines.filter((line) => line.startsWith('warn cut off a slow reader'))).toHaveLength(1);
    });

    it('does not count answers that it has not taken as answered', async () => {
      let handled = 0;
      await serve(async ({ header }) => {
        handled++;
        return { header, payload: new Uint8Array(wireLimits.payload) };
      });
      const stream = await rawStream(client, server, protocol);
      stream.pause();
      for (let n = 0; n < wireLimits.requestsInFlight; n++) stream.send(frame([n, 0, null]));
      await waitFor('the handlers to run', () => handled === wireLimits.requestsInFlight);
      for (let n = 100; n < 200 && stream.status === 'open'; n++) stream.send(frame([n, 0, null]));
      await waitFor('the stream to end', () => stream.status !== 'open');
      expect(handled).toBeLessThan(wireLimits.requestsInFlight + 4);
    });

    it('keeps one that reads slowly but does read', async () => {
      await serve(async ({ header }) => ({ header, payload: new Uint8Array(wireLimits.payload) }), 500);
      const stream = await rawStream(client, server, protocol);
      let received = 0;
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength;
        // Pausing inside the event is undone by libp2p.
        queueMicrotask(() => {
          if (stream.readStatus !== 'readable') return;
          stream.pause();
          setTimeout(() => stream.status === 'open' && stream.resume(), 100);
        });
      });
      for (let n = 0; n < 4; n++) stream.send(frame([n, 0, null]));
      await waitFor('all the bytes', () => received > 4 * wireLimits.payload);
      expect(stream.status).toBe('open');
      expect(log.lines).toEqual([]);
    });

    it('opens no more streams for one peer than allowed', async () => {
      await serve(echo);
      const opened = await Promise.allSettled(Array.from({ length: 10 }, () => rawStream(client, server, protocol)));
      await waitFor('the surplus to be reset', () => {
        const open = opened.filter((outcome) => outcome.status === 'fulfilled' && outcome.value.status === 'open');
        return open.length <= wireLimits.streamsPerPeer;
      });
      expect(client.getConnections()).toHaveLength(1);
    });

    it('does not let an error forge a terminal, whoever wrote it', async () => {
      await server.handle(protocol, (stream) => {
        const error = { code: 'refused', message: 'No.\u001b[2J\u202eGo away' };
        stream.addEventListener('message', () => stream.send(frame([1, 2, error])));
      });
      await expect(ask(0)).rejects.toMatchObject({ code: 'refused', message: 'No. [2J Go away' });
    });

    it.each([
      ['an answer that nobody asked for', [99, 1, null]],
      ['a request instead of an answer', [1, 0, null]],
      ['no envelope', 'hello'],
      ['an error that cannot be read', [1, 2, { code: 'made-up', message: 3 }]],
    ])('fails a request that is answered by %s', async (_, header) => {
      await server.handle(protocol, (stream) => {
        stream.addEventListener('message', () => stream.status === 'open' && stream.send(frame(header)));
      });
      await expect(ask(0)).rejects.toMatchObject({ code: 'protocol' });
    });
  });
});
