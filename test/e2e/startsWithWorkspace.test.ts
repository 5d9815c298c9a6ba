import { afterAll, describe, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/protocol/control.ts';
import { ask } from '../../tools/daemons.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/friends.ts';

describe('a folder that was shared some day before', () => {
  const friends = new Friends();
  afterAll(() => friends[Symbol.asyncDispose]());

  test('is served as soon as its window opens, without anybody touching anything', async () => {
    const ana = await friends.folder('Ana', 2);
    await friends.share(ana);
    const workbench = await friends.openWindow(ana);
    const status = await waitFor('the daemon', async () => (await ask(friends.home, ana, ['status'])) as DaemonStatus);
    expect(status.folder).toBe(ana);
    await workbench.statusBarItem('aveiro-photos.distributed-photo-organizer.photoOrganizer.status').waitFor();
  });
});
