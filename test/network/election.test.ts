import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareRanks,
  elect,
  initialElection,
  termToAnnounce,
  whoMustHear,
  type ElectionEvent,
  type ElectionState,
  type Rank,
} from '../../src/daemon/network/election.ts';
import type { Term } from '../../src/protocol/wire.ts';

const rank = (port: number, peerId = `peer${port}`): Rank => ({ port, peerId });
const term = (number: number, central: Rank): Term => ({ term: number, central: central.peerId, port: central.port });
const run = (state: ElectionState, ...events: ElectionEvent[]): ElectionState => events.reduce(elect, state);

const a = rank(5000);
const b = rank(5001);
const c = rank(5002);

describe('one peer', () => {
  it('knows of no term while it joins, and founds a network with the next one when nobody is there', () => {
    const joining = initialElection(b, 7);
    expect(termToAnnounce(joining).term).toBe(0);
    const founded = run(joining, { type: 'alone' });
    expect(founded.current).toEqual(term(8, b));
    expect(termToAnnounce(founded)).toEqual(term(8, b));
    expect(run(founded, { type: 'alone' })).toBe(founded);
  });

  it('follows the central that it finds, in the same term', () => {
    const joined = run(initialElection(b, 0), { type: 'greeted', rank: a, term: term(3, a) });
    expect(joined.current).toEqual(term(3, a));
  });

  it('takes over from a higher rank by the next term, and tells everybody', () => {
    const joined = run(initialElection(a, 0), { type: 'greeted', rank: b, term: term(3, b) });
    expect(joined.current).toEqual(term(4, a));
    expect(whoMustHear(joined)).toEqual([b.peerId]);
  });

  it('succeeds a central that is gone when it is the next', () => {
    const before = run(
      initialElection(b, 0),
      { type: 'greeted', rank: a, term: term(3, a) },
      { type: 'greeted', rank: c, term: term(3, a) },
    );
    const after = run(before, { type: 'gone', peerId: a.peerId });
    expect(after.current).toEqual(term(4, b));
    expect(whoMustHear(after)).toEqual([c.peerId]);
  });

  it('points to the successor at once, before that one has spoken', () => {
    const before = run(
      initialElection(c, 0),
      { type: 'greeted', rank: a, term: term(3, a) },
      { type: 'greeted', rank: b, term: term(3, a) },
    );
    const after = run(before, { type: 'gone', peerId: a.peerId });
    expect(after.current).toEqual(term(4, b));
    expect(whoMustHear(after)).toEqual([b.peerId]);
    const told = run(after, { type: 'announced', peerId: b.peerId, term: term(6, b) });
    expect(told.current).toEqual(term(6, b));
  });

  it('takes the number that others foresaw for it when they saw the death first', () => {
    const before = run(
      initialElection(b, 0),
      { type: 'greeted', rank: a, term: term(3, a) },
      { type: 'greeted', rank: c, term: term(3, a) },
    );
    const foreseen = run(before, { type: 'announced', peerId: c.peerId, term: term(4, b) });
    expect(foreseen.current).toEqual(term(3, a));
    expect(run(foreseen, { type: 'gone', peerId: a.peerId }).current).toEqual(term(4, b));
  });

  it('goes beyond the number that others foresaw when a rival has it too', () => {
    const before = run(
      initialElection(b, 0),
      { type: 'greeted', rank: a, term: term(3, a) },
      { type: 'greeted', rank: c, term: term(4, b) },
      { type: 'greeted', rank: rank(5003), term: term(4, c) },
    );
    expect(run(before, { type: 'gone', peerId: a.peerId }).current).toEqual(term(5, b));
  });

  it('refuses a stale term of the central it follows', () => {
    const state = run(initialElection(b, 0), { type: 'greeted', rank: a, term: term(5, a) });
    expect(run(state, { type: 'announced', peerId: a.peerId, term: term(4, a) })).toBe(state);
  });

  it('raises its term above a rival that reached the same one', () => {
    const founded = run(initialElection(a, 7), { type: 'alone' });
    expect(founded.current.term).toBe(8);
    const met = run(founded, { type: 'greeted', rank: c, term: term(8, b) });
    expect(met.current).toEqual(term(9, a));
  });

  it('makes the term higher than both when two networks meet, whichever was ahead', () => {
    const ahead = run(initialElection(a, 8), { type: 'alone' }, { type: 'greeted', rank: b, term: term(4, b) });
    expect(ahead.current).toEqual(term(10, a));
    const behind = run(initialElection(a, 1), { type: 'alone' }, { type: 'greeted', rank: b, term: term(4, b) });
    expect(behind.current).toEqual(term(5, a));
  });

  it('does not let a liar use up the numbers', () => {
    const founded = run(initialElection(a, 0), { type: 'alone' });
    const lied = run(founded, { type: 'greeted', rank: b, term: term(Number.MAX_SAFE_INTEGER, b) });
    expect(lied.current).toEqual(term(1, a));
    expect(lied.highest).toBe(1);
  });

  it('decides between equal ports by peer id', () => {
    expect(compareRanks(rank(5000, 'x'), rank(5000, 'y'))).toBeLessThan(0);
    const state = run(initialElection(rank(5000, 'y'), 0), {
      type: 'greeted',
      rank: rank(5000, 'x'),
      term: term(1, rank(5000, 'x')),
    });
    expect(state.current.central).toBe('x');
  });
});

