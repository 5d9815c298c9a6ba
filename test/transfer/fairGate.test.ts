import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairGate } from '../../src/daemon/transfer/fairGate.ts';
import { failureOf } from './support.ts';

const never = new AbortController().signal;

test('the keys take turns: one that asks for much does not make another wait for all of it', async () => {
  const gate = new FairGate({ total: 1, perKey: 1, costPerKey: 10, waitingPerKey: 100 });
  const order: string[] = [];
  const pass = async (key: string): Promise<void> => {
    const leave = await gate.enter(key, 1, never);
    order.push(key);
    await Promise.resolve();
    leave();
  };
  await Promise.all([...Array.from({ length: 20 }, () => pass('greedy')), pass('modest'), pass('other')]);
  expect(order.indexOf('modest')).toBeLessThanOrEqual(3);
  expect(order.indexOf('other')).toBeLessThanOrEqual(4);
  expect(order).toHaveLength(22);
});

test('too many of one key are refused; others are not', async () => {
  const gate = new FairGate({ total: 1, perKey: 1, costPerKey: 10, waitingPerKey: 2 });
  const leave = await gate.enter('a', 1, never);
  const stop = new AbortController();
  const waiting = [gate.enter('a', 1, stop.signal), gate.enter('a', 1, stop.signal)].map(failureOf);
  expect((await failureOf(gate.enter('a', 1, never))).code).toBe('refused');
  const other = gate.enter('b', 1, never);
  stop.abort();
  for (const failure of await Promise.all(waiting)) expect(failure.code).toBe('cancelled');
  leave();
  (await other)();
  (await gate.enter('a', 1, never))();
});

test('no bound is ever passed, and everybody gets in at last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ key: fc.constantFrom('a', 'b', 'c'), cost: fc.integer({ min: 1, max: 7 }), cancel: fc.boolean() }),
        {
          maxLength: 40,
        },
      ),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (entries, total, perKey) => {
        const costPerKey = 6;
        const gate = new FairGate({ total, perKey, costPerKey, waitingPerKey: 1000 });
        const inside = new Map<string, number[]>();
        const check = (): void => {
          const all = [...inside.values()];
          expect(all.flat().length).toBeLessThanOrEqual(total);
          for (const costs of all) {
            expect(costs.length).toBeLessThanOrEqual(perKey);
            const sum = costs.reduce((a, b) => a + b, 0);
            expect(sum <= costPerKey || costs.length === 1).toBe(true);
          }
        };
        let passed = 0;
        await Promise.all(
          entries.map(async ({ key, cost, cancel }) => {
            const stop = new AbortController();
            const entering = gate.enter(key, cost, stop.signal);
            if (cancel) stop.abort();
            let leave: () => void;
            try {
              leave = await entering;
            } catch {
              passed++;
              return;
            }
            const costs = inside.get(key) ?? [];
            costs.push(cost);
            inside.set(key, costs);
            check();
            await new Promise((resolve) => setImmediate(resolve));
            costs.splice(costs.indexOf(cost), 1);
            leave();
            leave();
            passed++;
          }),
        );
        expect(passed).toBe(entries.length);
      },
    ),
    { numRuns: 60 },
  );
});
