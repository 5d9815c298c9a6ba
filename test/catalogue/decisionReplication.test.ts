import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../../src/daemon/base/cbor.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { Decision } from '../../src/protocol/control.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { machine, startPeer } from '../network/support/peers.ts';
import { waitFor } from '../support/waitFor.ts';
import type { DecisionFriend } from './decisionFriend.ts';
import { removeDecisions, startDecisionFriend } from './decisionFriend.ts';
import { hexOf, peerId } from './photos.ts';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const pair: Decision = { kind: 'distinct', photos: [a, b] };
const keep = (photo: string): Decision => ({ kind: 'keeper', photo });

async function waitForDecisions(friends: readonly DecisionFriend[], count: number): Promise<void> {
  await waitFor('the same decisions', () => {
    const all = friends.map(({ decisions }) => decisions.records(10_000));
    if (all.some(({ length }) => length !== count)) throw new Error(all.map(({ length }) => length).join(', '));
    return all.every((one) => JSON.stringify(one) === JSON.stringify(all[0]));
  });
}

describe('decisions of connected peers', () => {
  test('become equal, page by page; each arrives at once, and so does its undo by somebody else', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const many = Array.from({ length: 1200 }, (_, n) => keep(hexOf(String(n))));
    ana.decisions.decide(many, false, Date.now());
    const bruno = await startDecisionFriend(home, 'Bruno');
    const carla = await startDecisionFriend(home, 'Carla');
    const friends = [ana, bruno, carla];
    await waitForDecisions(friends, 1200);

    bruno.decisions.decide([pair], false, Date.now());
    await waitForDecisions(friends, 1201);
    expect(friends.map(({ decisions }) => decisions.isDistinct(b, a))).toEqual([true, true, true]);
    expect(carla.decisions.records(1)).toMatchObject([{ decision: pair, author: bruno.peerId }]);
    carla.decisions.decide([pair, ...many.slice(0, 1000)], true, Date.now());
    await waitForDecisions(friends, 200);
    expect(friends.map(({ decisions }) => decisions.isDistinct(a, b))).toEqual([false, false, false]);
  });

  test('reach a peer through another one, when who decided is gone', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const bruno = await startDecisionFriend(home, 'Bruno');
    ana.decisions.decide([pair, keep(a)], false, Date.now());
    await waitForDecisions([ana, bruno], 2);
    await ana.stop();

    const carla = await startDecisionFriend(home, 'Carla');
    await waitForDecisions([bruno, carla], 2);
    expect(carla.recordsFrom(ana.peerId)).toBe(0);
    expect(carla.decisions.records(10).map(({ author }) => author)).toEqual([ana.peerId, ana.peerId]);
    carla.decisions.decide([pair], true, Date.now());
    await waitForDecisions([bruno, carla], 1);
    await carla.stop();

    // Ana still says that the two are distinct, and learns from Bruno that Carla took it back.
    const again = await startDecisionFriend(home, 'Ana');
    await waitForDecisions([again, bruno], 1);
    expect([again, bruno].map(({ decisions }) => decisions.isDistinct(a, b))).toEqual([false, false]);
  });

  test('are kept over restarts: only new ones are sent', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const bruno = await startDecisionFriend(home, 'Bruno');
    ana.decisions.decide([pair, keep(a)], false, Date.now());
    await waitForDecisions([ana, bruno], 2);
    await bruno.stop();
    ana.decisions.decide([keep(b)], false, Date.now());

    const again = await startDecisionFriend(home, 'Bruno');
    await waitForDecisions([ana, again], 3);
    expect(again.recordsFrom(ana.peerId)).toBe(1);
  });

  test('made apart are settled the same on both sides', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    ana.decisions.decide([pair, keep(a)], false, 1000);
    await ana.stop();
    const bruno = await startDecisionFriend(home, 'Bruno');
    bruno.decisions.decide([keep(b), pair], false, 1000);
    bruno.decisions.decide([pair], true, 2000);
    const again = await startDecisionFriend(home, 'Ana');
    await waitForDecisions([again, bruno], 2);
    expect([again, bruno].map(({ decisions }) => decisions.isDistinct(a, b))).toEqual([false, false]);
    expect(again.decisions.chosenStamp(b)).toBe(bruno.decisions.chosenStamp(b));
  });

  test('come back from the others to a peer that lost them', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const bruno = await startDecisionFriend(home, 'Bruno');
    ana.decisions.decide([pair, keep(a)], false, Date.now());
    await waitForDecisions([ana, bruno], 2);
    await ana.stop();
    removeDecisions(home, 'Ana');
    const again = await startDecisionFriend(home, 'Ana');
    await waitForDecisions([again, bruno], 2);
    again.decisions.decide([keep(b)], false, Date.now());
    await waitForDecisions([again, bruno], 3);
  });
});

