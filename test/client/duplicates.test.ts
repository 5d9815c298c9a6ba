import { expect, test } from 'vitest';
import { connectToDaemon } from '../../src/client/connection.ts';
import type { CompareProgress } from '../../src/protocol/control.ts';
import {
  compareProgress,
  compareRequest,
  decideRequest,
  decisionsRequest,
  dedupeRequest,
  duplicatesRequest,
} from '../../src/protocol/control.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { refuse, serveControl, sharedFolder } from '../support/controlServer.ts';

const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];

test('what is asked of look-alikes reaches the daemon as it is', async () => {
  const state = sharedFolder();
  const asked: unknown[] = [];
  await serveControl(state, (rpc) => {
    rpc.onRequest(duplicatesRequest, (params) => (asked.push(params), { total: 0, bytes: 0, groups: [] }));
    rpc.onRequest(decideRequest, (params) => (asked.push(params), null));
    rpc.onRequest(decisionsRequest, () => []);
    rpc.onRequest(dedupeRequest, (params) => (asked.push(params), refuse('refused', 'Not yet.')));
  });
  using client = await connectToDaemon(state);
  expect(await client.duplicates({ offset: 3, limit: 1 })).toEqual({ total: 0, bytes: 0, groups: [] });
  expect(await client.decide([{ kind: 'distinct', photos: [a, b] }])).toBeUndefined();
  await client.decide([{ kind: 'keeper', photo: a }], { undo: true });
  expect(await client.decisions()).toEqual([]);
  await expect(client.dedupe({ apply: true })).rejects.toMatchObject({ code: 'refused', message: 'Not yet.' });
  expect(asked).toEqual([
    { offset: 3, limit: 1 },
    { decisions: [{ kind: 'distinct', photos: [a, b] }] },
    { decisions: [{ kind: 'keeper', photo: a }], undo: true },
    { apply: true },
  ]);
});

test('comparing tells how far it is', async () => {
  const state = sharedFolder();
  await serveControl(state, (rpc) => {
    rpc.onRequest(compareRequest, async ({ progress }) => {
      if (progress !== undefined) {
        await rpc.sendProgress(compareProgress, progress, { done: 1, total: 2, waiting: 0 });
      }
      return { done: 2, total: 2, waiting: 5 };
    });
  });
  using client = await connectToDaemon(state);
  const seen: CompareProgress[] = [];
  expect(await client.compare({ onProgress: (progress) => seen.push(progress) })).toEqual({
    done: 2,
    total: 2,
    waiting: 5,
  });
  expect(seen).toEqual([{ done: 1, total: 2, waiting: 0 }]);
  expect(await client.compare()).toMatchObject({ done: 2 });
});

test('whoever will not wait for comparing does not, and the daemon is told', async () => {
  const state = sharedFolder();
  const cancelled = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await serveControl(state, (rpc) => {
    rpc.onRequest(compareRequest, (_params, token) => {
      token.onCancellationRequested(() => cancelled.resolve());
      begun.resolve();
      return new Promise(() => {});
    });
  });
  using client = await connectToDaemon(state);
  const cancel = new AbortController();
  const comparing = client.compare({ signal: cancel.signal });
  await begun.promise;
  cancel.abort();
  await expect(comparing).rejects.toSatisfy((error) => AppError.is(error, 'cancelled'));
  await cancelled.promise;
});
