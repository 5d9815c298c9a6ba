import { getEventListeners } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ResponseError } from 'vscode-jsonrpc/node';
import { connectToDaemon } from '../../src/client/connection.ts';
import type { FetchResult } from '../../src/protocol/control.ts';
import {
  appErrorRpcCode,
  changedNotification,
  controlProtocolVersion,
  fetchProgress,
  fetchRequest,
  listRequest,
  peersRequest,
  showRequest,
  statusRequest,
  stopRequest,
  thumbnailsRequest,
} from '../../src/protocol/control.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { refuse, daemonFileOf, ownPeerId, serveControl, sharedFolder } from '../support/controlServer.ts';
import { waitFor } from '../support/waitFor.ts';

const id = 'ab'.repeat(32);

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error('no AppError', { cause: error });
  return error;
}

test('greets with protocol, version and token, and knows the daemon then', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, () => {});
  using client = await connectToDaemon(state, { version: '1.2.3' });
  expect(daemon.greetings).toEqual([{ protocol: controlProtocolVersion, version: '1.2.3', token: 'the token' }]);
  expect(client.hello).toMatchObject({ peerId: ownPeerId, folder: state.folder, pid: process.pid });
});

test('sends parameters as they are and gives answers as they are', async () => {
  const state = sharedFolder();
  const asked: unknown[] = [];
  const daemon = await serveControl(state, (rpc) => {
    rpc.onRequest(listRequest, (params) => (asked.push(params), { total: 0, photos: [] }));
    rpc.onRequest(showRequest, (params) => (asked.push(params), refuse('not-found', 'None.')));
    rpc.onRequest(thumbnailsRequest, (params) => (asked.push(params), []));
    rpc.onRequest(stopRequest, () => {
      setTimeout(() => daemon.cut(), 300);
      return null;
    });
  });
  using client = await connectToDaemon(state);
  expect(await client.list({ query: 'x', limit: 3 })).toEqual({ total: 0, photos: [] });
  await failureOf(client.show('abcdef'));
  expect(await client.thumbnails([id])).toEqual([]);
  expect(await client.stop()).toBeUndefined();
  // It resolves when the daemon has closed, not when it answered.
  expect((await failureOf(client.status())).code).toBe('daemon-unreachable');
  expect(asked).toEqual([{ query: 'x', limit: 3 }, { photo: 'abcdef' }, { ids: [id] }]);
});

test('says that no daemon runs: no file, a file of a dead one, a socket of a dead one', async () => {
  const state = sharedFolder();
  const never = await failureOf(connectToDaemon(state));
  expect(never.code).toBe('daemon-unreachable');
  expect(never.message).toContain(state.folder);

  fs.mkdirSync(state.directory, { recursive: true });
  fs.writeFileSync(state.daemonFile, JSON.stringify(daemonFileOf(state)));
  expect((await failureOf(connectToDaemon(state))).code).toBe('daemon-unreachable');

  fs.mkdirSync(path.dirname(state.socket), { recursive: true });
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(state.socket, resolve));
  const kept = `${state.socket}.kept`;
  fs.linkSync(state.socket, kept);
  await new Promise((resolve) => server.close(resolve));
  fs.renameSync(kept, state.socket);
  expect((await failureOf(connectToDaemon(state))).code).toBe('daemon-unreachable');
});

test('says that the file of the daemon is damaged', async () => {
  const state = sharedFolder();
  fs.mkdirSync(state.directory, { recursive: true });
  for (const text of ['', '{', '{"pid":1}', '[]']) {
    fs.writeFileSync(state.daemonFile, text);
    expect((await failureOf(connectToDaemon(state))).code).toBe('corrupt');
  }
});

test('a wrong token is refused, another protocol is a version mismatch with the version of the daemon', async () => {
  const state = sharedFolder();
  await serveControl(state, () => {}, controlProtocolVersion + 1);
  const mismatch = await failureOf(connectToDaemon(state));
  expect(mismatch).toMatchObject({
    code: 'version-mismatch',
    data: { protocol: controlProtocolVersion + 1, version: '9.9.9' },
  });
  fs.writeFileSync(state.daemonFile, JSON.stringify({ ...daemonFileOf(state), token: 'another' }));
  const refused = await failureOf(connectToDaemon(state, { protocol: controlProtocolVersion + 1 }));
  expect(refused.code).toBe('refused');
});

