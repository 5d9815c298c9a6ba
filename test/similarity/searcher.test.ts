import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { alignLumas } from '../../src/daemon/similarity/alignLumas.ts';
import type { HashedPhoto } from '../../src/daemon/similarity/hashTable.ts';
import { orientHash } from '../../src/daemon/similarity/orientations.ts';
import { Searcher } from '../../src/daemon/similarity/searcher.ts';
import { hashBytes, lumaBytes, windowCount } from '../../src/protocol/features.ts';
import { Chance, hashOf } from './support/hashes.ts';

function newSearcher(options: { idleLimit?: number } = {}): Searcher {
  const searcher = new Searcher(silentLogger, options);
  onTestFinished(() => searcher[Symbol.asyncDispose]());
  return searcher;
}

/** The next thread that is started. */
async function nextThread(): Promise<Worker> {
  const [worker] = (await once(process, 'worker')) as [Worker];
  return worker;
}

/** Photos of which none is like another. */
function distinct(count: number): HashedPhoto[] {
  const bytes = windowCount * hashBytes;
  const all = randomBytes(count * bytes);
  return Array.from({ length: count }, (_, key) => ({
    key,
    aspect: 1500,
    hashes: new Uint8Array(all.subarray(key * bytes, (key + 1) * bytes)),
  }));
}

function keysOf(photos: readonly HashedPhoto[]): number[] {
  return photos.map(({ key }) => key);
}

/** Far fewer bits than two hashes have in common by chance. */
const limit = 60;

/** So many that comparing all of them takes longer than a test may. */
const tooMany = 60_000;

async function withTooMany(): Promise<{ searcher: Searcher; keys: number[] }> {
  const searcher = newSearcher();
  const photos = distinct(tooMany);
  await searcher.add(photos);
  return { searcher, keys: keysOf(photos) };
}

test('pairs are found, and no longer when one of them is replaced or removed', async () => {
  const searcher = newSearcher();
  const photos = distinct(2_500);
  const [a, , c] = photos;
  const b = photos[2_400];
  if (a === undefined || b === undefined || c === undefined) throw new Error('no photos');
  hashOf(b, 3).set(orientHash(hashOf(a, 0), 3));
  hashOf(c, 0).set(hashOf(a, 0));
  await searcher.add(photos);
  expect(searcher.size).toBe(2_500);
  const withB = { a: 0, b: 2_400, distance: 0, orientation: 3, windowA: 0, windowB: 3 };
  const withC = { a: 0, b: 2, distance: 0, orientation: 0, windowA: 0, windowB: 0 };
  expect(await searcher.search([0], { limit })).toEqual(expect.arrayContaining([withB, withC]));
  await searcher.add([{ ...c, hashes: new Uint8Array(randomBytes(c.hashes.length)) }]);
  expect(searcher.size).toBe(2_500);
  expect(await searcher.search([0], { limit })).toEqual([withB]);
  expect(await searcher.search(keysOf(photos), { limit })).toEqual([withB]);
  await searcher.remove([2_400, 77_777]);
  expect(searcher.size).toBe(2_499);
  expect(await searcher.search([0, 77_777], { limit })).toEqual([]);
});

test('only so many for each photo', async () => {
  const searcher = newSearcher();
  const [photo] = distinct(1);
  await searcher.add(
    Array.from({ length: 30 }, (_, key) => ({ key, aspect: 1500, hashes: photo?.hashes ?? new Uint8Array() })),
  );
  expect(await searcher.search([0], { limit })).toHaveLength(29);
  expect(await searcher.search([0], { limit, perPhoto: 5 })).toHaveLength(5);
});

test('progress counts up to all keys', async () => {
  const searcher = newSearcher();
  const photos = distinct(500);
  await searcher.add(photos);
  const progress: number[] = [];
  await searcher.search([...keysOf(photos), 99_999], { limit, onProgress: (done) => progress.push(done) });
  expect(progress.length).toBeGreaterThan(10);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(501);
});

test('a listener of the progress that fails ends the search', async () => {
  const searcher = newSearcher();
  await searcher.add(distinct(100));
  const onProgress = (): void => {
    throw new Error('nobody listens');
  };
  await expect(searcher.search([1, 2], { limit, onProgress })).rejects.toThrow('nobody listens');
  expect(await searcher.search([1], { limit })).toEqual([]);
});

