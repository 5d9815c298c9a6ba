import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DaemonStatus, PhotoSummary } from '../../src/protocol/control.ts';
import type { ServedFolder } from '../../tools/daemons.ts';
import { ask } from '../../tools/daemons.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/friends.ts';
import { GalleryPage } from './support/gallery.ts';
import type { Workbench } from './support/workbench.ts';

/** Photos in each friend's folder: more than fit into the gallery at once, so that it has to scroll. */
const photosEach = 9;

describe('a shared folder in VS Code, with two friends online', () => {
  const friends = new Friends();
  let ana = '';
  let bruno = '';
  let clara: ServedFolder;
  let workbench: Workbench;
  const list = async () => (await ask(friends.home, ana, ['list'])) as PhotoSummary[];

  beforeAll(async () => {
    ana = await friends.folder('Ana', photosEach);
    bruno = await friends.folder('Bruno', photosEach);
    const claras = await friends.folder('Clara', photosEach);
    await friends.share(ana);
    await friends.serve(bruno);
    clara = await friends.serve(claras);
    workbench = await friends.openWindow(ana);
    await workbench.showContainer('Photos');
    await waitFor('the whole collection', async () => {
      const status = (await ask(friends.home, ana, ['status'])) as DaemonStatus;
      return status.scanning === null && status.photos.collection === 3 * photosEach;
    });
  });
  afterAll(() => friends[Symbol.asyncDispose]());

  test('the peers are listed by name, this computer first', async () => {
    const names = await waitFor('three peers', async () => {
      const found = await workbench.tree('Peers').topNames();
      return found.length === 3 && found.every((name) => name.includes(`${photosEach} photos`)) && found;
    });
    expect(names).toEqual([
      expect.stringMatching(/^Ana\b.*this computer/),
      expect.stringMatching(/^Bruno, online/),
      expect.stringMatching(/^Clara, online/),
    ]);
  });

  test('the status bar names the network and its one central, the peer with the lowest port', async () => {
    const item = workbench.statusBarItem('aveiro-photos.distributed-photo-organizer.photoOrganizer.status');
    await item.waitFor();
    expect(await item.locator('a').getAttribute('aria-label')).toMatch(/Network default, central: Bruno/);
  });

  test('the collection lists every photo once, by year and month', async () => {
    const collection = workbench.tree('Collection');
    const [year] = await waitFor('the year', async () => {
      const names = await collection.topNames();
      return names[0]?.includes(String(3 * photosEach)) && names;
    });
    expect(year).toBe(`2025, ${3 * photosEach} photos`);
    await collection.expand(/^2025/);
    await collection.expand(/^September/);
    await collection.item(/\.jpg/).first().waitFor();
    const september = (await list()).filter(({ takenAt }) => takenAt?.startsWith('2025-09'));
    expect(await collection.item(/\.jpg/).count()).toBe(september.length);
  });

  test('Fetch Photo brings a friend’s photo into the folder, byte for byte, and opens it', async () => {
    await workbench.runCommand('Photos: Fetch Photo');
    await workbench.quickInput.fill('Bruno 03.jpg');
    // The list is the daemon's answer: until it comes, the one before stays.
    await waitFor('the only photo that matches', async () => (await workbench.quickOption(/./).count()) === 1);
    await workbench.quickOption(/^Bruno 03\.jpg/).waitFor();
    await workbench.page.keyboard.press('Enter');

    await workbench.editorTab(/^Bruno 03\.jpg/).waitFor();
    const picture = workbench.webview.locator('img');
    await picture.waitFor();
    const width = await waitFor('the picture', () =>
      picture.evaluate((image) => (image as HTMLImageElement).naturalWidth),
    );
    expect(width).toBe(600);

    const fetched = fs.readFileSync(path.join(ana, 'Bruno 03.jpg'));
    expect(sha256(fetched)).toBe(sha256(fs.readFileSync(path.join(bruno, 'Bruno 03.jpg'))));
    await waitFor('the photo is held by both', async () => {
      const photo = (await list()).find(({ id }) => id === sha256(fetched));
      return photo?.holders.length === 2;
    });
  });

  test('the gallery shows a picture of every photo of the collection', async () => {
    await workbench.runCommand('Photos: Open Gallery');
    const shown = await new GalleryPage(workbench).idsWithPictures();
    const ids = (await list()).map(({ id }) => id);
    expect(ids).toHaveLength(3 * photosEach);
    expect(shown.sort()).toEqual(ids.sort());
  });

  test('Enter in the gallery opens a photo that only a friend has, without writing it into the folder', async () => {
    const before = fs.readdirSync(ana).sort();
    const photo = (await list()).find(({ name }) => name === 'Clara 05.jpg');
    const gallery = new GalleryPage(workbench);
    await workbench.webview.getByRole('searchbox').fill('Clara 05.jpg');
    await waitFor('the only photo that matches', async () => (await gallery.cells.count()) === 1);
    await gallery.cell(photo?.id ?? '').focus();
    await workbench.page.keyboard.press('Enter');

    await workbench.editorTab(/^Clara 05\.jpg/).waitFor();
    const picture = workbench.webview.locator('img');
    await picture.waitFor();
    await waitFor('the picture', () => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth === 600));
    expect(fs.readdirSync(ana).sort()).toEqual(before);
  });

  test('Fetch Photo of a photo that nobody who is online has says so, by its name', async () => {
    await clara.stop();
    await workbench
      .tree('Peers')
      .item(/^Clara, offline/)
      .waitFor();
    await workbench.runCommand('Photos: Fetch Photo');
    await workbench.quickInput.fill('Clara 07.jpg');
    await waitFor('the only photo that matches', async () => (await workbench.quickOption(/./).count()) === 1);
    await workbench.quickOption(/^Clara 07\.jpg/).waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.notification(/Nobody who is online has Clara 07\.jpg/).waitFor();
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