test('a daemon that accepts and never answers is a timeout, and the socket is given back', async () => {
  const state = sharedFolder();
  fs.mkdirSync(path.dirname(state.socket), { recursive: true });
  fs.mkdirSync(state.directory, { recursive: true });
  fs.writeFileSync(state.daemonFile, JSON.stringify(daemonFileOf(state)));
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.resume().once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(state.socket, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  expect((await failureOf(connectToDaemon(state, { timeout: 100 }))).code).toBe('timeout');
  await waitFor('the socket to be closed', () => sockets.size === 0);

  const controller = new AbortController();
  const connecting = failureOf(connectToDaemon(state, { signal: controller.signal }));
  await waitFor('a connection', () => sockets.size === 1);
  controller.abort();
  expect((await connecting).code).toBe('cancelled');
  await waitFor('the socket to be closed', () => sockets.size === 0);
});

test('errors of the daemon arrive with code, sentence and data; unknown ones as internal', async () => {
  const state = sharedFolder();
  const data = { candidates: [{ id }] };
  await serveControl(state, (rpc) => {
    rpc.onRequest(showRequest, () => refuse('ambiguous', 'Two photos.', data));
    rpc.onRequest(statusRequest, () => refuse('of-the-future', 'Something new.'));
    rpc.onRequest(peersRequest, () => {
      throw new Error('a bug');
    });
  });
  using client = await connectToDaemon(state);
  expect(await failureOf(client.show('abcdef'))).toMatchObject({ code: 'ambiguous', message: 'Two photos.', data });
  expect(await failureOf(client.status())).toMatchObject({ code: 'internal', message: 'Something new.' });
  const bug = await failureOf(client.peers());
  expect(bug.code).toBe('internal');
  expect(bug.message).toContain('a bug');
});

test('aborting a query tells the daemon and rejects at once, though the daemon goes on', async () => {
  const state = sharedFolder();
  const cancelled = vi.fn();
  await serveControl(state, (rpc) => {
    rpc.onRequest(listRequest, (_params, token) => {
      token.onCancellationRequested(cancelled);
      return new Promise<never>(() => {});
    });
    rpc.onRequest(peersRequest, () => []);
  });
  using client = await connectToDaemon(state);
  const controller = new AbortController();
  const listing = failureOf(client.list({}, { signal: controller.signal }));
  expect(await client.peers()).toEqual([]);
  controller.abort();
  expect((await listing).code).toBe('cancelled');
  await waitFor('the daemon to hear it', () => cancelled.mock.calls.length === 1);
  expect((await failureOf(client.peers({ signal: controller.signal }))).code).toBe('cancelled');
  expect(await client.peers()).toEqual([]);
});

test('a cancelled fetch waits for the last word of the daemon, but not for ever', async () => {
  const state = sharedFolder();
  let deaf = false;
  await serveControl(state, (rpc) => {
    rpc.onRequest(fetchRequest, (_params, token) => {
      if (deaf) return new Promise<never>(() => {});
      return new Promise<never>((_resolve, reject) => {
        token.onCancellationRequested(() => {
          reject(new ResponseError(appErrorRpcCode, 'Nothing was written.', { code: 'cancelled' }));
        });
      });
    });
    rpc.onRequest(peersRequest, () => []);
  });
  using client = await connectToDaemon(state);
  for (const expected of ['Nothing was written.', 'Cancelled.']) {
    const controller = new AbortController();
    const fetching = failureOf(client.fetch({ photo: id, target: '/x' }, { signal: controller.signal }));
    await client.peers();
    controller.abort();
    expect(await fetching).toMatchObject({ code: 'cancelled', message: expected });
    deaf = true;
  }
});

test('progress of each fetch reaches its own caller, and none after the answer', async () => {
  const state = sharedFolder();
  const answers: FetchResult[] = [];
  let late: (() => Promise<void>) | undefined;
  await serveControl(state, (rpc) => {
    rpc.onRequest(fetchRequest, async ({ photo, target, progress }) => {
      if (progress === undefined) throw new Error('no progress token');
      for (const received of [1, 2]) {
        await rpc.sendProgress(fetchProgress, progress, { received, size: target.length });
      }
      late = () => rpc.sendProgress(fetchProgress, progress, { received: 99, size: 99 });
      const result = { id: photo, path: target, size: target.length, from: [], seconds: 0 };
      answers.push(result);
      return result;
    });
    rpc.onRequest(peersRequest, () => []);
  });
  using client = await connectToDaemon(state);
  const heard: Record<string, number[]> = { '/a': [], '/bb': [] };
  const fetched = await Promise.all(
    ['/a', '/bb'].map((target) =>
      client.fetch({ photo: id, target }, { onProgress: ({ received, size }) => heard[target]?.push(received, size) }),
    ),
  );
  expect(fetched).toEqual(answers);
  await late?.();
  await client.peers();
  expect(heard).toEqual({ '/a': [1, 2, 2, 2], '/bb': [1, 3, 2, 3] });
});

test('when the daemon goes, what waits is rejected, listeners hear it once, and later calls fail at once', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, (rpc) => {
    rpc.onRequest(statusRequest, () => new Promise<never>(() => {}));
    rpc.onRequest(fetchRequest, () => new Promise<never>(() => {}));
  });
  using client = await connectToDaemon(state);
  const closed = vi.fn();
  const unsubscribed = vi.fn();
  client.onClosed(closed);
  client.onClosed(unsubscribed)();
  const waiting = [
    failureOf(client.status()),
    failureOf(client.fetch({ photo: id, target: '/x' }, { onProgress: () => {} })),
  ];
  await waitFor('the connection', () => daemon.connections.size === 1);
  daemon.cut();
  for (const error of await Promise.all(waiting)) expect(error.code).toBe('daemon-unreachable');
  await waitFor('the listener', () => closed.mock.calls.length === 1);
  expect((await failureOf(client.status())).code).toBe('daemon-unreachable');
  client[Symbol.dispose]();
  expect(closed).toHaveBeenCalledTimes(1);
  expect(unsubscribed).not.toHaveBeenCalled();
});

