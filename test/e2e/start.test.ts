import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inRoot } from '../../tools/paths.ts';
import { writePictures } from '../support/pictures.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const run = promisify(execFile);
const start = inRoot('tools', 'start.mjs');

test('npm start without a terminal shows one collection, ends by itself and leaves the folders as they were', async () => {
  const base = temporaryFolder();
  const folders = ['Ana', 'Bruno', 'Clara'].map((name) => path.join(base, name));
  for (const [index, folder] of folders.entries()) {
    fs.mkdirSync(folder);
    await writePictures(folder, 2, 10 * index);
  }
  const before = fs.readdirSync(base, { recursive: true, encoding: 'utf8' }).sort();
  // A temporary folder of its own shows what is left behind.
  const temporary = path.join(temporaryFolder(), 't');
  fs.mkdirSync(temporary);
  const { stdout } = await run(process.execPath, [start, ...folders], { env: { ...process.env, TMPDIR: temporary } });
  expect(stdout).toContain('6 different photos');
  expect(stdout).toMatch(/sha256 +[0-9a-f]{64} +identical/);
  expect(fs.readdirSync(base, { recursive: true, encoding: 'utf8' }).sort()).toEqual(before);
  expect(fs.readdirSync(temporary).filter((name) => name.startsWith('photo-organizer'))).toEqual([]);
});

test('npm start says which folder is missing and fails', async () => {
  const missing = path.join(temporaryFolder(), 'missing');
  await expect(run(process.execPath, [start, missing])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`There is no folder ${missing}.`) as string,
  });
});
