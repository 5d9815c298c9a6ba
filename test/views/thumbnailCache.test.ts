import { expect, test } from 'vitest';
import { ThumbnailCache } from '../../src/views/gallery/thumbnailCache.ts';

test('gives back the address that was used longest ago', () => {
  const released: string[] = [];
  const cache = new ThumbnailCache(2, (url) => released.push(url));
  cache.set('a', 'blob:a');
  cache.set('b', 'blob:b');
  expect(cache.get('a')).toBe('blob:a');
  cache.set('c', 'blob:c');
  expect(released).toEqual(['blob:b']);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.size).toBe(2);
});

test('gives back an address that is replaced', () => {
  const released: string[] = [];
  const cache = new ThumbnailCache(2, (url) => released.push(url));
  cache.set('a', 'blob:1');
  cache.set('a', 'blob:2');
  expect(released).toEqual(['blob:1']);
  expect(cache.get('a')).toBe('blob:2');
});

test('remembers what has no thumbnail until told to forget', () => {
  const cache = new ThumbnailCache(2, () => {});
  cache.setMissing('a');
  expect([cache.isSettled('a'), cache.isMissing('a')]).toEqual([true, true]);
  cache.forgetMissing();
  expect([cache.isSettled('a'), cache.isMissing('a')]).toEqual([false, false]);
  cache.setMissing('a');
  cache.set('a', 'blob:a');
  expect([cache.isSettled('a'), cache.isMissing('a')]).toEqual([true, false]);
});
