import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { Friends } from '../../test/e2e/support/friends.ts';
import { GalleryPage } from '../../test/e2e/support/gallery.ts';
import type { Workbench } from '../../test/e2e/support/workbench.ts';
import { waitFor } from '../../test/support/waitFor.ts';
import { build } from '../build/build.ts';
import { waitForOneCollection } from '../demo/report.ts';
import { inRoot } from '../paths.ts';
import { renderSampleFolders, sampleFriends } from '../samplePhotos.ts';
import type { Theme } from '../vscodeHost/settings.ts';
import { themes } from '../vscodeHost/settings.ts';

/** Takes the pictures of README.md, in a real VS Code window, with the photos of three friends. */

/** Size of the window, CSS pixels. */
const viewport = { width: 1280, height: 800 };
/** Bytes that a picture may have: it is loaded with the README each time. */
const maxBytes = 250_000;
/** Milliseconds in which hovers, cursors and fading are over. */
const calm = 600;
/** How exactly a palette meets the colours, in percent; less where a picture is too large otherwise: grain does not compress. */
const qualities = [100, 90, 80, 70];

/** What belongs to the browser and its server and is not there in a VS Code on a desk. */
const hidden = ['status.host', 'status.forwardedPorts', 'status.workbench.keyboardLayout'];

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

try {
  await build({ development: false });
  await using friends = new Friends();
  const folders = await renderSampleFolders(friends.base);
  const served = [];
  for (const friend of sampleFriends) served.push(await friends.serve(folders[friend]));
  await waitForOneCollection(friends.home, served, interrupt.signal);
  const open = (theme: Theme) => openOn(friends, folders.Ana, theme);

  const dark = await open('dark');
  await expandTrees(dark);
  await dark.runCommand('Photos: Open Gallery');
  await showPictures(dark);
  await take(dark, 'gallery-dark');

  await dark
    .tree('Collection')
    .item(/^DSC01225/)
    .click();
  await dark.editorTab(/^DSC01225/).waitFor();
  await dark.webview.locator('.container.image.ready img').waitFor();
  await take(dark, 'photo-dark');

  await dark.runCommand('Photos: Review Duplicates');
  await showReview(dark);
  await take(dark, 'review-dark');

  const light = await open('light');
  await expandTrees(light);
  await light.runCommand('Photos: Open Gallery');
  await showPictures(light);
  await light.runCommand('Photos: Fetch Photo');
  await light.quickOption(/^DSC/).first().waitFor();
  // The icon that stands there until the thumbnail comes.
  await waitFor(
    'thumbnails',
    async () => (await light.page.locator('.quick-input-list .codicon-file-media').count()) === 0,
  );
  await take(light, 'fetch-light');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

async function openOn(friends: Friends, folder: string, theme: Theme): Promise<Workbench> {
  const workbench = await friends.openWindow(folder, {
    viewport,
    // The path of a photo is one of this machine.
    settings: { ...themes[theme], 'breadcrumbs.enabled': false },
  });
  const selectors = hidden.map((id) => `[id="${id}"]`).join(', ');
  await workbench.page.addStyleTag({ content: `${selectors} { display: none !important; }` });
  await workbench.showContainer('Photos');
  return workbench;
}

async function expandTrees(workbench: Workbench): Promise<void> {
  const peers = workbench.tree('Peers');
  await peers.expand(/^Bruno, online/);
  await peers.expand(/^2025/);
  const collection = workbench.tree('Collection');
  await collection.expand(/^2025/);
  await collection.expand(/^July/);
}

async function showPictures(workbench: Workbench): Promise<void> {
  const gallery = new GalleryPage(workbench);
  await gallery.idsWithPictures();
  await gallery.grid.evaluate((grid) => grid.scrollTo(0, 0));
}

async function showReview(workbench: Workbench): Promise<void> {
  const pictures = workbench.webview.locator('[data-mode="review"] .pane img');
  await pictures.first().waitFor();
  // Thumbnails come first, then the photos themselves.
  await waitFor('the photos', async () => {
    const widths = await pictures.evaluateAll((images) =>
      images.map((image) => (image as HTMLImageElement).naturalWidth),
    );
    return widths.length > 1 && widths.every((width) => width > 600);
  });
}

async function take(workbench: Workbench, name: string): Promise<void> {
  // Nothing is under the pointer: hovers and buttons that appear below it would hide something.
  await workbench.page.mouse.move(viewport.width / 2, viewport.height - 2, { steps: 10 });
  await delay(calm);
  const picture = await smallEnough(await workbench.page.screenshot());
  const file = inRoot('docs', 'images', `${name}.png`);
  fs.mkdirSync(inRoot('docs', 'images'), { recursive: true });
  fs.writeFileSync(file, picture);
  console.log(`docs/images/${name}.png: ${Math.round(picture.length / 1000)} kB`);
}

async function smallEnough(screenshot: Buffer): Promise<Buffer> {
  for (const quality of qualities) {
    const picture = await sharp(screenshot).png({ palette: true, quality, effort: 10, dither: 0.5 }).toBuffer();
    if (picture.length <= maxBytes) return picture;
  }
  throw new Error(`A picture has more than ${maxBytes} bytes whatever is done: show another photo.`);
}
