import { describe, expect, test } from 'vitest';
import type { PeerSummary } from '../../src/protocol/control.ts';
import {
  availabilityOf,
  maxChildren,
  monthNodes,
  peerNodes,
  peerOf,
  photoNodes,
  queryFor,
  yearNodes,
} from '../../src/views/photoNodes.ts';
import { pickGroups } from '../../src/views/photoGroups.ts';
import { summaryForTests } from './samples.ts';

const peer = (name: string, change: Partial<PeerSummary> = {}): PeerSummary => ({
  peerId: `id-${name}`,
  name,
  port: 5000,
  addresses: [],
  online: true,
  central: false,
  self: false,
  photos: 1,
  bytes: 1,
  lastSeen: '2026-01-01T00:00:00Z',
  ...change,
});

describe('the tree', () => {
  const months = [
    { month: '2019-02', photos: 3 },
    { month: null, photos: 4 },
    { month: '2020-01', photos: 1 },
    { month: '2019-11', photos: 2 },
  ];

  test('shows this peer first, then who is online, by name', () => {
    const peers = [peer('Zé', { online: false }), peer('Bruno'), peer('me', { self: true }), peer('Ana')];
    expect(peerNodes(peers).map((node) => node.peer.name)).toEqual(['me', 'Ana', 'Bruno', 'Zé']);
  });

  test('groups by year, newest first, without a date last', () => {
    const years = yearNodes(undefined, months);
    expect(years.map(({ year, photos }) => [year, photos])).toEqual([
      ['2020', 1],
      ['2019', 5],
      [null, 4],
    ]);
    const [, second] = years;
    if (second === undefined) throw new Error('there are three');
    expect(monthNodes(second).map(({ month }) => month)).toEqual(['2019-11', '2019-02']);
  });

  test('below a peer leads to the photos of this peer in the gallery, whatever its name', () => {
    const query = (name: string | undefined, position: number) => {
      const [peerNode] = name === undefined ? [] : peerNodes([peer(name)]);
      const year = yearNodes(peerNode, months).at(position);
      if (year === undefined) throw new Error('there are three');
      return queryFor(monthNodes(year)[0] ?? year);
    };
    expect(query(undefined, 0)).toBe('2020-01');
    expect(query('Bruno', 0)).toBe('Bruno 2020-01');
    // The daemon finds words: with what stands between them nothing would be found.
    expect(query('Zé & Ana (home)', 1)).toBe('Zé Ana home 2019-11');
    expect(query('Conceic\u0327a\u0303o', -1)).toBe('Conceic\u0327a\u0303o');
    expect(query(undefined, -1)).toBe('');
  });

  test('has ids that differ between peers and stay when counts change', () => {
    const [ana, bruno] = peerNodes([peer('Ana'), peer('Bruno')]);
    const idsOf = (parent: typeof ana, counts: typeof months) => yearNodes(parent, counts).map(({ id }) => id);
    expect(idsOf(ana, months)).toEqual(
      idsOf(
        ana,
        months.map(({ month }) => ({ month, photos: 99 })),
      ),
    );
    const all = [...idsOf(ana, months), ...idsOf(bruno, months), ...idsOf(undefined, months)];
    expect(new Set(all).size).toBe(all.length);
  });

  test('knows the way up, as revealing a node needs it', () => {
    const [ana] = peerNodes([peer('Ana')]);
    const [year] = yearNodes(ana, months);
    if (year === undefined) throw new Error('there is one');
    const [month] = monthNodes(year);
    if (month === undefined) throw new Error('there is one');
    const [photo] = photoNodes(month, [summaryForTests(1)], 1);
    expect(photo?.parent).toBe(month);
    expect(month.parent).toBe(year);
    expect(year.parent).toBe(ana);
    expect(photo === undefined ? undefined : peerOf(photo)?.name).toBe('Ana');
  });

  test('never has more than its limit below one node, and says how many are left', () => {
    const [year] = yearNodes(undefined, months);
    if (year === undefined) throw new Error('there is one');
    const photos = Array.from({ length: maxChildren + 5 }, (_, n) => summaryForTests(n));
    const nodes = photoNodes(year, photos, 2_340);
    expect(nodes).toHaveLength(maxChildren + 1);
    expect(nodes.at(-1)).toMatchObject({ kind: 'more', photos: 1_340 });
    expect(photoNodes(year, photos.slice(0, 3), 3).every(({ kind }) => kind === 'photo')).toBe(true);
  });
});

const holder = (name: string, online: boolean, kind: 'original' | 'replica' = 'original') => ({
  peerId: `id-${name}`,
  name,
  online,
  kind,
});

test('a photo is own, remote or offline', () => {
  const photo = summaryForTests(1, { holders: [holder('Ana', false), holder('Bruno', false)] });
  expect(availabilityOf(photo, 'id-Ana')).toBe('own');
  expect(availabilityOf(photo, 'id-me')).toBe('offline');
  expect(availabilityOf({ holders: [holder('Ana', false), holder('Bruno', true)] }, 'id-me')).toBe('remote');
});

test('photos to fetch are grouped by the friend they come from: online first, own later, offline last', () => {
  const photos = [
    summaryForTests(1, { holders: [holder('Abel', true), holder('Ana', true)] }),
    summaryForTests(2, { holders: [holder('Zé', false)] }),
    summaryForTests(3, { holders: [holder('Bruno', true, 'replica'), holder('Ana', true)] }),
    summaryForTests(4, { holders: [holder('Zé', false), holder('Bruno', true, 'replica')] }),
    summaryForTests(5, { holders: [] }),
    summaryForTests(6, { holders: [holder('Ana', true)] }),
  ];
  expect(
    pickGroups(photos, 'id-Abel').map((group) => [group.holder?.name, group.photos.map(({ size }) => size - 1000)]),
  ).toEqual([
    ['Ana', [3, 6]],
    ['Bruno', [4]],
    ['Abel', [1]],
    ['Zé', [2]],
    [undefined, [5]],
  ]);
});
