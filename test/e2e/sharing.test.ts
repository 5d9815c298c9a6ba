import fs from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { privateFolderName } from '../../src/protocol/state.ts';
import { ask } from '../../tools/daemons.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/friends.ts';

test('opening a folder shares nothing, Share This Folder does', async () => {
  const friends = new Friends();
  onTestFinished(() => friends[Symbol.asyncDispose]());
  const folder = await friends.folder('Ana', 3);
  const friend = await friends.folder('Bruno', 2);
  await friends.serve(friend);
  const workbench = await friends.openWindow(folder);
  await workbench.showContainer('Photos');

  const share = workbench.page.getByRole('button', { name: 'Share This Folder' }).first();
  await share.waitFor();
  expect(fs.readdirSync(folder)).not.toContain(privateFolderName);
  expect(await ask(friends.home, friend, ['peers'])).toHaveLength(1);

  await share.click();
  await workbench.dialogButton('Share').click();
  await workbench
    .tree('Peers')
    .item(/^Bruno, online/)
    .waitFor();
  await waitFor(
    'the friend sees the photos',
    async () => ((await ask(friends.home, friend, ['list'])) as unknown[]).length === 5,
  );
  expect(fs.readdirSync(folder)).toContain(privateFolderName);
});
