import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DuplicateGroup } from '../../src/protocol/control.ts';
import type { ServedFolder } from '../../tools/daemons.ts';
import { ask } from '../../tools/daemons.ts';
import type { MadeGroup } from '../support/lookAlikes.ts';
import { renderLookAlikes } from '../support/lookAlikes.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/friends.ts';
import { ReviewPage } from './support/review.ts';
import type { Workbench } from './support/workbench.ts';

const names = ['Ana', 'Bruno', 'Clara'] as const;

describe('look-alikes of three friends in VS Code', () => {
  const friends = new Friends();
  let folders: string[] = [];
  let groups: MadeGroup[] = [];
  let served: ServedFolder[] = [];
  const duplicatesOf = async (folder: string) => (await ask(friends.home, folder, ['duplicates'])) as DuplicateGroup[];

  /** Keepers with the photos of their groups. */
  const expected = () => new Map(groups.map(({ keeper, files }) => [keeper.id, files.map(({ id }) => id).toSorted()]));
  const found = (shown: readonly { keeper: string; photos: readonly string[] }[]) =>
    new Map(shown.map(({ keeper, photos }) => [keeper, photos.toSorted()]));

  /** Waits until the command on every peer says what is expected. */
  async function agreed(): Promise<void> {
    for (const folder of folders) {
      await waitFor(
        'the groups',
        async () => {
          const said = await duplicatesOf(folder);
          const photos = said.map(({ keeper, photos }) => ({ keeper, photos: photos.map(({ id }) => id) }));
          expect(found(photos)).toEqual(expected());
          return true;
        },
        60_000,
      );
    }
  }

  /** Looks at tree and review of a window. */
  async function expectShown(workbench: Workbench): Promise<ReviewPage> {
    await workbench.showContainer('Photos');
    const tree = workbench.tree('Duplicates');
    const tops = await waitFor('the groups', async () => {
      const rows = await tree.topNames();
      return rows.length === groups.length && rows;
    });
    for (const { keeper, files } of groups) {
      const name = path.basename(keeper.path);
      expect(tops.filter((row) => row.includes(name))).toEqual([
        expect.stringMatching(`${files.length} photos, .* to win`),
      ]);
    }
    await workbench.runCommand('Photos: Review Duplicates');
    const review = new ReviewPage(workbench);
    const shown = await review.groups(groups.length);
    expect(found(shown)).toEqual(expected());
    return review;
  }

  beforeAll(async () => {
    folders = await Promise.all(names.map((name) => friends.folder(name, 0)));
    ({ groups } = await renderLookAlikes(folders, { photos: 4, variants: 14 }));
    served = [];
    for (const folder of folders) served.push(await friends.serve(folder));
    await agreed();
  });
  afterAll(() => friends[Symbol.asyncDispose]());

  test('tree and review of the first peer show the right groups and keepers', async () => {
    await expectShown(await friends.openWindow(folders[0]));
    await friends.closeWindows();
  });

  test('the second peer sees them too; the keeper that it chooses is the keeper there and on all others', async () => {
    const workbench = await friends.openWindow(folders[1]);
    const review = await expectShown(workbench);
    const shown = await review.group();
    const group = groups.find((one) => one.keeper.id === shown.keeper);
    const chosen = group?.files.find(({ id }) => id !== shown.keeper);
    if (group === undefined || chosen === undefined) throw new Error('the review shows a group that is none');
    await review.press('k', chosen.id);
    await waitFor('the chosen keeper', async () => (await review.group()).keeper === chosen.id);
    expect((await review.group()).id).toBe(shown.id);
    groups = groups.map((one) => (one === group ? { ...one, keeper: chosen } : one));
    await agreed();
    await friends.closeWindows();
  });

  test('the third peer sees them too; what it says is no duplicate vanishes there and on all others', async () => {
    const workbench = await friends.openWindow(folders[2]);
    const review = await expectShown(workbench);
    const { keeper, photos } = await review.group();
    const group = groups.find((one) => one.keeper.id === keeper);
    const freed = group?.files.find(({ id }) => id !== keeper);
    if (group === undefined || freed === undefined) throw new Error('the review shows a group that is none');
    await review.press('d', freed.id);
    await review.photo(freed.id).waitFor({ state: 'detached' });
    expect((await review.group()).photos.toSorted()).toEqual(photos.filter((id) => id !== freed.id).toSorted());
    groups = groups.map((one) => (one === group ? { ...one, files: one.files.filter((file) => file !== freed) } : one));
    await agreed();
    await workbench
      .tree('Duplicates')
      .item(new RegExp(`${path.basename(group.keeper.path)}.*\\b${group.files.length - 1} photos`))
      .waitFor();
    await friends.closeWindows();
  });

  test('it stays so on the first peer when all have been away', async () => {
    for (const one of served) await one.stop();
    served = [];
    for (const folder of folders) served.push(await friends.serve(folder));
    await agreed();
    await expectShown(await friends.openWindow(folders[0]));
  });
});
