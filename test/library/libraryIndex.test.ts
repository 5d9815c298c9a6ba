import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { ContentFacts } from '../../src/daemon/library/decoderMessages.ts';
import { LibraryIndex } from '../../src/daemon/library/libraryIndex.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import { digestBytes, hashBytes, lumaBytes, windowCount } from '../../src/protocol/features.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const id = 'ab'.repeat(32);
const likeness = {
  features: {
    version: 1,
    aspect: 1500,
    digest: new Uint8Array(digestBytes).fill(3),
    hashes: new Uint8Array(windowCount * hashBytes).fill(7),
  },
  luma: Uint8Array.from({ length: lumaBytes }, (_, n) => n % 256),
};
const facts: ContentFacts = {
  id,
  size: 1234,
  width: 40,
  height: 30,
  format: 'jpeg',
  blockhash: 'f0'.repeat(32),
  takenAt: '2024-05-06T07:08:09',
  camera: 'Maker One',
  place: { latitude: 40.64, longitude: -8.65 },
  damaged: true,
  grey: true,
  motion: true,
  subsecond: 250,
  features: featuresFingerprint(likeness.features),
};
const nothing = { files: [], removedFiles: [], photos: [], likenesses: [], removedPhotos: [] };

function open(file: string): LibraryIndex {
  const index = new LibraryIndex(file, silentLogger);
  onTestFinished(() => {
    index[Symbol.dispose]();
  });
  return index;
}

test('what is written about a photo is read again as it was', () => {
  const file = path.join(temporaryFolder(), 'library.db');
  open(file).write({ ...nothing, photos: [facts], likenesses: [[id, likeness]] });
  const index = open(file);
  expect([...index.photos()].flat()).toEqual([{ facts, current: true }]);
  expect(index.hasLikeness(id)).toBe(true);
  expect(index.features(id)).toEqual(likeness.features);
  expect(index.luma(id)).toEqual(likeness.luma);
  expect(index.features('0'.repeat(64))).toBeUndefined();
});

test('with a photo goes what it was compared by', () => {
  const index = open(path.join(temporaryFolder(), 'library.db'));
  index.write({ ...nothing, photos: [facts], likenesses: [[id, likeness]] });
  index.write({ ...nothing, removedPhotos: [id] });
  expect([...index.photos()].flat()).toEqual([]);
  expect([index.hasLikeness(id), index.features(id), index.luma(id)]).toEqual([false, undefined, undefined]);
});

test('rows that make no sense are as if they were not there', () => {
  const file = path.join(temporaryFolder(), 'library.db');
  const index = open(file);
  index.write({ ...nothing, photos: [facts], likenesses: [[id, likeness]] });
  const other = new DatabaseSync(file);
  other.exec("UPDATE likenesses SET features = x'0102', luma = x'03'; UPDATE photos SET subsecond = 1000");
  other.close();
  expect([index.features(id), index.luma(id)]).toEqual([undefined, undefined]);
  expect([...index.photos()].flat()).toEqual([]);
});

test('an index from before the look-alikes keeps its photos, which are to be decoded again', () => {
  const file = path.join(temporaryFolder(), 'library.db');
  const old = new DatabaseSync(file);
  old.exec(`
    CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified TEXT NOT NULL, inode TEXT NOT NULL,
      photo TEXT, reason TEXT) WITHOUT ROWID;
    CREATE TABLE photos (id TEXT PRIMARY KEY, recipe INTEGER NOT NULL, size INTEGER NOT NULL, width INTEGER NOT NULL,
      height INTEGER NOT NULL, format TEXT NOT NULL, blockhash TEXT, taken_at TEXT, camera TEXT, latitude REAL,
      longitude REAL, damaged INTEGER NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 1;
    INSERT INTO photos VALUES ('${id}', 1, 1234, 40, 30, 'jpeg', NULL, NULL, 'Maker One', NULL, NULL, 0);
    INSERT INTO files VALUES ('a.jpg', 1234, '5', '6', '${id}', NULL);
  `);
  old.close();
  const index = open(file);
  expect([...index.photos()].flat()).toMatchObject([
    {
      facts: { id, camera: 'Maker One', grey: false, motion: false, subsecond: null, features: null },
      current: false,
    },
  ]);
  expect([...index.files()].flat()).toEqual([{ path: 'a.jpg', stamp: '1234:5:6', photo: id, reason: null }]);
  index.write({ ...nothing, photos: [facts], likenesses: [[id, likeness]] });
  expect([...index.photos()].flat()).toEqual([{ facts, current: true }]);
});
