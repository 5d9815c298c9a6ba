import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../tools/vscodeHost/chromium.ts';
import { makePng } from '../extension/support/png.ts';
import { waitFor } from '../support/waitFor.ts';
import { idForTests, photoForTests } from '../views/samples.ts';
import { GalleryPage } from './support/galleryPage.ts';

const photos = (from: number, count: number) => Array.from({ length: count }, (_, n) => photoForTests(from + n));

describe('the gallery in a browser', () => {
  let browser: Browser;
  const opened: GalleryPage[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const { page } of opened.splice(0)) {
      await page.close();
    }
  });
  const open = async (kept?: unknown): Promise<GalleryPage> => {
    const gallery = await GalleryPage.open(browser, kept);
    opened.push(gallery);
    return gallery;
  };

  test('shows 10,000 photos with elements for those in view only', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 10_000));
    expect(await gallery.cells.count()).toBeLessThan(100);
    const columns = Number(await gallery.grid.getAttribute('aria-colcount'));
    expect(Number(await gallery.grid.getAttribute('aria-rowcount'))).toBe(Math.ceil(10_000 / columns));
    expect(await gallery.page.locator('#count').innerText()).toBe('10,000 photos');
    await gallery.page.getByRole('grid', { name: 'Photos' }).waitFor();
    await gallery.page.getByRole('gridcell', { name: 'photo 0.jpg, June 15, 2020, held by Ana' }).waitFor();
    await gallery.grid.evaluate((grid) => (grid.scrollTop = grid.scrollHeight));
    await gallery.cell(idForTests(9_999)).waitFor();
    expect(await gallery.cells.count()).toBeLessThan(100);
  });

  test('is one stop for Tab, and the arrows go on from there', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 10_000));
    const columns = Number(await gallery.grid.getAttribute('aria-colcount'));
    await gallery.cell(idForTests(0)).click();
    await gallery.page.keyboard.press('ArrowDown');
    expect(await gallery.focused()).toBe(idForTests(columns));
    await gallery.page.keyboard.press('ArrowRight');
    expect(await gallery.focused()).toBe(idForTests(columns + 1));
    await gallery.page.keyboard.press('Control+End');
    expect(await gallery.focused()).toBe(idForTests(9_999));
    expect(await gallery.page.locator('[role=gridcell][tabindex="0"]').count()).toBe(1);
    await gallery.page.keyboard.press('Enter');
    expect(await gallery.sent('open')).toEqual({ type: 'open', id: idForTests(9_999) });
    await gallery.page.keyboard.press('Control+Enter');
    expect(await gallery.sent('fetch')).toEqual({ type: 'fetch', id: idForTests(9_999) });
  });

  test('the photo with the focus keeps it while it is scrolled out of view, and rows stay in order', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 1_000));
    await gallery.cell(idForTests(1)).click();
    await gallery.grid.evaluate((grid) => (grid.scrollTop = 9_000));
    const columns = Number(await gallery.grid.getAttribute('aria-colcount'));
    await gallery.cell(idForTests(columns * 52)).waitFor();
    expect(await gallery.focused()).toBe(idForTests(1));
    const rows = await gallery.page.getByRole('row').evaluateAll((all) => all.map((row) => Number(row.ariaRowIndex)));
    expect(rows).toEqual(rows.toSorted((a, b) => a - b));
  });

  test('shows pictures as they come, and holds no more of them than its limit', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 3_000));
    const picture = makePng(1).toString('base64');
    for (let scroll = 0; (await gallery.watched()).urls.made < 800; scroll += 700) {
      const { sent } = await gallery.watched();
      await gallery.grid.evaluate((grid, scroll) => (grid.scrollTop = scroll), scroll);
      await gallery.giveThumbnails(picture, scroll === 0 ? 0 : sent.length);
    }
    const image = gallery.page.locator('#grid img').first();
    await image.waitFor();
    await waitFor('the picture', () => image.evaluate((img) => (img as HTMLImageElement).naturalWidth === 96));
    const { urls, violations } = await gallery.watched();
    expect(urls.made - urls.revoked).toBeLessThanOrEqual(600);
    expect(urls.made - urls.revoked).toBeGreaterThan(100);
    expect(violations).toEqual([]);
  });

  test('asks for the pictures in view first', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 3_000));
    const { ids } = await gallery.sent('want');
    expect(ids.slice(0, 3)).toEqual([idForTests(0), idForTests(1), idForTests(2)]);
    expect(ids.length).toBeLessThan(100);
  });

  test('drops an answer that comes too late', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 10));
    const first = await gallery.questionAfter(() => gallery.page.locator('#search').fill('a'));
    const second = await gallery.questionAfter(() => gallery.page.locator('#search').fill('ab'));
    expect([first.query, second.query]).toEqual(['a', 'ab']);
    await gallery.answer(second, photos(50, 1), 10);
    await gallery.answer(first, photos(20, 5), 10);
    await waitFor(
      'the right count',
      async () => (await gallery.page.locator('#count').innerText()) === '1 of 10 photos',
    );
    expect(await gallery.cells.count()).toBe(1);
  });

  test('stays where it is when photos come before those in view', async () => {
    const gallery = await open();
    await gallery.begin(photos(1_000, 2_000));
    await gallery.grid.evaluate((grid) => (grid.scrollTop = 5_000));
    const top = () =>
      gallery.grid.evaluate((grid) => {
        const edge = grid.getBoundingClientRect().top;
        const cells = [...grid.querySelectorAll<HTMLElement>('[data-photo-id]')];
        return cells.find((cell) => cell.getBoundingClientRect().bottom > edge)?.dataset['photoId'];
      });
    await waitFor('the rows', async () => (await top()) !== idForTests(1_000));
    const before = await top();
    const columns = Number(await gallery.grid.getAttribute('aria-colcount'));
    const question = await gallery.questionAfter(() => gallery.post({ type: 'stale' }));
    await gallery.answer(question, photos(1_000 - columns * 20, 2_000 + columns * 20));
    await waitFor('the new ones', async () => (await gallery.page.locator('#count').innerText()) !== '2,000 photos');
    expect(await top()).toBe(before);
  });

  test('begins a search at its first photo', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 2_000));
    await gallery.grid.evaluate((grid) => (grid.scrollTop = 20_000));
    const question = await gallery.questionAfter(() => gallery.page.locator('#sort').selectOption('name'));
    expect(question.sort).toBe('name');
    await gallery.answer(question, photos(0, 2_000).toReversed());
    await gallery.cell(idForTests(1_999)).waitFor();
    expect(await gallery.grid.evaluate((grid) => grid.scrollTop)).toBe(0);
  });

  test('comes back as it was left', async () => {
    const gallery = await open();
    await gallery.begin(photos(0, 2_000));
    await gallery.page.locator('#search').fill('sea');
    await gallery.page.locator('#tile').fill('192');
    await gallery.cell(idForTests(3)).click();
    const { state } = await gallery.watched();
    expect(state).toMatchObject({ version: 1, query: 'sea', tile: 192, anchor: idForTests(3) });

    const again = await open({ ...(state as object), anchor: idForTests(1_500) });
    const question = await again.questionAfter(() => again.post({ type: 'state', message: null }));
    expect(question.query).toBe('sea');
    await again.answer(question, photos(0, 2_000));
    await waitFor('the photo of last time', () => again.cell(idForTests(1_500)).isVisible());
    expect(await again.cell(idForTests(1_500)).getAttribute('tabindex')).toBe('0');
  });

  test('says why there is nothing', async () => {
    const gallery = await open();
    const notice = gallery.page.locator('#notice');
    expect(await notice.innerText()).toBe('Loading');
    await gallery.post({ type: 'state', message: 'The photo daemon is starting.' });
    await waitFor('the reason', async () => (await notice.innerText()) === 'The photo daemon is starting.');
    const question = await gallery.questionAfter(() => gallery.post({ type: 'state', message: null }));
    await gallery.answer(question, []);
    await waitFor('that it is empty', async () => (await notice.innerText()) === 'No photos yet.');
    const search = await gallery.questionAfter(() => gallery.page.locator('#search').fill('x'));
    await gallery.answer(search, [], 7);
    await waitFor('that nothing matches', async () => (await notice.innerText()) === 'No match.');
  });

  test('a photo that nobody online has says so, and a name is text only', async () => {
    const gallery = await open();
    const name = '<img src=x onerror=alert(1)>.jpg';
    await gallery.begin([{ ...photoForTests(1), name, available: false }, photoForTests(2)]);
    const cell = gallery.cell(idForTests(1));
    const describedBy = await cell.getAttribute('aria-describedby');
    expect(await gallery.page.locator(`#${describedBy}`).textContent()).toBe('Nobody online has it.');
    expect(await gallery.cell(idForTests(2)).getAttribute('aria-describedby')).toBeNull();
    expect(await cell.locator('.caption').innerText()).toBe(name);
    expect((await gallery.watched()).violations).toEqual([]);
  });
});
