import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isShared, readMarker, writeMarker } from '../../src/daemon/library/marker.ts';
import { markerPath } from '../../src/protocol/state.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

test('a folder is shared once its marker is written', async () => {
  const folder = temporaryFolder();
  expect(await isShared(folder)).toBe(false);
  expect(await readMarker(folder)).toBeUndefined();
  const marker = await writeMarker(folder);
  expect(await isShared(folder)).toBe(true);
  expect(await readMarker(folder)).toEqual(marker);
  expect(fs.statSync(path.dirname(markerPath(folder))).mode & 0o777).toBe(0o700);
});

test('sharing again keeps the marker', async () => {
  const folder = temporaryFolder();
  expect(await writeMarker(folder)).toEqual(await writeMarker(folder));
  expect(fs.readdirSync(path.dirname(markerPath(folder)))).toEqual(['marker.json']);
});

test.each(['', '{', '{"version":1}', '{"version":2,"folderId":"x","sharedAt":""}', 'x'.repeat(10_000)])(
  'a marker of %j is none, until the folder is shared again',
  async (text) => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.dirname(markerPath(folder)));
    fs.writeFileSync(markerPath(folder), text);
    expect(await isShared(folder)).toBe(false);
    await expect(readMarker(folder)).rejects.toMatchObject({ code: 'corrupt' });
    const marker = await writeMarker(folder);
    expect(await readMarker(folder)).toEqual(marker);
  },
);

test('what is no folder cannot be shared', async () => {
  const file = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(file, '');
  expect(await isShared(file)).toBe(false);
  await expect(writeMarker(file)).rejects.toMatchObject({ code: 'not-a-folder' });
  await expect(writeMarker(path.join(file, 'none'))).rejects.toMatchObject({ code: 'not-a-folder' });
});

test('a marker whose place is taken by something else says so', async () => {
  const folder = temporaryFolder();
  fs.mkdirSync(markerPath(folder), { recursive: true });
  await expect(readMarker(folder)).rejects.toMatchObject({ code: 'folder-unavailable' });
  expect(await isShared(folder)).toBe(false);
});

test('a pipe in place of the marker is said, not waited for', async () => {
  const folder = temporaryFolder();
  fs.mkdirSync(path.dirname(markerPath(folder)));
  execFileSync('mkfifo', [markerPath(folder)]);
  await expect(readMarker(folder)).rejects.toMatchObject({ code: 'folder-unavailable' });
  expect(await isShared(folder)).toBe(false);
});