//#region any order of events at any number of peers

interface Message {
  from: number;
  to: number;
  /** Which connection it travels on: those of a broken one are lost. */
  connection: number;
  event: ElectionEvent;
}

/** Peers with connections that break on one side first, and messages that overtake each other. */
class World {
  readonly #ranks: readonly Rank[];
  readonly #states: Array<ElectionState | undefined>;
  readonly #disk: number[];
  /** For each pair (low, high) the connection, and which ends still believe in it. */
  readonly #connections = new Map<string, { id: number; believing: Set<number>; broken: boolean }>();
  #messages: Message[] = [];
  #nextConnection = 0;

  constructor(ranks: readonly Rank[]) {
    this.#ranks = ranks;
    this.#states = ranks.map((self) => initialElection(self, 0));
    this.#disk = ranks.map(() => 0);
  }

  #apply(node: number, event: ElectionEvent): void {
    const before = this.#states[node];
    if (before === undefined) return;
    const after = elect(before, event);
    this.#states[node] = after;
    this.#check(before, after);
    this.#disk[node] = Math.max(this.#disk[node] ?? 0, after.highest);
    if (after.current.term === before.current.term && after.current.central === before.current.central) return;
    for (const peerId of whoMustHear(after)) {
      this.#announce(
        node,
        this.#ranks.findIndex((other) => other.peerId === peerId),
      );
    }
  }

  #check(before: ElectionState, after: ElectionState): void {
    expect(after.current.term).toBeGreaterThanOrEqual(before.current.term);
    expect(after.highest).toBeGreaterThanOrEqual(after.current.term);
    if (before.settled && after.current.central !== before.current.central) {
      expect(after.current.term).toBeGreaterThan(before.current.term);
    }
    const { central } = after.current;
    expect(central === after.self.peerId || after.live.has(central)).toBe(true);
  }

  #key(i: number, j: number): string {
    return i < j ? `${i} ${j}` : `${j} ${i}`;
  }

  #announce(from: number, to: number): void {
    const state = this.#states[from];
    const connection = this.#connections.get(this.#key(from, to));
    if (state === undefined || connection === undefined || connection.broken) return;
    const event: ElectionEvent = { type: 'announced', peerId: state.self.peerId, term: termToAnnounce(state) };
    this.#messages.push({ from, to, connection: connection.id, event });
  }

  connect(i: number, j: number): void {
    const one = this.#states[i];
    const other = this.#states[j];
    if (i === j || one === undefined || other === undefined) return;
    const known = this.#connections.get(this.#key(i, j));
    if (known !== undefined) {
      if (!known.broken) return;
      this.notice(i, j);
    }
    const id = this.#nextConnection++;
    this.#connections.set(this.#key(i, j), { id, believing: new Set([i, j]), broken: false });
    for (const [from, to, state] of [
      [i, j, one],
      [j, i, other],
    ] as const) {
      const event: ElectionEvent = { type: 'greeted', rank: state.self, term: termToAnnounce(state) };
      this.#messages.push({ from, to, connection: id, event });
    }
  }

  /** A connection breaks; each end notices later. */
  cut(i: number, j: number): void {
    const connection = this.#connections.get(this.#key(i, j));
    if (connection === undefined) return;
    connection.broken = true;
    this.#messages = this.#messages.filter((message) => message.connection !== connection.id);
  }

  /** Both ends of a broken connection notice. */
  notice(i: number, j: number): void {
    const connection = this.#connections.get(this.#key(i, j));
    if (connection === undefined || !connection.broken) return;
    this.#connections.delete(this.#key(i, j));
    for (const node of connection.believing) this.#noticeAt(node, node === i ? j : i);
  }

  /** One end of a broken connection notices. */
  noticeOneSide(i: number, j: number): void {
    const connection = this.#connections.get(this.#key(i, j));
    if (connection === undefined || !connection.broken || !connection.believing.delete(i)) return;
    this.#noticeAt(i, j);
  }

  #noticeAt(node: number, gone: number): void {
    const peer = this.#ranks[gone];
    if (peer !== undefined) this.#apply(node, { type: 'gone', peerId: peer.peerId });
  }

  kill(i: number): void {
    this.#states[i] = undefined;
    for (let j = 0; j < this.#ranks.length; j++) if (j !== i) this.cut(i, j);
  }

  restart(i: number): void {
    const self = this.#ranks[i];
    if (this.#states[i] !== undefined || self === undefined) return;
    for (let j = 0; j < this.#ranks.length; j++) if (j !== i) this.notice(i, j);
    this.#states[i] = initialElection(self, this.#disk[i] ?? 0);
  }

  alone(i: number): void {
    this.#apply(i, { type: 'alone' });
  }

  ping(i: number): void {
    for (let j = 0; j < this.#ranks.length; j++) if (j !== i) this.#announce(i, j);
  }

  /** Delivers one message: which one is chance. */
  deliver(choice: number): void {
    const [message] = this.#messages.splice(choice % Math.max(1, this.#messages.length), 1);
    if (message !== undefined) this.#apply(message.to, message.event);
  }

  #deliverAll(): void {
    for (let count = 0; this.#messages.length > 0; count++) {
      if (count > 100_000) throw new Error('the talk never ends');
      this.deliver(0);
    }
  }

  /** Nothing breaks any more: everybody who lives connects to everybody, and pings go round. */
  quiesce(): Array<{ self: Rank; current: Term }> {
    const nodes = this.#ranks.map((_, index) => index);
    for (const i of nodes) for (const j of nodes) if (i < j) this.notice(i, j);
    for (const i of nodes) for (const j of nodes) if (i < j) this.connect(i, j);
    for (let round = 0; round < 5; round++) {
      this.#deliverAll();
      for (const i of nodes) this.ping(i);
    }
    this.#deliverAll();
    for (const i of nodes) this.alone(i);
    return this.#states.flatMap((state) => (state === undefined ? [] : [{ self: state.self, current: state.current }]));
  }
}

const node = fc.nat({ max: 5 });
const step = fc.oneof(
  fc.tuple(fc.constant('connect' as const), node, node),
  fc.tuple(fc.constant('cut' as const), node, node),
  fc.tuple(fc.constant('notice' as const), node, node),
  fc.tuple(fc.constant('noticeOneSide' as const), node, node),
  fc.tuple(fc.constant('kill' as const), node, node),
  fc.tuple(fc.constant('restart' as const), node, node),
  fc.tuple(fc.constant('alone' as const), node, node),
  fc.tuple(fc.constant('ping' as const), node, node),
  fc.tuple(fc.constant('deliver' as const), fc.nat({ max: 1000 }), node),
  fc.tuple(fc.constant('deliver' as const), fc.nat({ max: 1000 }), node),
  fc.tuple(fc.constant('deliver' as const), fc.nat({ max: 1000 }), node),
);

describe('six peers, whatever happens', () => {
  it('agree on the lowest live rank and one term once it is quiet; terms never went back', () => {
    const ports = fc.array(fc.integer({ min: 5000, max: 5003 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(ports, fc.array(step, { maxLength: 150 }), (ports, steps) => {
        const world = new World(ports.map((port, index) => rank(port, `peer${index}`)));
        for (const [what, i, j] of steps) world[what](i, j);
        const quiet = world.quiesce();
        const [first] = quiet;
        if (first === undefined) return;
        const lowest = quiet
          .map(({ self }) => self)
          .reduce((one, other) => (compareRanks(one, other) <= 0 ? one : other));
        for (const { current } of quiet) expect(current).toEqual({ ...term(first.current.term, lowest) });
        // It is over: more pings change nothing.
        expect(world.quiesce()).toEqual(quiet);
      }),
      { numRuns: 300 },
    );
  });
});

//#endregion
