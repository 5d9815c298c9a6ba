import { expect, test } from 'vitest';
import { PhotoTexts } from '../../src/views/gallery/text.ts';
import { restoreUiState } from '../../src/views/gallery/uiState.ts';
import { galleryStringsForTests, photoForTests } from './samples.ts';

const usual = { version: 1, sort: 'date', query: '', tile: 144, anchor: null, review: null };

test('what was kept comes back', () => {
  const review = { group: '0123456789abcdef', place: 7 };
  const kept = { version: 1, sort: 'name', query: 'sea', tile: 200, anchor: 'a'.repeat(64), review };
  expect(restoreUiState(kept)).toEqual(kept);
});

test.each([
  undefined,
  null,
  'text',
  {},
  { version: 2, sort: 'name', query: 'sea', tile: 200, anchor: null },
  { version: 1, sort: 'colour', query: 7, tile: Number.NaN, anchor: {}, review: { group: 7, place: 0 } },
  { version: 1, review: { group: null, place: -1 } },
  { version: 1, review: 'yes' },
])('what makes no sense is left: %j', (kept) => {
  expect(restoreUiState(kept)).toEqual(usual);
});

test('numbers out of bounds are brought into them, long searches are cut', () => {
  expect(restoreUiState({ version: 1, tile: 1e9, query: 'x'.repeat(500) })).toMatchObject({
    tile: 256,
    query: 'x'.repeat(200),
  });
  expect(restoreUiState({ version: 1, tile: -1 }).tile).toBe(96);
});

test('a photo is named by name, date and holders', () => {
  const texts = new PhotoTexts(galleryStringsForTests, 'en');
  const photo = { ...photoForTests(1), holders: ['Ana', 'Bruno'], takenAt: '2018-07-25T23:34:23+01:00' };
  expect(texts.nameOf(photo)).toBe('photo 1.jpg, July 25, 2018, held by Ana and Bruno');
  expect(texts.nameOf({ ...photo, takenAt: null })).toBe('photo 1.jpg, no date, held by Ana and Bruno');
});

test('the count says what is shown of what', () => {
  const texts = new PhotoTexts(galleryStringsForTests, 'en');
  expect(texts.countOf(1, 1, 1)).toBe('1 photo');
  expect(texts.countOf(12_345, 12_345, 12_345)).toBe('12,345 photos');
  expect(texts.countOf(12, 12_345, 12)).toBe('12 of 12,345 photos');
  expect(texts.countOf(200_000, 200_000, 100_000)).toBe('200,000 photos (the first 100,000 are shown)');
});
