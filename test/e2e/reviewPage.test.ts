import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../tools/vscodeHost/chromium.ts';
import { makePng } from '../extension/support/png.ts';
import { waitFor } from '../support/waitFor.ts';
import { groupIdForTests, idForTests, photoForTests, reviewGroupForTests } from '../views/samples.ts';
import { GalleryPage } from './support/galleryPage.ts';

describe('the review of duplicates in a browser', () => {
  let browser: Browser;
  const opened: GalleryPage[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const { page } of opened.splice(0)) await page.close();
  });
  const open = async (kept?: unknown): Promise<GalleryPage> => {
    const gallery = await GalleryPage.open(browser, kept);
    opened.push(gallery);
    return gallery;
  };
  const boxOf = (gallery: GalleryPage, n: number) =>
    gallery
      .cell(idForTests(n))
      .locator('img')
      .evaluate((image) => {
        const { left, top } = image.parentElement?.getBoundingClientRect() ?? { left: 0, top: 0 };
        const box = image.getBoundingClientRect();
        return [box.left - left, box.top - top, box.width, box.height].map(Math.round);
      });
  /** The pictures of a group, in colours of their own. */
  const givePictures = async (gallery: GalleryPage, ...photos: number[]): Promise<void> => {
    for (const n of photos) {
      const data = new Uint8Array(makePng(n)).buffer;
      await gallery.post({ type: 'picture', id: idForTests(n), mime: 'image/png', data });
      const image = gallery.cell(idForTests(n)).locator('img');
      await image.waitFor();
      await waitFor('the picture', () => image.evaluate((img) => (img as HTMLImageElement).naturalWidth === 96));
    }
  };
  const hasFocus = (place: Locator) => place.evaluate((element) => element === document.activeElement);

  test('shows one group, with a name, its keeper marked, and what differs said in words', async () => {
    const gallery = await open();
    await gallery.beginReview(reviewGroupForTests(3, [1, 2]));
    const group = gallery.page.getByRole('group', { name: /^photo 1\.jpg, 2 photos, 2 kB to win, Group 1 of 17/ });
    expect(await group.getAttribute('data-group-id')).toBe(groupIdForTests(3));
    expect(await gallery.review.getByRole('status').innerText()).toBe('Group 1 of 17, 12 MB to win');
    const keeper = gallery.review.locator('[data-keeper="true"]');
    expect(await keeper.getAttribute('data-photo-id')).toBe(idForTests(1));
    await keeper.getByText('★ Keeper').waitFor();
    expect(await keeper.getByRole('button').count()).toBe(0);
    const other = gallery.cell(idForTests(2));
    expect(await other.getByRole('button').allInnerTexts()).toHaveLength(3);
    expect(await other.getAttribute('aria-label')).toBe('photo 2.jpg, 50 % of the size');
    expect(await other.locator('.differs').allTextContents()).toEqual(['Size2 kB (differs from the keeper)']);
    expect(await gallery.grid.isVisible()).toBe(false);
    expect((await gallery.watched()).violations).toEqual([]);
  });

  test('zooms and moves all pictures together, whatever their size', async () => {
    const gallery = await open();
    const group = reviewGroupForTests(3, [1, 2]);
    const [, small] = group.photos;
    if (small === undefined) throw new Error('there are two');
    Object.assign(small, { width: 60, height: 40 });
    await gallery.beginReview(group);
    await givePictures(gallery, 1, 2);
    const whole = await boxOf(gallery, 1);
    expect(await boxOf(gallery, 2)).toEqual(whole);

    await gallery
      .cell(idForTests(2))
      .locator('.pane')
      .hover({ position: { x: 40, y: 40 } });
    await gallery.page.mouse.wheel(0, -500);
    await waitFor('the zoom', async () => ((await boxOf(gallery, 1))[2] ?? 0) > (whole[2] ?? 0) * 2);
    const zoomed = await boxOf(gallery, 1);
    expect(await boxOf(gallery, 2)).toEqual(zoomed);

    await gallery.page.mouse.down();
    await gallery.page.mouse.move(0, 0, { steps: 2 });
    await gallery.page.mouse.up();
    const moved = await boxOf(gallery, 1);
    expect(moved.slice(0, 2)).not.toEqual(zoomed.slice(0, 2));
    expect(moved.slice(2)).toEqual(zoomed.slice(2));
    expect(await boxOf(gallery, 2)).toEqual(moved);

    await gallery.page.keyboard.press('ArrowLeft');
    expect((await boxOf(gallery, 2))[0]).toBeGreaterThan(moved[0] ?? 0);
    await gallery.page.keyboard.press('-');
    expect((await boxOf(gallery, 2))[2]).toBeLessThan(moved[2] ?? 0);
    await gallery.page.keyboard.press('0');
    expect(await boxOf(gallery, 1)).toEqual(whole);
    await gallery.page.getByRole('button', { name: 'Zoom In' }).click();
    expect((await boxOf(gallery, 1))[2]).toBeGreaterThan(whole[2] ?? 0);
  });

  test('keys leaf through the groups, and arrows do while nothing is zoomed', async () => {
    const gallery = await open();
    await gallery.beginReview(reviewGroupForTests(3, [1, 2]));
    const press = (key: string) => gallery.groupQuestionAfter(() => gallery.page.keyboard.press(key));
    const next = await press('n');
    expect(next).toMatchObject({ group: null, place: 1 });
    await gallery.answerGroup(next, reviewGroupForTests(4, [3, 4]));
    const third = await press('ArrowRight');
    expect(third.place).toBe(2);
    await gallery.answerGroup(third, reviewGroupForTests(5, [5, 6]), 3);
    await waitFor('the end', () => gallery.page.getByRole('button', { name: /^Next/ }).isDisabled());
    const back = await press('p');
    expect(back.place).toBe(1);
    await gallery.answerGroup(back, reviewGroupForTests(4, [3, 4]));
    expect((await press('ArrowLeft')).place).toBe(0);
  });

  test('decides about the photo that is chosen, once until the outcome is to be seen', async () => {
    const gallery = await open();
    await gallery.beginReview(reviewGroupForTests(3, [1, 2, 5]));
    await waitFor('the choice', () => hasFocus(gallery.cell(idForTests(2))));
    await gallery.page.keyboard.press('d');
    const distinct = { type: 'decide', decision: 'distinct', group: groupIdForTests(3), id: idForTests(2) };
    expect(await gallery.sent('decide')).toEqual(distinct);
    await gallery.page.keyboard.press('d');
    await gallery.page.keyboard.press('k');
    const question = await gallery.groupQuestionAfter(() => gallery.post({ type: 'staleGroups' }));
    expect(question.group).toBe(groupIdForTests(3));
    await gallery.answerGroup(question, reviewGroupForTests(3, [1, 5]));
    await waitFor('the choice', () => hasFocus(gallery.cell(idForTests(5))));
    expect((await gallery.watched()).sent.filter(({ type }) => type === 'decide')).toEqual([distinct]);

    await gallery.page.keyboard.press('1');
    await waitFor('the keeper', () => hasFocus(gallery.cell(idForTests(1))));
    const { sent } = await gallery.watched();
    await gallery.page.keyboard.press('k');
    await gallery.page.keyboard.press('2');
    await gallery.page.keyboard.press('c');
    expect(await gallery.sent('compare')).toEqual({ type: 'compare', group: groupIdForTests(3), id: idForTests(5) });
    await gallery.cell(idForTests(5)).getByRole('button', { name: 'Keep This One' }).click();
    expect(await gallery.sent('decide', sent.length)).toMatchObject({ decision: 'keep', id: idForTests(5) });
    const after = await gallery.groupQuestionAfter(() => gallery.post({ type: 'staleGroups' }));
    await gallery.answerGroup(after, reviewGroupForTests(3, [5, 1]));
    await waitFor('the others', () => hasFocus(gallery.cell(idForTests(1))));
    await gallery.page.keyboard.press('z');
    expect(await gallery.sent('undo')).toEqual({ type: 'undo' });
  });

  test('asks for whole photos once a group is looked at, keeps them, and frees them with the group', async () => {
    const gallery = await open();
    const group = reviewGroupForTests(3, [1, 2, 5]);
    Object.assign(group.photos[2] ?? {}, { viewable: false });
    await gallery.beginReview(group);
    expect(await gallery.sent('want')).toEqual({ type: 'want', ids: [1, 2, 5].map(idForTests) });
    expect(await gallery.sent('wantPictures')).toEqual({ type: 'wantPictures', ids: [1, 2].map(idForTests) });
    await gallery.post({ type: 'picture', id: idForTests(2), mime: '', data: new ArrayBuffer(0) });
    await givePictures(gallery, 1);
    expect(await gallery.cell(idForTests(2)).locator('img').count()).toBe(0);
    const before = (await gallery.watched()).urls;
    const question = await gallery.groupQuestionAfter(() => gallery.page.keyboard.press('n'));
    await gallery.answerGroup(question, reviewGroupForTests(4, [3, 4]));
    const { urls, violations } = await gallery.watched();
    expect(urls.revoked - before.revoked).toBe(1);
    expect(violations).toEqual([]);
    // Of a group that is not shown any more.
    await gallery.post({ type: 'picture', id: idForTests(2), mime: 'image/png', data: new ArrayBuffer(4) });
    await gallery.groupQuestionAfter(() => gallery.post({ type: 'staleGroups' }));
    expect((await gallery.watched()).urls.made).toBe(urls.made);
  });

  test('stays as it is when nothing changed, and drops an answer that comes too late', async () => {
    const gallery = await open();
    const group = reviewGroupForTests(3, [1, 2]);
    await gallery.beginReview(group);
    await givePictures(gallery, 1, 2);
    await gallery.page.keyboard.press('+');
    const zoomed = await boxOf(gallery, 1);
    // A button that has the focus keeps it: the elements stay.
    const button = gallery.cell(idForTests(2)).getByRole('button', { name: 'Compare' });
    await button.focus();
    const first = await gallery.groupQuestionAfter(() => gallery.post({ type: 'staleGroups' }));
    const second = await gallery.groupQuestionAfter(() => gallery.post({ type: 'stale' }));
    await gallery.post({
      type: 'group',
      generation: first.generation,
      place: 9,
      total: 10,
      position: 'Group 10 of 10',
      group: reviewGroupForTests(9, [8, 9]),
    });
    await gallery.answerGroup({ ...second, place: 1 }, group);
    const status = gallery.review.getByRole('status');
    await waitFor('its new place', async () => (await status.innerText()) === 'Group 2 of 17, 12 MB to win');
    expect(await gallery.page.locator('[data-group-id]').count()).toBe(1);
    expect(await boxOf(gallery, 1)).toEqual(zoomed);
    expect(await hasFocus(button)).toBe(true);
  });

  test('Esc shows all photos again, and the review comes back where it was', async () => {
    const gallery = await open();
    await gallery.beginReview(reviewGroupForTests(3, [1, 2]));
    expect((await gallery.watched()).state).toMatchObject({ review: { group: groupIdForTests(3), place: 0 } });
    const kept = (await gallery.watched()).state;
    const question = await gallery.questionAfter(() => gallery.page.keyboard.press('Escape'));
    await gallery.answer(question, [photoForTests(1), photoForTests(2)]);
    await gallery.grid.waitFor();
    expect(await gallery.review.isVisible()).toBe(false);
    expect((await gallery.watched()).state).toMatchObject({ review: null });
    // Keys of the review mean nothing in the grid.
    await gallery.cell(idForTests(1)).click();
    const { sent } = await gallery.watched();
    for (const key of ['d', 'n', 'z']) await gallery.page.keyboard.press(key);
    expect((await gallery.watched()).sent).toEqual(sent);

    const again = await open(kept);
    const wish = await again.groupQuestionAfter(() => again.post({ type: 'state', message: null }));
    expect(wish).toMatchObject({ group: groupIdForTests(3), place: 0 });
  });

  test('says that there are no duplicates, and why nothing is shown', async () => {
    const gallery = await open();
    await gallery.questionAfter(() => gallery.post({ type: 'state', message: null }));
    const { generation } = await gallery.groupQuestionAfter(() => gallery.post({ type: 'review', group: null }));
    await gallery.post({ type: 'group', generation, place: 0, total: 0, position: '', group: null });
    await gallery.review.getByText('No duplicates.').waitFor();
    await gallery.post({ type: 'state', message: 'The photo daemon is starting.' });
    await gallery.page.locator('#notice').getByText('The photo daemon is starting.').waitFor();
    expect(await gallery.review.isVisible()).toBe(false);
    // A group that comes takes the place of the reason.
    const again = await gallery.groupQuestionAfter(() => gallery.post({ type: 'staleGroups' }));
    await gallery.answerGroup(again, reviewGroupForTests(3, [1, 2]));
    expect(await gallery.page.locator('#notice').isVisible()).toBe(false);
  });
});
