import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { databaseError } from '../../src/daemon/library/cacheDatabase.ts';
import { ThumbnailStore } from '../../src/daemon/library/thumbnailStore.ts';
import type { ThumbnailImage } from '../../src/daemon/library/types.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { sha256 } from './support/images.ts';

const id = (n: number): string => sha256(Buffer.from(String(n)));
const image = (fill: number, size = 1000): ThumbnailImage => ({
  mime: 'image/jpeg',
  data: new Uint8Array(size).fill(fill),
});

function newFile(): string {
  return path.join(temporaryFolder(), 'state', 'thumbnails.db');
}

function openStore(file: string, remoteCap?: number): ThumbnailStore {
  const store = new ThumbnailStore(file, remoteCap === undefined ? {} : { remoteCap });
  let open = true;
  const dispose = store[Symbol.dispose].bind(store);
  store[Symbol.dispose] = () => {
    if (open) dispose();
    open = false;
  };
  onTestFinished(() => store[Symbol.dispose]());
  return store;
}

test('what was put is there again, also after a restart', () => {
  const file = newFile();
  const store = openStore(file);
  store.put(id(1), { mime: 'image/webp', data: Uint8Array.of(1, 2, 3) }, 'own');
  store.put(id(2), image(2), 'remote');
  store[Symbol.dispose]();
  const again = openStore(file);
  expect(again.get(id(1))).toEqual({ mime: 'image/webp', data: Uint8Array.of(1, 2, 3) });
  expect(again.get(id(2))).toEqual(image(2));
  expect(again.get(id(3))).toBeUndefined();
  expect([1, 2, 3].map((n) => again.has(id(n)))).toEqual([true, true, false]);
  expect(again.remoteBytes).toBe(1000);
});

test('remote ones stay below the cap, the longest unused go first; our own stay', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const store = openStore(newFile(), 10_000);
  store.put(id(100), image(9, 50_000), 'own');
  for (let n = 0; n < 10; n++) {
    vi.setSystemTime(n * 1000);
    store.put(id(n), image(n), 'remote');
  }
  // Number 0 is looked at long after the others.
  vi.setSystemTime(5 * 3_600_000);
  expect(store.get(id(0))).toEqual(image(0));
  store.put(id(10), image(10), 'remote');
  expect(store.remoteBytes).toBeLessThanOrEqual(10_000);
  expect([0, 9, 10, 100].map((n) => store.has(id(n)))).toEqual([true, true, true, true]);
  expect([1, 2].map((n) => store.has(id(n)))).toEqual([false, false]);
});

test('one that is put again is counted once; our own is not replaced by a remote one', () => {
  const store = openStore(newFile());
  store.put(id(1), image(1, 500), 'remote');
  store.put(id(1), image(2, 700), 'remote');
  expect(store.remoteBytes).toBe(700);
  store.put(id(1), image(3, 900), 'own');
  expect(store.remoteBytes).toBe(0);
  store.put(id(1), image(4), 'remote');
  expect(store.get(id(1))).toEqual(image(3, 900));
  store.removeAll([id(1), id(2)]);
  expect(store.has(id(1))).toBe(false);
});

test('a damaged file is thrown away: it was a cache', () => {
  const file = newFile();
  openStore(file)[Symbol.dispose]();
  fs.writeFileSync(file, 'this is no database, but long enough to look like one'.repeat(100));
  const store = openStore(file);
  store.put(id(1), image(1), 'own');
  expect(store.has(id(1))).toBe(true);
});

test('a full disk is said as such', () => {
  const database = new DatabaseSync(path.join(temporaryFolder(), 'full.db'));
  onTestFinished(() => database.close());
  database.exec('CREATE TABLE t (x); PRAGMA max_page_count = 4');
  let error: unknown;
  try {
    for (let n = 0; n < 100; n++) database.prepare('INSERT INTO t VALUES (zeroblob(4000))').run();
  } catch (thrown) {
    error = thrown;
  }
  expect(databaseError(error)).toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('free some space'),
  });
  expect(databaseError(new Error('other'))).toMatchObject({ code: 'internal' });
});
