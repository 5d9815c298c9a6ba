import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { galleryPhoto, isFromGallery, packThumbnails, sortPhotos } from '../../src/views/galleryMessages.ts';
import { idForTests, summaryForTests } from './samples.ts';

const id = idForTests(1);
const group = '0123456789abcdef';

describe('a message from the gallery', () => {
  test.each([
    { type: 'ready' },
    { type: 'query', generation: 1, query: '', sort: 'date' },
    { type: 'query', generation: 7, query: 'x'.repeat(200), sort: 'size' },
    { type: 'want', ids: [] },
    { type: 'want', ids: [id, idForTests(2)] },
    { type: 'open', id },
    { type: 'fetch', id },
    { type: 'wantGroup', generation: 1, group: null, place: 0 },
    { type: 'wantGroup', generation: 1, group, place: 999 },
    { type: 'wantPictures', ids: [] },
    { type: 'wantPictures', ids: [id] },
    { type: 'decide', decision: 'keep', group, id },
    { type: 'decide', decision: 'distinct', group, id },
    { type: 'undo' },
    { type: 'compare', group, id },
  ])('is taken: %j', (message) => {
    expect(isFromGallery(message)).toBe(true);
  });

  test.each([
    undefined,
    null,
    'ready',
    [],
    {},
    { type: 'delete', id },
    { type: 'query', generation: 1.5, query: '', sort: 'date' },
    { type: 'query', generation: 1, query: 'x'.repeat(201), sort: 'date' },
    { type: 'query', generation: 1, query: '', sort: 'colour' },
    { type: 'query', generation: 1, sort: 'date' },
    { type: 'want', ids: ['../../etc/passwd'] },
    { type: 'want', ids: Array.from({ length: 1001 }, () => id) },
    { type: 'want', ids: { length: 1 } },
    { type: 'open' },
    { type: 'open', id: id.toUpperCase().replace('1', 'A') },
    { type: 'fetch', id: `${id}0` },
    { type: 'wantGroup', generation: 1, group: undefined, place: 0 },
    { type: 'wantGroup', generation: 1, group: id, place: 0 },
    { type: 'wantGroup', generation: 1, group, place: -1 },
    { type: 'wantGroup', generation: 1, group, place: 0.5 },
    { type: 'wantGroup', group, place: 0 },
    { type: 'wantPictures', ids: Array.from({ length: 65 }, () => id) },
    { type: 'wantPictures', ids: [group] },
    { type: 'decide', decision: 'drop', group, id },
    { type: 'decide', decision: 'keep', group: '../', id },
    { type: 'decide', decision: 'keep', group },
    { type: 'compare', group, id: group },
    { type: 'compare', id },
  ])('is refused: %j', (message) => {
    expect(isFromGallery(message)).toBe(false);
  });

  test('is never an error, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        expect(typeof isFromGallery(message)).toBe('boolean');
      }),
    );
  });
});

describe('packed thumbnails', () => {
  const data = (text: string) => Buffer.from(text).toString('base64');

  test('lie one after the other, in the order that was asked for', () => {
    const packed = packThumbnails(
      ['a', 'b', 'c'],
      [
        { id: 'c', mime: 'image/jpeg', data: data('ccc') },
        { id: 'a', mime: 'image/webp', data: data('a') },
      ],
    );
    expect(packed.ids).toEqual(['a', 'b', 'c']);
    expect(packed.mimes).toEqual(['image/webp', '', 'image/jpeg']);
    expect(packed.offsets).toEqual([0, 1, 1, 4]);
    expect(Buffer.from(packed.data).toString()).toBe('accc');
  });

  test('are one buffer of exactly their size', () => {
    expect(packThumbnails([], []).data.byteLength).toBe(0);
    const many = Array.from({ length: 64 }, (_, n) => ({ id: `${n}`, mime: 'image/webp', data: data('x'.repeat(n)) }));
    const packed = packThumbnails(
      many.map(({ id }) => id),
      many,
    );
    expect(packed.data.byteLength).toBe((63 * 64) / 2);
    expect(packed.offsets.at(-1)).toBe(packed.data.byteLength);
  });
});

describe('the order', () => {
  const photos = [
    summaryForTests(1, { name: 'IMG_10.jpg', size: 5 }),
    summaryForTests(2, { name: 'img_9.jpg', size: 9 }),
    summaryForTests(3, { name: 'a.jpg', size: 7 }),
  ];
  const names = (sort: 'date' | 'name' | 'size') => sortPhotos(photos, sort, 'en').map(({ name }) => name);

  test('by name counts as people do', () => {
    expect(names('name')).toEqual(['a.jpg', 'img_9.jpg', 'IMG_10.jpg']);
  });
  test('by size begins with the largest', () => {
    expect(names('size')).toEqual(['img_9.jpg', 'a.jpg', 'IMG_10.jpg']);
  });
  test('by date is the one of the daemon', () => {
    expect(names('date')).toEqual(['IMG_10.jpg', 'img_9.jpg', 'a.jpg']);
  });
});

test('a photo is available when it is here or somebody online has it', () => {
  const holder = { peerId: 'ana', name: 'Ana', online: false, kind: 'original' } as const;
  const offline = summaryForTests(1, { holders: [holder] });
  expect(galleryPhoto(offline, 'me')).toMatchObject({ available: false, here: false, holders: ['Ana'] });
  expect(galleryPhoto(offline, 'ana')).toMatchObject({ available: true, here: true });
  const online = summaryForTests(1, { holders: [{ ...holder, online: true }] });
  expect(galleryPhoto(online, 'me')).toMatchObject({ available: true, here: false });
});
