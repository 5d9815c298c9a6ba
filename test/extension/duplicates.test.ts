import assert from 'node:assert/strict';
import type { KeeperReason, PhotoDifference } from '../../src/protocol/control.ts';
import { maxReviewPhotos } from '../../src/protocol/gallery.ts';
import { groupMetadataText, groupsText, groupText, reasonText } from '../../src/views/duplicateText.ts';
import { positionText, reviewGroup } from '../../src/views/reviewText.ts';
import { duplicateForTests, groupForTests, groupIdForTests, idForTests } from '../views/samples.ts';

suite('the words for look-alikes', () => {
  const group = groupForTests(1, [1, 2]);

  test('name what differs', () => {
    const reasonOf = (...differences: PhotoDifference[]) => reasonText(duplicateForTests(2, { differences }), group);
    assert.equal(reasonOf(), 'same picture');
    assert.equal(reasonOf({ kind: 'scaled', percent: 25 }, { kind: 'greyscale' }), '25 % of the size, greyscale');
    const each: Record<PhotoDifference['kind'], string> = {
      identical: reasonOf({ kind: 'identical', copies: 4 }),
      'same-pixels': reasonOf({ kind: 'same-pixels' }),
      scaled: reasonOf({ kind: 'scaled', percent: 50 }),
      format: reasonOf({ kind: 'format', format: 'webp' }),
      compressed: reasonOf({ kind: 'compressed', percent: 30 }),
      greyscale: reasonOf({ kind: 'greyscale' }),
      coloured: reasonOf({ kind: 'coloured' }),
      cropped: reasonOf({ kind: 'cropped', percent: 64 }),
      wider: reasonOf({ kind: 'wider', percent: 64 }),
      turned: reasonOf({ kind: 'turned', degrees: 90 }),
      mirrored: reasonOf({ kind: 'mirrored' }),
      edited: reasonOf({ kind: 'edited' }),
      damaged: reasonOf({ kind: 'damaged' }),
    };
    assert.equal(new Set(Object.values(each)).size, Object.keys(each).length, 'each says something of its own');
    assert.equal(each.identical, 'same file, 4 copies');
    assert.equal(each.format, 'as WEBP');
    assert.equal(each.turned, 'turned by 90°');
  });

  test('say why the keeper is the best, and of a photo alone how many copies there are', () => {
    const keeper = duplicateForTests(1, { differences: [{ kind: 'identical', copies: 4 }] });
    const reasonOf = (keeperReason: KeeperReason) => reasonText(keeper, { ...group, keeperReason });
    assert.equal(reasonOf('pixels'), 'keeper: most pixels');
    assert.equal(reasonOf('chosen'), 'keeper: chosen by hand');
    assert.equal(reasonOf('first-id'), 'keeper');
    assert.equal(reasonOf('only'), 'same file, 4 copies');
  });

  test('count photos, groups and bytes', () => {
    assert.equal(groupText({ ...group, bytes: 12_000_000 }), '2 photos, 12 MB to win');
    const holders = ['a', 'b', 'c'].map((name) => ({ peerId: name, name, online: true, kind: 'original' as const }));
    const alone = { photos: [duplicateForTests(1, { holders })], bytes: 5_000 };
    assert.equal(groupText(alone), '3 copies, 5.0 kB to win');
    assert.equal(groupsText(1, 5_000), '1 group of duplicates, 5.0 kB to win');
    assert.equal(groupsText(1_234, 5_000), '1,234 groups of duplicates, 5.0 kB to win');
    assert.equal(positionText({ place: 2, total: 17, bytes: 12_000_000, group }), 'Group 3 of 17, 12 MB to win');
  });

  test('tell what only the duplicates of the keeper know', () => {
    assert.equal(groupMetadataText({ takenAt: null, camera: null, place: null }), undefined);
    assert.equal(
      groupMetadataText({ takenAt: null, camera: 'Canon', place: { latitude: 40.6405, longitude: -8.65381 } }),
      'Known from its duplicates: Canon · 40.6405, -8.6538',
    );
  });

  test('tell the gallery of each photo, the keeper first, and what of it differs', () => {
    const known = { ...groupForTests(1, [1, 2]), keeper: idForTests(2) };
    const shown = reviewGroup(known, 'me');
    assert.ok(shown);
    assert.equal(shown.id, groupIdForTests(1));
    assert.deepEqual(
      shown.photos.map(({ id }) => id),
      [idForTests(2), idForTests(1)],
    );
    const facts = shown.photos.map((photo) => photo.facts.filter(({ differs }) => differs));
    assert.deepEqual(facts, [[], [{ label: 'Size', text: '1.0 kB', differs: true }]]);
    const many = Array.from({ length: maxReviewPhotos + 9 }, (_, n) => n);
    assert.equal(reviewGroup(groupForTests(1, many), 'me')?.photos.length, maxReviewPhotos);
    assert.equal(reviewGroup({ ...known, keeper: idForTests(9) }, 'me'), null);
  });
});
