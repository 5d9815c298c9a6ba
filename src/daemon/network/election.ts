import type { Term } from '../../protocol/wire.ts';

/**
 * Who is central, as a pure function of what this peer has seen: the lowest live rank. Only that peer itself decides the number
 * of the term; the others follow it at once (so that nobody points to a dead peer while the new central has not spoken) and tell
 * it when they know of a higher number. Numbers only grow, at every peer.
 *
 * A peer can lie about its port and so become central. That is allowed for: being central gives no right over anybody's photos.
 */

/** Lower wins. */
export interface Rank {
  port: number;
  peerId: string;
}

interface LivePeerView {
  rank: Rank;
  /** The highest term that the peer announced since it was greeted. */
  announced: Term;
}

export interface ElectionState {
  readonly self: Rank;
  /** Greeted peers by peer id, without this one. */
  readonly live: ReadonlyMap<string, LivePeerView>;
  readonly current: Term;
  /** The highest number ever seen; kept on disk. Never below that of `current`. */
  readonly highest: number;
  /** False while joining: nobody was greeted yet, and no network founded. */
  readonly settled: boolean;
}

export type ElectionEvent =
  /** A peer introduced itself, or changed its rank. */
  | { type: 'greeted'; rank: Rank; term: Term }
  /** A greeted peer told its term. */
  | { type: 'announced'; peerId: string; term: Term }
  | { type: 'gone'; peerId: string }
  /** Nobody answered: found a network. */
  | { type: 'alone' };

/** A term that is further ahead than this is a lie (or a broken peer): it could use up all numbers. */
const maxJump = 2 ** 24;

/** @param remembered the highest number seen in earlier lives */
export function initialElection(self: Rank, remembered: number): ElectionState {
  return {
    self,
    live: new Map(),
    current: { term: remembered, central: self.peerId, port: self.port },
    highest: remembered,
    settled: false,
  };
}

/** Negative when `a` is lower (wins). */
export function compareRanks(a: Rank, b: Rank): number {
  return a.port - b.port || (a.peerId < b.peerId ? -1 : a.peerId > b.peerId ? 1 : 0);
}

/** What a peer says of its term: while it joins, that it knows of none. */
export function termToAnnounce(state: ElectionState): Term {
  return state.settled ? state.current : { ...state.current, term: 0 };
}

/** Who must hear a new term at once; the rest learns it with the next ping. */
export function whoMustHear(state: ElectionState): readonly string[] {
  const { central, term } = state.current;
  if (central === state.self.peerId) return [...state.live.keys()];
  const known = state.live.get(central)?.announced;
  return known !== undefined && (known.central !== central || known.term < term) ? [central] : [];
}

/** The next state. */
export function elect(state: ElectionState, event: ElectionEvent): ElectionState {
  switch (event.type) {
    case 'greeted': {
      const { rank } = event;
      const known = state.live.get(rank.peerId);
      const announced = newer(known?.announced, credible(state, event.term, rank));
      const next = withPeer(state, { rank, announced });
      // Two networks meet when a founder greets: the term of the merged one is higher than both.
      const merging = known === undefined && announced.central === rank.peerId && announced.term > 0;
      return settle(next, merging && state.settled);
    }
    case 'announced': {
      const known = state.live.get(event.peerId);
      if (known === undefined) return state;
      const announced = newer(known.announced, credible(state, event.term, known.rank));
      return announced === known.announced ? state : settle(withPeer(state, { rank: known.rank, announced }), false);
    }
    case 'gone': {
      if (!state.live.has(event.peerId)) return state;
      const live = new Map(state.live);
      live.delete(event.peerId);
      return settle({ ...state, live }, false);
    }
    case 'alone':
    default:
      return state.settled ? state : settle(state, false);
  }
}

function credible(state: ElectionState, term: Term, from: Rank): Term {
  if (term.term <= state.highest + maxJump) return term;
  return { term: 0, central: from.peerId, port: from.port };
}

/** What a peer says arrives in any order: its higher term is its later one. */
function newer(known: Term | undefined, told: Term): Term {
  return known === undefined || told.term > known.term ? told : known;
}

function withPeer(state: ElectionState, peer: LivePeerView): ElectionState {
  return {
    ...state,
    live: new Map(state.live).set(peer.rank.peerId, peer),
    highest: Math.max(state.highest, peer.announced.term),
  };
}

function settle(state: ElectionState, merging: boolean): ElectionState {
  const lowest = lowestRank(state);
  const current = lowest.peerId === state.self.peerId ? asCentral(state, merging) : asFollower(state, lowest);
  return { ...state, current, highest: Math.max(state.highest, current.term), settled: true };
}

function lowestRank(state: ElectionState): Rank {
  let lowest = state.self;
  for (const { rank } of state.live.values()) if (compareRanks(rank, lowest) < 0) lowest = rank;
  return lowest;
}

function asCentral(state: ElectionState, merging: boolean): Term {
  const { self, current, highest } = state;
  let agreed = current.term;
  let rival = -1;
  for (const { announced } of state.live.values()) {
    if (announced.central === self.peerId) agreed = Math.max(agreed, announced.term);
    else rival = Math.max(rival, announced.term);
  }
  // Others may see the old central die before we do: the number that they foresaw for us is as good as any higher one.
  const foreseen = state.settled && agreed > current.term && agreed > rival && !merging;
  const takesOver = !state.settled || current.central !== self.peerId || merging || rival >= current.term;
  const term = takesOver && !foreseen ? highest + 1 : agreed;
  return { term, central: self.peerId, port: self.port };
}

function asFollower(state: ElectionState, lowest: Rank): Term {
  const { current } = state;
  const following = current.central === lowest.peerId;
  let told = following ? current.term : -1;
  for (const { announced } of state.live.values()) {
    if (announced.central === lowest.peerId) told = Math.max(told, announced.term);
  }
  const term = following || told > current.term ? told : current.term + 1;
  return { term, central: lowest.peerId, port: lowest.port };
}
