import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Logger } from '../../src/daemon/base/logger.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { openDatabase } from '../../src/daemon/base/sqlite.ts';
import { Decisions, decisionsMigration } from '../../src/daemon/catalogue/decisions.ts';
import { hexOf, idBytes } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { LogPage } from '../../src/daemon/catalogue/logPage.ts';
import type { Decision } from '../../src/protocol/control.ts';
import type { DecisionLogRecord } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { peerId } from './photos.ts';

const self = peerId('s');
const other = peerId('o');
const now = Date.parse('2026-11-24T12:00:00Z');
const day = 24 * 60 * 60 * 1000;
const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const distinct = (first: string, second: string): Decision => ({ kind: 'distinct', photos: [first, second] });
const keep = (photo: string): Decision => ({ kind: 'keeper', photo });

interface Wishes {
  file?: string;
  logger?: Logger;
  max?: number;
  peer?: string;
}

function opened(wishes: Wishes = {}): { decisions: Decisions; database: DatabaseSync } {
  const database = openDatabase(wishes.file ?? ':memory:', [decisionsMigration]);
  onTestFinished(() => (database.isOpen ? database.close() : undefined));
  const logger = wishes.logger ?? silentLogger;
  return { decisions: new Decisions(database, wishes.peer ?? self, logger, wishes.max), database };
}

/** Records about a pair (`b` given) or a keeper, numbered in a row. */
function page(
  records: readonly { a: string; b?: string; set?: boolean; time?: number; author?: string }[],
  first = 1,
  index = 'log',
): LogPage<DecisionLogRecord> {
  const tuples = records.map((record, n): DecisionLogRecord => [
    first + n,
    record.b === undefined ? 'k' : 'd',
    idBytes(record.a),
    record.b === undefined ? null : idBytes(record.b),
    record.set ?? true,
    record.time ?? now,
    record.author ?? other,
  ]);
  return { index, records: tuples, last: first + records.length - 1 };
}

/** Records of the own log from `after` on, without their numbers and with ids to read. */
function told(decisions: Decisions, after = 0): unknown[] {
  const { records } = decisions.since(decisions.since('', 0, 1).index, after, 10);
  return records.map(([, kind, first, second, ...rest]) => [
    kind,
    hexOf(first),
    second === null ? null : hexOf(second),
    ...rest,
  ]);
}

/** All that can be asked, for comparison. */
function answers(decisions: Decisions): unknown {
  return {
    records: decisions.records(1000),
    stamps: [a, b, c].map((id) => decisions.chosenStamp(id)),
    distinct: [a, b, c].map((id) => decisions.distinctOf(id).toSorted()),
  };
}

