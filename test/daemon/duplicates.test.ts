import fs from 'node:fs';
import { expect, test } from 'vitest';
import type {
  DecisionRecord,
  DedupeResult,
  DuplicateGroup,
  PhotoDetails,
  PhotoSummary,
} from '../../src/protocol/control.ts';
import type { MadeFile, MadeGroup } from '../support/lookAlikes.ts';
import { renderLookAlikes } from '../support/lookAlikes.ts';
import { waitFor } from '../support/waitFor.ts';
import type { RunningDaemon } from './support/daemons.ts';
import { Friends, sha256 } from './support/daemons.ts';

/** Which photos are one group, and which of them is the keeper. */
interface Grouping {
  keeper: string;
  photos: string[];
}

const names = ['Ana', 'Rui', 'Zé'] as const;

/** The value that a command prints for programs. */
async function valueOf<T>(daemon: RunningDaemon, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await daemon.run(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as T;
}

const duplicatesOf = (daemon: RunningDaemon) => valueOf<DuplicateGroup[]>(daemon, 'duplicates');

function groupingOf(groups: readonly DuplicateGroup[]): Grouping[] {
  return sorted(groups.map(({ keeper, photos }) => ({ keeper, photos: photos.map(({ id }) => id) })));
}

function expectedOf(groups: readonly MadeGroup[]): Grouping[] {
  return sorted(groups.map(({ keeper, files }) => ({ keeper: keeper.id, photos: files.map(({ id }) => id) })));
}

function sorted(groupings: readonly Grouping[]): Grouping[] {
  return groupings
    .map(({ keeper, photos }) => ({ keeper, photos: photos.toSorted() }))
    .toSorted((one, other) => (one.keeper < other.keeper ? -1 : 1));
}

/** Waits until every daemon knows all photos and has compared them. */
async function settled(daemons: readonly RunningDaemon[], photos: number): Promise<void> {
  for (const { client } of daemons) {
    await waitFor(
      `${photos} photos to be compared`,
      async () => {
        const status = await client.status();
        return status.scanning === null && status.comparing === null && status.photos.collection === photos;
      },
      120_000,
    );
  }
}

/** Waits until `look` is true of every daemon: what is decided on one reaches the others. */
async function everywhere(
  daemons: readonly RunningDaemon[],
  what: string,
  look: (daemon: RunningDaemon) => Promise<boolean>,
): Promise<void> {
  for (const daemon of daemons) await waitFor(what, () => look(daemon));
}

/** The group of a photo, as a daemon says it. */
async function groupWith({ client }: RunningDaemon, id: string): Promise<DuplicateGroup | undefined> {
  const { group } = await client.show(id);
  return group === null ? undefined : (await client.duplicates({ group })).groups[0];
}

/** Some file of a group that is not its keeper. */
function redundantOf({ keeper, files }: MadeGroup): MadeFile {
  const found = files.find(({ id }) => id !== keeper.id);
  if (found === undefined) throw new Error('a group of one');
  return found;
}

test('30 photos and 200 variants on three peers', { timeout: 360_000 }, async () => {
  const friends = new Friends();
  const folders = names.map((name) => friends.folder(name));
  const { groups, files } = await renderLookAlikes(folders, { photos: 30, variants: 200 });
  const serve = async (): Promise<RunningDaemon[]> => {
    const started: RunningDaemon[] = [];
    for (const [n, folder] of folders.entries()) started.push(await friends.serve(folder, '--name', names[n] ?? ''));
    return started;
  };
  let daemons = await serve();
  await settled(daemons, files.length);

  // Every peer finds the same groups, the right ones.
  const found = await Promise.all(daemons.map(duplicatesOf));
  for (const groupsFound of found) {
    expect(groupingOf(groupsFound)).toEqual(expectedOf(groups));
    expect(new Map(groupsFound.map(({ group, keeper }) => [group, keeper]))).toEqual(
      new Map(found[0]?.map(({ group, keeper }) => [group, keeper])),
    );
    for (const { keeper, files: made, metadata } of groups) {
      const one = groupsFound.find((group) => group.keeper === keeper.id);
      expect(one?.photos[0]?.id).toBe(keeper.id);
      expect(one?.metadata).toEqual(metadata);
      for (const photo of one?.photos.slice(1) ?? []) {
        const { kind, path } = made.find(({ id }) => id === photo.id) ?? redundantOf({ keeper, files: made, metadata });
        expect(photo.reason, kind).not.toBe('');
        expect(photo.holders.map(({ name }) => name)).toEqual([names[folders.findIndex((at) => path.startsWith(at))]]);
        if (kind === 'mirrored') expect(photo).toMatchObject({ tier: 'T3' });
        if (kind === 'half') expect(photo.differences).toContainEqual({ kind: 'scaled', percent: 50 });
      }
    }
  }
  const wins = found[0]?.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  const redundant = files.filter(({ id }) => !groups.some(({ keeper }) => keeper.id === id));
  expect(wins).toBe(redundant.reduce((sum, { path }) => sum + fs.statSync(path).size, 0));
  for (const daemon of daemons) {
    const listed = await valueOf<PhotoSummary[]>(daemon, 'list', '--duplicates');
    expect(listed.map(({ id }) => id).toSorted()).toEqual(files.map(({ id }) => id).toSorted());
    expect(listed.filter(({ keeper }) => keeper)).toHaveLength(groups.length);
    expect((await daemon.client.status()).photos).toMatchObject({
      redundant: redundant.length,
      duplicateGroups: groups.length,
      duplicateBytes: wins,
    });
  }

  // One is no duplicate, says Rui: it is none anywhere.
  const [first, second] = [groups[0], groups.find((one, n) => n > 0 && one.files.some(({ kind }) => kind === 'dark'))];
  const chosen = second?.files.find(({ kind }) => kind === 'dark');
  if (first === undefined || second === undefined || chosen === undefined) throw new Error('too few groups');
  const freed = redundantOf(first);
  const [ana, rui] = daemons;
  const said = await rui?.run('not-duplicate', first.keeper.id.slice(0, 12), freed.id.slice(0, 12));
  expect(said).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('not duplicates of each other') });
  const isFree = async (daemon: RunningDaemon) =>
    (await groupWith(daemon, freed.id)) === undefined &&
    (await groupWith(daemon, first.keeper.id))?.photos.length === first.files.length - 1;
  await everywhere(daemons, 'the photo to leave its group', isFree);

  // Ana likes another one better: it is the keeper everywhere, of the same group.
  const groupId = (await ana?.client.show(second.keeper.id))?.group;
  expect(await ana?.run('keep', chosen.id)).toMatchObject({ code: 0, stderr: '' });
  const isKept = async (daemon: RunningDaemon) => {
    const group = await groupWith(daemon, chosen.id);
    return group?.keeper === chosen.id && group.keeperReason === 'chosen' && group.group === groupId;
  };
  await everywhere(daemons, 'the chosen keeper', isKept);
  const decided = expect.arrayContaining([
    expect.objectContaining({ kind: 'keeper', photo: chosen.id, by: 'Ana' }),
    expect.objectContaining({ kind: 'distinct', by: 'Rui' }),
  ]);
  for (const daemon of daemons) expect(await valueOf<DecisionRecord[]>(daemon, 'decisions')).toEqual(decided);

  // Both stay so when everybody was away.
  for (const daemon of daemons) expect(await daemon.end('SIGTERM')).toBe(0);
  daemons = await serve();
  await settled(daemons, files.length);
  await everywhere(daemons, 'the photo to be free after the restart', isFree);
  await everywhere(daemons, 'the chosen keeper after the restart', isKept);
  const after = groups.map((one) => {
    if (one === first) return { ...one, files: one.files.filter((file) => file !== freed) };
    return one === second ? { ...one, keeper: chosen } : one;
  });
  for (const daemon of daemons) {
    expect(groupingOf(await duplicatesOf(daemon))).toEqual(expectedOf(after));
    const listed = await valueOf<PhotoSummary[]>(daemon, 'list', '--duplicates');
    expect(listed).toHaveLength(files.length - 1);
    expect((await valueOf<PhotoDetails>(daemon, 'show', freed.id)).group).toBeNull();
  }

  // The plan names every redundant copy, where it is, and what is kept for it; nothing is dropped.
  const [planner] = daemons;
  if (planner === undefined) throw new Error('no daemon');
  const before = files.map(({ path }) => sha256(path));
  const plan = await valueOf<DedupeResult>(planner, 'dedupe');
  const planned = after.flatMap(({ keeper, files: made }) =>
    made
      .filter((file) => file !== keeper)
      .map(({ id, path }) => ({
        id,
        keeper: keeper.id,
        peerName: names[folders.findIndex((at) => path.startsWith(at))],
      })),
  );
  const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
  expect(plan.planned.map(({ id, keeper, peerName }) => ({ id, keeper, peerName })).toSorted(byId)).toEqual(
    planned.toSorted(byId),
  );
  expect([plan.dropped, plan.refused]).toEqual([[], []]);
  const refused = await planner.run('dedupe', '--apply');
  expect(refused).toMatchObject({ code: 5, stdout: '' });
  expect(refused.stderr).toMatch(/^photo-organizer: Nothing was dropped/);
  expect(files.map(({ path }) => sha256(path))).toEqual(before);

  // Taken back on the third peer, it is a duplicate again everywhere.
  const undone = await daemons[2]?.run('not-duplicate', freed.id, first.keeper.id, '--undo');
  expect(undone).toMatchObject({ code: 0, stderr: '' });
  await everywhere(daemons, 'the photo to be back in its group', async (daemon) => {
    const group = await groupWith(daemon, freed.id);
    return group?.keeper === first.keeper.id && group.photos.length === first.files.length;
  });
});