describe('a peer that answers with', () => {
  const maxDecisions = 55;
  const now = Date.now();
  const author = peerId('x');
  const good = [
    [1, 'd', idBytes(a), idBytes(b), true, now, author],
    [2, 'k', idBytes(a), null, true, now, author],
  ];
  const header = { index: 'evil', last: 2, more: false };
  const third = { ...header, last: 3 };
  const numbered = (count: number): unknown[] =>
    Array.from({ length: count }, (_, n) => [n + 1, 'k', idBytes(hexOf(String(n))), null, true, now, author]);

  test.each<[string, unknown, Uint8Array]>([
    ['a header that is none', { index: 1 }, encodeCbor(good)],
    ['a payload that is no CBOR', header, Buffer.from('ffff00ff', 'hex')],
    ['a payload that is no list', header, encodeCbor({ records: good })],
    ['records out of order', { ...header, last: 1 }, encodeCbor(good.toReversed())],
    ['another end than it says', { ...header, last: 9 }, encodeCbor(good)],
    ['a log without a name', { ...header, index: '' }, encodeCbor(good)],
    ['a kind that is none', third, encodeCbor([...good, [3, 'x', idBytes(a), null, true, now, author]])],
    ['a pair in the wrong order', third, encodeCbor([...good, [3, 'd', idBytes(b), idBytes(a), true, now, author]])],
    ['a pair of one photo', third, encodeCbor([...good, [3, 'd', idBytes(a), idBytes(a), true, now, author]])],
    ['half a pair', third, encodeCbor([...good, [3, 'd', idBytes(a), null, true, now, author]])],
    ['a keeper of two', third, encodeCbor([...good, [3, 'k', idBytes(a), idBytes(b), true, now, author]])],
    ['an id that is none', third, encodeCbor([...good, [3, 'k', idBytes(a).subarray(1), null, true, now, author]])],
    ['a time that is none', third, encodeCbor([...good, [3, 'k', idBytes(a), null, true, -1, author]])],
    ['an author that is none', third, encodeCbor([...good, [3, 'k', idBytes(a), null, true, now, '\u202e']])],
    ['more decisions than there may be', { ...header, last: 60 }, encodeCbor(numbered(60))],
    [
      'more records than a page has',
      { ...header, last: wireLimits.decisionsPage + 1 },
      encodeCbor(numbered(wireLimits.decisionsPage + 1)),
    ],
  ])('%s is not believed, asked again later, and harms nobody', async (_, badHeader, payload) => {
    const home = machine();
    const warnings: string[] = [];
    const ana = await startDecisionFriend(home, 'Ana', {
      maxDecisions,
      logger: { ...silentLogger, warn: (message) => warnings.push(message) },
    });
    const evil = await startPeer(home, 'Evil');
    let rubbish = true;
    let asked = 0;
    evil.handle(wireProtocols.decisions, async () => {
      asked++;
      return rubbish
        ? { header: badHeader, payload }
        : { header: { ...header, index: 'mended' }, payload: encodeCbor(good) };
    });
    const bruno = await startDecisionFriend(home, 'Bruno', { maxDecisions });
    await waitFor('Evil to be asked again', () => asked >= 3);
    bruno.decisions.decide([keep(b)], false, Date.now());
    await waitFor('the decision of Bruno', () => ana.decisions.chosenStamp(b) > 0);
    expect(ana.decisions.isDistinct(a, b)).toBe(false);
    expect(warnings).toContainEqual(expect.stringContaining(`the decisions of Evil (${evil.self.peerId})`));

    rubbish = false;
    await waitFor('what Evil states when it mends its ways', () => ana.decisions.isDistinct(a, b));
  });

  test('a decision from the future is believed in the rest of it', async () => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const evil = await startPeer(home, 'Evil');
    const future = Date.now() + 25 * 60 * 60 * 1000;
    evil.handle(wireProtocols.decisions, async ({ header: request }, { signal }) => {
      const { after } = request as { after: number };
      if (after === 2) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      const records = [[1, 'd', idBytes(a), idBytes(b), true, future, author], good[1]];
      return { header: { index: 'evil', last: 2, more: false }, payload: encodeCbor(after === 0 ? records : []) };
    });
    await waitFor('the good one', () => ana.decisions.chosenStamp(a) > 0);
    expect(ana.decisions.isDistinct(a, b)).toBe(false);
    ana.decisions.decide([pair], false, Date.now());
    ana.decisions.decide([pair], true, Date.now());
    expect(ana.decisions.isDistinct(a, b)).toBe(false);
    expect(ana.decisions.position(evil.self.peerId)).toEqual({ index: 'evil', seq: 2 });
  });
});

describe('a peer that asks', () => {
  test.each([
    ['nothing', null],
    ['a time without end', { index: '', after: 0, wait: 1e9 }],
    ['something before the start', { index: '', after: -1, wait: 0 }],
  ])('for %s is refused, and answered when it asks well', async (_, header) => {
    const home = machine();
    const ana = await startDecisionFriend(home, 'Ana');
    const asker = await startPeer(home, 'asker');
    await waitFor('the asker to be there', () => ana.network.peers().length === 1);
    const ask = (request: unknown): Promise<unknown> =>
      asker.request(ana.peerId, wireProtocols.decisions, request, { timeout: 20_000 });
    await expect(ask(header)).rejects.toMatchObject({ name: 'AppError' });
    expect(await ask({ index: '', after: 0, wait: 0 })).toMatchObject({ header: { last: 0, more: false } });
  });
});
