import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { markerPath, privateFolderName } from '../../src/protocol/state.ts';
import { demoFolders, restoreFolders } from '../../tools/demo/folders.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

async function givenFolders(...names: string[]) {
  const base = temporaryFolder();
  const paths = names.map((name) => path.join(base, name));
  for (const folder of paths) fs.mkdirSync(folder);
  return { base, paths };
}

function addOurs(folder: string): void {
  fs.mkdirSync(path.join(folder, privateFolderName));
  fs.writeFileSync(markerPath(folder), '{}');
}

test('a given folder is as it was at the end', async () => {
  const { base, paths } = await givenFolders('a', 'b', 'c');
  const folders = await demoFolders(paths, base);
  expect(folders.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  for (const folder of paths) addOurs(folder);
  restoreFolders(folders);
  for (const folder of paths) expect(fs.readdirSync(folder)).toEqual([]);
});

test('a folder that was shared before stays shared', async () => {
  const { base, paths } = await givenFolders('a', 'b', 'c');
  addOurs(path.join(base, 'a'));
  restoreFolders(await demoFolders(paths, base));
  expect(fs.existsSync(markerPath(path.join(base, 'a')))).toBe(true);
});

test('a trash with files is never removed', async () => {
  const { base, paths } = await givenFolders('a', 'b', 'c');
  const folders = await demoFolders(paths, base);
  const dropped = path.join(base, 'a', privateFolderName, 'trash', '2025', 'only-copy.jpg');
  fs.mkdirSync(path.dirname(dropped), { recursive: true });
  fs.writeFileSync(dropped, 'x');
  restoreFolders(folders);
  expect(fs.existsSync(dropped)).toBe(true);
});

test('what is no folder, and one folder twice, is refused', async () => {
  const { base, paths } = await givenFolders('a', 'b');
  const file = path.join(base, 'file.jpg');
  fs.writeFileSync(file, 'x');
  await expect(demoFolders([...paths, path.join(base, 'none')], base)).rejects.toThrow('There is no folder');
  await expect(demoFolders([...paths, file], base)).rejects.toThrow('is a file');
  await expect(demoFolders([...paths, path.join(base, 'a')], base)).rejects.toThrow('twice');
});
