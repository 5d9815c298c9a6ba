import { expect, test } from 'vitest';
import { groupIdOf, photoIdOf, queryOf, twoPhotosOf } from '../../src/commands/photoArgument.ts';

const id = 'ab'.repeat(32);

test('a command knows its photo from a tree and from the gallery', () => {
  expect(photoIdOf({ kind: 'photo', photo: { id, name: 'a.jpg' } })).toBe(id);
  expect(photoIdOf({ webviewSection: 'photo', photoId: id })).toBe(id);
});

test.each([undefined, null, 'text', {}, { photo: null }, { photo: {} }, { photo: { id: 7 } }, { photoId: '../x' }])(
  'run on %j it has none',
  (argument) => {
    expect(photoIdOf(argument)).toBeUndefined();
  },
);

test('a search is taken from an argument within bounds', () => {
  expect(queryOf({ query: '2018-07' })).toBe('2018-07');
  expect(queryOf({ query: 'x'.repeat(999) })).toHaveLength(200);
  expect(queryOf({ query: 7 })).toBeUndefined();
  expect(queryOf(undefined)).toBeUndefined();
});

const group = '0123456789abcdef';

test('a command knows its duplicate group from a group, from a photo below one, and from the gallery', () => {
  const node = { kind: 'group', group: { group, photos: [] } };
  expect(groupIdOf(node)).toBe(group);
  expect(groupIdOf({ kind: 'duplicate', photo: { id }, parent: node })).toBe(group);
  expect(groupIdOf({ photoId: id, groupId: group })).toBe(group);
});

test.each([undefined, null, 'text', {}, { groupId: id }, { group: null }, { group: { group: 7 } }, { parent: null }])(
  'run on %j it has none',
  (argument) => {
    expect(groupIdOf(argument)).toBeUndefined();
  },
);

test('two photos that are selected are a pair, and nothing else is', () => {
  const node = (id: string) => ({ kind: 'photo', photo: { id } });
  const other = 'cd'.repeat(32);
  expect(twoPhotosOf([node(id), node(other)])).toEqual([id, other]);
  expect(twoPhotosOf([node(id)])).toBeUndefined();
  expect(twoPhotosOf([node(id), node(id)])).toBeUndefined();
  expect(twoPhotosOf([node(id), node(other), node('ef'.repeat(32))])).toBeUndefined();
  expect(twoPhotosOf([node(id), { kind: 'year' }])).toBeUndefined();
  expect(twoPhotosOf(undefined)).toBeUndefined();
});