test('a search that is cancelled ends at once, in the thread too', async () => {
  const { searcher, keys } = await withTooMany();
  const controller = new AbortController();
  const search = searcher.search(keys, { limit, signal: controller.signal, onProgress: () => controller.abort() });
  await expect(search).rejects.toMatchObject({ code: 'cancelled' });
  // Would wait for the other one.
  expect(await searcher.search([1], { limit })).toEqual([]);
  await expect(searcher.search([1], { limit, signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  expect(searcher.generation).toBe(0);
});

test('a search that waits for another one is cancelled without waiting', async () => {
  const { searcher, keys } = await withTooMany();
  const long = new AbortController();
  const short = new AbortController();
  const first = searcher.search(keys, { limit, signal: long.signal, onProgress: () => short.abort() });
  await expect(searcher.search([1], { limit, signal: short.signal })).rejects.toMatchObject({ code: 'cancelled' });
  long.abort();
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
});

test('pairs are aligned as by the function itself, while a search goes on', async () => {
  const { searcher, keys } = await withTooMany();
  const controller = new AbortController();
  const search = searcher.search(keys, { limit, signal: controller.signal });
  const chance = new Chance(1);
  const pairs = Array.from({ length: 70 }, () => {
    const a = Uint8Array.from({ length: lumaBytes }, (_, at) => (at * 3) % 200);
    const b = chance.below(2) ? a : chance.bytes(lumaBytes);
    return { a, b, orientation: 0 as const, windowA: 0, windowB: chance.below(windowCount) };
  });
  const alignments = await searcher.align(pairs);
  expect(alignments).toEqual(pairs.map(({ a, b, ...start }) => alignLumas(a, b, start)));
  controller.abort();
  await expect(search).rejects.toMatchObject({ code: 'cancelled' });
  await expect(searcher.align(pairs, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
});

test('a thread that crashes fails what waits; the next call starts another, empty one', async () => {
  const starting = nextThread();
  const { searcher, keys } = await withTooMany();
  const worker = await starting;
  let emptied = 0;
  searcher.onEmptied(() => emptied++);
  const search = searcher.search(keys, { limit, onProgress: () => void worker.terminate() });
  const waiting = searcher.search([1], { limit });
  await expect(search).rejects.toMatchObject({ code: 'internal' });
  await expect(waiting).rejects.toMatchObject({ code: 'internal' });
  expect(emptied).toBe(1);
  expect(searcher.generation).toBe(1);
  expect(searcher.size).toBe(0);
  await searcher.add(distinct(3));
  expect(searcher.size).toBe(3);
  expect(await searcher.search([1], { limit })).toEqual([]);
});

test('what the index refuses fails alone', async () => {
  const searcher = newSearcher();
  await searcher.add(distinct(3));
  await expect(searcher.add([{ key: 9, aspect: 1500, hashes: new Uint8Array(5) }])).rejects.toMatchObject({
    code: 'internal',
  });
  await searcher.add([]);
  await searcher.remove([0]);
  expect(searcher.size).toBe(2);
  expect(searcher.generation).toBe(0);
});

test('the thread ends when there is nothing to do, and says that the index is empty', async () => {
  const searcher = newSearcher({ idleLimit: 20 });
  const starting = nextThread();
  const emptied = new Promise<void>((resolve) => searcher.onEmptied(resolve));
  await searcher.add(distinct(3));
  const worker = await starting;
  await Promise.all([emptied, once(worker, 'exit')]);
  expect(searcher.generation).toBe(1);
  expect(searcher.size).toBe(0);
  await searcher.add(distinct(2));
  expect(searcher.size).toBe(2);
});

test('when the searcher is closed the thread goes, and what is asked fails as cancelled', async () => {
  const starting = nextThread();
  const { searcher, keys } = await withTooMany();
  const worker = await starting;
  const exit = once(worker, 'exit');
  const search = searcher.search(keys, { limit });
  const failed = expect(search).rejects.toMatchObject({ code: 'cancelled' });
  await searcher[Symbol.asyncDispose]();
  await Promise.all([failed, exit]);
  await expect(searcher.add(distinct(1))).rejects.toMatchObject({ code: 'cancelled' });
});
