import { describe, expect, test } from 'vitest';
import type { DuplicatesParams, DuplicatesResult } from '../../src/protocol/control.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { duplicateNodes, groupNodes, keeperOf, maxGroups } from '../../src/views/duplicateNodes.ts';
import { duplicateForTests, groupForTests, groupIdForTests, idForTests } from './samples.ts';

describe('the tree of duplicates', () => {
  test('has a node for each group, named by its keeper, and the keeper first below it', () => {
    const group = { ...groupForTests(1, [10, 11, 12]), keeper: idForTests(11) };
    const [node] = groupNodes({ total: 1, bytes: 1, groups: [group] });
    if (node?.kind !== 'group') throw new Error('there is one group');
    expect(node.keeper.id).toBe(idForTests(11));
    const below = duplicateNodes(node);
    expect(below.map(({ photo }) => photo.id)).toEqual([11, 10, 12].map(idForTests));
    expect(below.every(({ parent }) => parent === node)).toBe(true);
  });

  test('has ids that stay when a group changes, and differ between groups that share a photo', () => {
    const ids = (photos: number[], n: number) =>
      groupNodes({ total: 1, bytes: 1, groups: [groupForTests(n, photos)] }).flatMap((node) =>
        node.kind === 'group' ? [node.id, ...duplicateNodes(node).map(({ id }) => id)] : [],
      );
    expect(ids([1, 2, 3], 1).slice(0, 3)).toEqual(ids([1, 2], 1));
    const all = [...ids([1, 2], 1), ...ids([1, 2], 2)];
    expect(new Set(all).size).toBe(all.length);
  });

  test('says how many groups are left beyond its limit', () => {
    const groups = Array.from({ length: maxGroups + 5 }, (_, n) => groupForTests(n, [n * 2, n * 2 + 1]));
    const nodes = groupNodes({ total: 2_340, bytes: 1, groups });
    expect(nodes).toHaveLength(maxGroups + 1);
    expect(nodes.at(-1)).toMatchObject({ kind: 'moreGroups', groups: 2_340 - maxGroups });
    expect(groupNodes({ total: 2, bytes: 1, groups: groups.slice(0, 2) })).toHaveLength(2);
  });

  test('leaves out a group whose keeper is not in it', () => {
    const group = { ...groupForTests(1, [1, 2]), keeper: idForTests(9) };
    expect(groupNodes({ total: 1, bytes: 1, groups: [group] })).toEqual([]);
  });
});

describe('the keeper of a photo', () => {
  const asked: DuplicatesParams[] = [];
  const answering = (answer: () => DuplicatesResult) => ({
    client: {
      duplicates: async (params: DuplicatesParams) => {
        asked.push(params);
        return answer();
      },
    },
    signal: new AbortController().signal,
  });

  test('is asked for by the group alone', async () => {
    const connection = answering(() => ({ total: 1, bytes: 1, groups: [groupForTests(7, [3, 4])] }));
    const photo = duplicateForTests(4, { group: groupIdForTests(7) });
    expect((await keeperOf(connection, photo))?.id).toBe(idForTests(3));
    expect(asked.splice(0)).toEqual([{ group: groupIdForTests(7) }]);
  });

  test('is none without a group, without an answer and when the group is gone', async () => {
    const gone = answering(() => ({ total: 0, bytes: 0, groups: [] }));
    expect(await keeperOf(gone, { group: null })).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await keeperOf(gone, { group: groupIdForTests(1) })).toBeUndefined();
    const silent = answering(() => {
      throw new AppError('daemon-unreachable', 'Gone.');
    });
    expect(await keeperOf(silent, { group: groupIdForTests(1) })).toBeUndefined();
    const broken = answering(() => {
      throw new Error('broken');
    });
    await expect(keeperOf(broken, { group: groupIdForTests(1) })).rejects.toThrow('broken');
  });
});