describe('a decision', () => {
  test('that two photos are no duplicates counts from both sides, until it is taken back', () => {
    const { decisions } = opened();
    expect(decisions.isDistinct(a, b)).toBe(false);
    decisions.decide([distinct(b, a), distinct(b, c)], false, now);
    expect([decisions.isDistinct(a, b), decisions.isDistinct(b, a), decisions.isDistinct(a, c)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(decisions.distinctOf(b).toSorted()).toEqual([a, c]);
    expect(decisions.distinctOf(a)).toEqual([b]);
    decisions.decide([distinct(a, b)], true, now);
    expect([decisions.isDistinct(a, b), decisions.isDistinct(b, c)]).toEqual([false, true]);
    expect(decisions.distinctOf(a)).toEqual([]);
    expect(decisions.distinctOf(b)).toEqual([c]);
  });

  test('about a keeper has a later stamp than those before it, however fast or slow the clock', () => {
    const { decisions } = opened();
    decisions.decide([keep(a), keep(b)], false, now);
    expect(decisions.chosenStamp(a)).toBe(now);
    expect(decisions.chosenStamp(b)).toBeGreaterThan(now);
    decisions.decide([keep(a)], false, now - 1000);
    expect(decisions.chosenStamp(a)).toBeGreaterThan(decisions.chosenStamp(b));
    decisions.decide([keep(a)], true, now - 1000);
    expect([decisions.chosenStamp(a), decisions.chosenStamp(b)]).toEqual([0, now + 1]);
    expect(decisions.chosenStamp(c)).toBe(0);
  });

  test('wins over one from a peer whose clock is ahead, and an undo does', () => {
    const { decisions } = opened();
    decisions.apply(other, page([{ a, b, time: now + day }]), now);
    decisions.decide([distinct(a, b)], true, now);
    expect(decisions.isDistinct(a, b)).toBe(false);
    expect(told(decisions)).toEqual([['d', a, b, false, now + day + 1, self]]);
  });

  test('is listed with the latest first, while it counts', () => {
    const { decisions } = opened();
    decisions.decide([distinct(a, b)], false, now);
    decisions.decide([keep(c)], false, now + 5);
    decisions.apply(other, page([{ a: b, time: now + 2 }]), now);
    expect(decisions.records(10)).toEqual([
      { decision: keep(c), at: now + 5, author: self },
      { decision: keep(b), at: now + 2, author: other },
      { decision: distinct(a, b), at: now, author: self },
    ]);
    expect(decisions.records(1)).toHaveLength(1);
    decisions.decide([keep(c)], true, now + 9);
    expect(decisions.records(10).map(({ author }) => author)).toEqual([other, self]);
  });

  test('tells which photos it changes something for', () => {
    const { decisions } = opened();
    const heard: string[][] = [];
    decisions.onChange((ids) => heard.push(ids.toSorted()));
    decisions.decide([distinct(b, a)], false, now);
    decisions.decide([distinct(a, b)], false, now);
    decisions.decide([keep(c)], true, now);
    decisions.decide([keep(c)], false, now);
    expect(decisions.apply(other, page([{ a }, { a, b, time: now - 1 }]), now)).toEqual([a]);
    expect(heard).toEqual([[a, b], [c], [a]]);
  });

  test('cannot be about a photo and itself', () => {
    const { decisions } = opened();
    expect(() => decisions.decide([keep(a), distinct(b, b)], false, now)).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
    expect(decisions.records(10)).toEqual([]);
    expect(decisions.isDistinct(b, b)).toBe(false);
  });

  test('is kept over a restart, with its number', () => {
    const file = path.join(temporaryFolder(), 'decisions.db');
    const { decisions, database } = opened({ file });
    decisions.decide([distinct(a, b), keep(c)], false, now);
    decisions.apply(other, page([{ a }]), now);
    const before = [answers(decisions), decisions.since('', 0, 10), decisions.position(other)];
    database.close();
    const again = opened({ file }).decisions;
    expect([answers(again), again.since('', 0, 10), again.position(other)]).toEqual(before);
    again.decide([keep(b)], false, now - 5);
    expect(again.chosenStamp(b)).toBeGreaterThan(again.chosenStamp(c));
    expect(told(again).at(-1)).toEqual(['k', b, null, true, again.chosenStamp(b), self]);
  });

  test('is refused when there are too many, and changes nothing then', () => {
    const { decisions } = opened({ max: 2 });
    decisions.decide([distinct(a, b)], false, now);
    expect(() => decisions.decide([keep(a), keep(b)], false, now)).toThrow(
      expect.objectContaining({ code: 'refused' }),
    );
    expect(decisions.records(10)).toHaveLength(1);
    decisions.decide([keep(a)], false, now);
    decisions.decide([keep(a), distinct(a, b)], true, now);
    expect(decisions.records(10)).toEqual([]);
  });
});

test('a decision that a full disk has no room for is told in words for people, and is none', () => {
  const { decisions, database } = opened();
  decisions.decide([keep(a)], false, now);
  const used = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
  database.exec(`PRAGMA max_page_count = ${used}`);
  const many = Array.from({ length: 1_000 }, (_, n) => keep(String(n).padStart(64, '0')));
  expect(() => decisions.decide(many, false, now)).toThrow(expect.objectContaining({ code: 'disk-full' }));
  expect(decisions.records(10)).toHaveLength(1);
});

describe('decisions of others', () => {
  const subjects = fc.constantFrom<{ a: string; b?: string }[]>({ a }, { a: b }, { a, b }, { a, b: c });
  const stamped = fc
    .tuple(subjects, fc.boolean(), fc.integer({ min: 1, max: 3 }), fc.constantFrom(other, peerId('p')))
    .map(([subject, set, time, author]) => ({ ...subject, set, time: now + time, author }));

  test('count by their stamps, in whatever order and however often they come', () => {
    fc.assert(
      fc.property(fc.array(stamped, { maxLength: 12 }), fc.gen(), (records, gen) => {
        const once = opened({ peer: self }).decisions;
        const twice = opened({ peer: peerId('t') }).decisions;
        once.apply(other, page(records), now);
        const shuffled = gen(fc.shuffledSubarray, records, { minLength: records.length });
        for (const [n, record] of [...shuffled, ...records].entries()) twice.apply(other, page([record], n + 1), now);
        expect(answers(twice)).toEqual(answers(once));
      }),
      { numRuns: 60 },
    );
  });

  test('with one stamp are settled by the author, whoever comes first', () => {
    const [early, late] = [peerId('p'), peerId('q')];
    for (const authors of [
      [early, late],
      [late, early],
    ]) {
      const { decisions } = opened();
      decisions.apply(other, page(authors.map((author) => ({ a, b, author, set: author === late }))), now);
      expect(decisions.isDistinct(a, b)).toBe(true);
    }
  });

  test('are passed on under an own number, once', () => {
    const { decisions } = opened();
    const advanced: number[] = [];
    decisions.onAdvanced(() => advanced.push(1));
    decisions.apply(other, page([{ a, b }, { a: c }]), now);
    const pair = ['d', a, b, true, now, other];
    expect(told(decisions)).toEqual([pair, ['k', c, null, true, now, other]]);
    const { index, last } = decisions.since('', 0, 10);
    decisions.apply(peerId('p'), page([{ a: c }, { a, b }]), now);
    expect(decisions.since(index, last, 10)).toEqual({ index, records: [], last, more: false });
    expect(advanced).toHaveLength(1);
    decisions.apply(peerId('p'), page([{ a: c, set: false, time: now + 1 }], 3), now);
    // Each photo has one record, the latest.
    const undone = ['k', c, null, false, now + 1, other];
    expect(told(decisions)).toEqual([pair, undone]);
    expect(told(decisions, last)).toEqual([undone]);
    expect(advanced).toHaveLength(2);
  });

  test('are sent in parts', () => {
    const { decisions } = opened();
    decisions.apply(other, page([{ a, b }, { a: c }, { a: b }]), now);
    const first = decisions.since('', 0, 2);
    expect(first).toMatchObject({ records: [{ 1: 'd' }, { 1: 'k' }], last: first.records[1]?.[0], more: true });
    const second = decisions.since(first.index, first.last, 2);
    expect(second).toMatchObject({ records: [{ 1: 'k' }], last: second.records[0]?.[0], more: false });
    expect(decisions.since('some other log', first.last, 2)).toEqual(first);
  });

  test('from more than a day in the future are left out with a warning, the others of the page are not', () => {
    const warnings: string[] = [];
    const { decisions } = opened({ logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
    const touched = decisions.apply(
      other,
      page([
        { a, time: now + day + 1 },
        { a: b, time: now + day },
      ]),
      now,
    );
    expect(touched).toEqual([b]);
    expect(decisions.chosenStamp(a)).toBe(0);
    expect(decisions.position(other)).toEqual({ index: 'log', seq: 2 });
    expect(warnings).toEqual([expect.stringContaining('1 decisions')]);
  });

  test('are followed from where they are known, and anew when their log is another', () => {
    const { decisions } = opened();
    expect(decisions.position(other)).toEqual({ index: '', seq: 0 });
    decisions.apply(other, page([{ a, b }]), now);
    decisions.apply(other, page([{ a: c }], 7), now);
    expect(decisions.position(other)).toEqual({ index: 'log', seq: 7 });
    decisions.apply(other, page([{ a: b }], 1, 'another'), now);
    expect(decisions.position(other)).toEqual({ index: 'another', seq: 1 });
    expect(decisions.isDistinct(a, b)).toBe(true);
  });

  const good = page([{ a, b }, { a: c }]);
  test.each<[string, LogPage<DecisionLogRecord>]>([
    ['out of order', { ...good, records: good.records.toReversed(), last: 1 }],
    ['that ends elsewhere', { ...good, last: 9 }],
    ['of a log without a name', { ...good, index: '' }],
    ['that would be too many', page([{ a, b }, { a: b }, { a: c }, { a }])],
  ])('in a page %s are refused as a whole', (_, bad) => {
    const { decisions } = opened({ max: 3 });
    expect(() => decisions.apply(other, bad, now)).toThrow(expect.objectContaining({ code: 'protocol' }));
    expect([decisions.position(other), decisions.records(10)]).toEqual([{ index: '', seq: 0 }, []]);
    decisions.apply(other, good, now);
    expect(() => decisions.apply(other, good, now)).toThrow(expect.objectContaining({ code: 'protocol' }));
    expect(decisions.records(10)).toHaveLength(2);
  });

  test('do not come from this peer itself', () => {
    const { decisions } = opened();
    const { index } = decisions.since('', 0, 1);
    expect(() => decisions.apply(self, good, now)).toThrow(expect.objectContaining({ code: 'protocol' }));
    expect(decisions.since('', 0, 1).index).toBe(index);
  });
});

test('a log that was restored from a backup gets a new name when a peer knows more of it', () => {
  const file = path.join(temporaryFolder(), 'decisions.db');
  const first = opened({ file });
  first.decisions.decide([distinct(a, b)], false, now);
  first.database.close();
  const backup = fs.readFileSync(file);
  const second = opened({ file });
  second.decisions.decide([keep(c)], false, now);
  const { index, last } = second.decisions.since('', 0, 10);
  second.database.close();
  fs.writeFileSync(file, backup);

  const restored = opened({ file }).decisions;
  let advanced = 0;
  restored.onAdvanced(() => advanced++);
  const [known] = restored.since(index, 0, 10).records;
  expect(restored.since(index, known?.[0] ?? 0, 10).index).toBe(index);
  const anew = restored.since(index, last, 10);
  expect(anew.index).not.toBe(index);
  expect(anew.records).toHaveLength(1);
  expect(advanced).toBe(1);
});
