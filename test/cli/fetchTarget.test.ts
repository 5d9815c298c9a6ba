import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fetchTarget } from '../../src/cli/fetchTarget.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

function folders() {
  const root = temporaryFolder();
  const folder = path.join(root, 'photos');
  for (const name of ['photos/2024', 'photos/.photo-organizer/trash', 'photos-too', 'other']) {
    fs.mkdirSync(path.join(root, name), { recursive: true });
  }
  return { root, folder };
}

test('without a target: the current directory when it is in the photo folder, else the photo folder', async () => {
  const { root, folder } = folders();
  const from = (directory: string) => fetchTarget(undefined, path.join(root, directory), folder);
  expect(await from('photos')).toBe(folder);
  expect(await from('photos/2024')).toBe(path.join(folder, '2024'));
  expect(await from('other')).toBe(folder);
  expect(await from('.')).toBe(folder);
  expect(await from('photos-too')).toBe(folder);
  expect(await from('photos/.photo-organizer')).toBe(folder);
  expect(await from('photos/.photo-organizer/trash')).toBe(folder);
});

test('a target is relative to the current directory: a folder that is there, or a file in one', async () => {
  const { root, folder } = folders();
  const to = (output: string) => fetchTarget(output, path.join(root, 'other'), folder);
  expect(await to('.')).toBe(path.join(root, 'other'));
  expect(await to('../photos/2024')).toBe(path.join(folder, '2024'));
  expect(await to('../photos/2024/')).toBe(path.join(folder, '2024'));
  expect(await to('new.jpg')).toBe(path.join(root, 'other', 'new.jpg'));
  expect(await to(path.join(root, 'x.jpg'))).toBe(path.join(root, 'x.jpg'));
});

test('says which folder is missing', async () => {
  const { root, folder } = folders();
  fs.writeFileSync(path.join(root, 'file'), '');
  for (const [output, missing] of [
    ['none/', 'none'],
    ['none/x.jpg', 'none'],
    ['file/', 'file'],
    ['file/x.jpg', 'file'],
  ] as const) {
    await expect(fetchTarget(output, root, folder), output).rejects.toMatchObject({
      code: 'not-a-folder',
      message: expect.stringContaining(path.join(root, missing)),
    });
  }
  await expect(fetchTarget('', root, folder)).rejects.toMatchObject({ code: 'usage' });
});
