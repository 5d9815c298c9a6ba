import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findPhotoFolder, resolvePhotoFolder } from '../../src/client/folder.ts';
import { folderState, privateFolderName } from '../../src/protocol/state.ts';
import { daemonFileOf, sharedFolder } from '../support/controlServer.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

test('finds the nearest shared folder upward, from folders, files and links', async () => {
  const { folder } = sharedFolder();
  const deep = path.join(folder, '2024', 'summer');
  fs.mkdirSync(deep, { recursive: true });
  fs.writeFileSync(path.join(deep, 'a.jpg'), '');
  const link = path.join(temporaryFolder(), 'link');
  fs.symlinkSync(deep, link);
  for (const start of [folder, deep, path.join(deep, 'a.jpg'), link, `${deep}/../summer/`]) {
    expect(await findPhotoFolder(start)).toBe(folder);
  }
});

test('a shared folder in a shared folder is the nearer one', async () => {
  const { folder } = sharedFolder();
  const inner = path.join(folder, 'inner');
  fs.mkdirSync(path.join(inner, privateFolderName), { recursive: true });
  expect(await findPhotoFolder(inner)).toBe(folder);
  fs.writeFileSync(path.join(inner, privateFolderName, 'marker.json'), '{}');
  expect(await findPhotoFolder(inner)).toBe(inner);
});

test('says when no folder upward is shared, or none is there', async () => {
  const root = temporaryFolder();
  expect(await findPhotoFolder(root)).toBeUndefined();
  await expect(resolvePhotoFolder(path.join(root, 'home'), root)).rejects.toMatchObject({ code: 'daemon-unreachable' });
  await expect(resolvePhotoFolder(path.join(root, 'home'), path.join(root, 'none'))).rejects.toMatchObject({
    code: 'not-a-folder',
  });
});

test('a folder whose marker or which itself is gone is found while a daemon serves it', async () => {
  const state = sharedFolder();
  expect(await resolvePhotoFolder(state.home, state.folder)).toEqual(state);
  fs.mkdirSync(state.directory, { recursive: true });
  fs.writeFileSync(state.daemonFile, JSON.stringify(daemonFileOf(state)));
  fs.rmSync(path.join(state.folder, privateFolderName), { recursive: true });
  expect(await resolvePhotoFolder(state.home, state.folder)).toEqual(state);
  fs.rmSync(state.folder, { recursive: true });
  expect(await resolvePhotoFolder(state.home, path.join(state.folder, 'deep'))).toEqual(
    folderState(state.home, state.folder),
  );
});
