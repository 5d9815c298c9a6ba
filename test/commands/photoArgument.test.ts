import { expect, test } from 'vitest';
import { photoIdOf, queryOf } from '../../src/commands/photoArgument.ts';

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
