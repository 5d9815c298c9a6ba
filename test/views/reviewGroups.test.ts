import { describe, expect, test } from 'vitest';
import type { DuplicatePhoto, DuplicatesParams, DuplicatesResult, PhotoDetails } from '../../src/protocol/control.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { differingFacts, findGroup } from '../../src/views/reviewGroups.ts';
import { duplicateForTests, groupForTests, groupIdForTests, idForTests } from './samples.ts';

/** A daemon with groups of these numbers, in this order. */
function daemonWith(numbers: readonly number[]) {
  const groups = numbers.map((n) => groupForTests(n, [n * 2, n * 2 + 1]));
  const asked: DuplicatesParams[] = [];
  return {
    asked,
    show: async (id: string): Promise<PhotoDetails> => {
      const photo = groups
        .flatMap((one) => one.photos.map((shown) => ({ ...shown, group: one.group })))
        .find((one) => one.id === id);
      if (photo === undefined) throw new AppError('not-found', 'None.');
      return { ...photo, linked: [], fromGroup: { takenAt: null, camera: null, place: null }, paths: [] };
    },
    duplicates: async (params: DuplicatesParams): Promise<DuplicatesResult> => {
      asked.push(params);
      const { group, limit = 100, offset = 0 } = params;
      const match = group === undefined ? groups : groups.filter((one) => one.group === group);
      return { total: match.length, bytes: 1000 * match.length, groups: match.slice(offset, offset + limit) };
    },
  };
}

const { signal } = new AbortController();
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);

describe('the group to show', () => {
  const find = async (daemon: ReturnType<typeof daemonWith>, group: number | null, place: number, keeper?: number) => {
    const wish = { group: group === null ? null : groupIdForTests(group), place };
    const found = await findGroup(daemon, wish, keeper === undefined ? undefined : idForTests(keeper), signal);
    return { ...found, group: found.group?.group };
  };

  test('is the one at its place, by one question', async () => {
    const daemon = daemonWith([5, 6, 7]);
    expect(await find(daemon, null, 1)).toEqual({ place: 1, total: 3, bytes: 3000, group: groupIdForTests(6) });
    expect(await find(daemon, 6, 1)).toMatchObject({ place: 1, group: groupIdForTests(6) });
    expect(daemon.asked).toHaveLength(2);
  });

  test('is found where it is now', async () => {
    const daemon = daemonWith([...numbers(100, 1_500), 6]);
    expect(await find(daemon, 6, 3)).toMatchObject({ place: 1_500, total: 1_501, group: groupIdForTests(6) });
    expect(daemon.asked.every(({ limit = 1 }) => limit <= 1_000)).toBe(true);
  });

  test('is the next one when it is gone, without looking through all', async () => {
    const daemon = daemonWith(numbers(100, 5_000));
    expect(await find(daemon, 6, 3)).toMatchObject({ place: 3, group: groupIdForTests(103) });
    expect(daemon.asked).toHaveLength(2);
  });

  test('is the one that its keeper is in now, when it has another name', async () => {
    expect(await find(daemonWith([5, 6, 8]), 7, 0, 17)).toMatchObject({ place: 2, group: groupIdForTests(8) });
    expect(await find(daemonWith([5, 6, 8]), 7, 1, 99)).toMatchObject({ place: 1, group: groupIdForTests(6) });
  });

  test('is the last one when there is none after it, and none when there are none', async () => {
    expect(await find(daemonWith([5, 7]), 9, 2)).toMatchObject({ place: 1, total: 2, group: groupIdForTests(7) });
    expect(await find(daemonWith([5, 7]), null, 99)).toMatchObject({ place: 1, group: groupIdForTests(7) });
    expect(await find(daemonWith([]), 9, 2)).toEqual({ place: 0, total: 0, bytes: 0, group: undefined });
  });
});

describe('what differs from the keeper', () => {
  const keeper = duplicateForTests(1, {
    camera: 'Canon',
    place: { latitude: 40.6, longitude: -8.6 },
    holders: [
      { peerId: 'a', name: 'Ana', online: true, kind: 'original' },
      { peerId: 'b', name: 'Bruno', online: true, kind: 'replica' },
    ],
  });

  test('is nothing for the keeper itself, whatever the order of its holders', () => {
    expect(differingFacts({ ...keeper, holders: keeper.holders.toReversed() }, keeper)).toEqual(new Set());
  });

  const changes: [Partial<DuplicatePhoto>, string][] = [
    [{ width: 300 }, 'pixels'],
    [{ size: 5 }, 'bytes'],
    [{ format: 'webp' }, 'format'],
    [{ takenAt: null }, 'date'],
    [{ camera: null }, 'camera'],
    [{ place: null }, 'place'],
    [{ place: { latitude: 40.6, longitude: -8.7 } }, 'place'],
    [{ holders: [] }, 'holders'],
  ];
  test.each(changes)('%j is its %s', (change, fact) => {
    expect([...differingFacts({ ...keeper, ...change }, keeper)]).toEqual([fact]);
  });
});