test('a daemon that sends rubbish is left', async () => {
  const state = sharedFolder();
  let socket: net.Socket | undefined;
  fs.mkdirSync(path.dirname(state.socket), { recursive: true });
  fs.mkdirSync(state.directory, { recursive: true });
  fs.writeFileSync(state.daemonFile, JSON.stringify(daemonFileOf(state)));
  const server = net.createServer((accepted) => {
    socket = accepted.resume();
    accepted.on('error', () => {});
    accepted.write('Content-Length: many\r\n\r\nrubbish');
  });
  await new Promise<void>((resolve) => server.listen(state.socket, resolve));
  onTestFinished(async () => {
    socket?.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  expect((await failureOf(connectToDaemon(state))).code).toBe('daemon-unreachable');
});

test('dispose rejects what waits as cancelled, tells no listener, and may be called again', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, (rpc) => {
    rpc.onRequest(statusRequest, () => new Promise<never>(() => {}));
  });
  const client = await connectToDaemon(state);
  const closed = vi.fn();
  client.onClosed(closed);
  const waiting = failureOf(client.status());
  client[Symbol.dispose]();
  client[Symbol.dispose]();
  expect((await waiting).code).toBe('cancelled');
  expect((await failureOf(client.peers())).code).toBe('cancelled');
  await waitFor('the daemon to see it', () => daemon.connections.size === 0);
  expect(closed).not.toHaveBeenCalled();
});

test('changes reach every listener until it unsubscribes', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, () => {});
  using client = await connectToDaemon(state);
  const one = vi.fn();
  const two = vi.fn();
  const unsubscribe = client.onChanged(one);
  client.onChanged(two);
  const send = (topic: 'peers' | 'status') =>
    Promise.all([...daemon.connections].map((rpc) => rpc.sendNotification(changedNotification, { topics: [topic] })));
  await send('peers');
  await waitFor('the first change', () => two.mock.calls.length === 1);
  unsubscribe();
  await send('status');
  await waitFor('the second change', () => two.mock.calls.length === 2);
  expect(one.mock.calls).toEqual([[['peers']]]);
  expect(two.mock.calls).toEqual([[['peers']], [['status']]]);
});

test('requests leave no listeners on the signal, however they end', async () => {
  const state = sharedFolder();
  await serveControl(state, (rpc) => {
    rpc.onRequest(peersRequest, () => []);
    rpc.onRequest(statusRequest, () => refuse('internal', 'No.'));
    rpc.onRequest(fetchRequest, () => refuse('not-found', 'No.'));
  });
  const { signal } = new AbortController();
  using client = await connectToDaemon(state, { signal });
  for (let round = 0; round < 20; round++) {
    await client.peers({ signal });
    await failureOf(client.status({ signal }));
    await failureOf(client.fetch({ photo: id, target: '/x' }, { signal, onProgress: () => {} }));
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a daemon that goes before it answered "stop" did what was asked; one that was gone already did not', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, (rpc) => {
    rpc.onRequest(stopRequest, () => {
      daemon.cut();
      return null;
    });
  });
  using client = await connectToDaemon(state);
  await client.stop();
  expect((await failureOf(client.stop())).code).toBe('daemon-unreachable');
});
