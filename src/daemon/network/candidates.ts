import { wireLimits } from '../../protocol/wire.ts';
import { parseAddress } from './address.ts';

/** Why we know of an address, most trusted first: that is also the order of dialling. */
export const candidateSources = ['remembered', 'local', 'anchor', 'roster'] as const;
export type CandidateSource = (typeof candidateSources)[number];

/** Somebody who may be a member: addresses to dial, and when. */
export interface Candidate {
  /** Peer id, or the address where no peer id is known. */
  readonly key: string;
  readonly source: CandidateSource;
  /** Undefined for an address that anybody may answer. */
  readonly peerId: string | undefined;
  /** Multiaddrs without peer id. */
  readonly addresses: readonly string[];
  /** Who answered there last. */
  readonly answeredBy: string | undefined;
  readonly failures: number;
  /** Milliseconds of the caller's clock. */
  readonly nextAttempt: number;
}

/** Candidates that other peers told of, at most: a lying one must not make us dial the world. */
const maxFromRosters = 256;
const maxCandidates = 1024;
/** Attempts on an address that only a roster told of. */
const maxRosterFailures = 5;
const firstBackoff = 500;

export interface Backoff {
  /**
   * Longest pause between two attempts, in milliseconds.
   * @param vacant nobody listened there at the last attempt: a look costs next to nothing, and bothers no stranger
   */
  longest(source: CandidateSource, vacant: boolean): number;
  /** Random number from 0 to 1. */
  random(): number;
}

/** Whom to dial next: a table with back-off and jitter. Its clock and its chance are the caller's. */
export class Candidates {
  readonly #byKey = new Map<string, Candidate>();
  readonly #backoff: Backoff;

  constructor(backoff: Backoff) {
    this.#backoff = backoff;
  }

  /**
   * Adds or refreshes a candidate. Addresses that cannot be dialled, or name another peer, are left out.
   * @param wait milliseconds until the first attempt on a new one
   */
  add(source: CandidateSource, peerId: string | undefined, addresses: readonly string[], now: number, wait = 0): void {
    const bases = new Set<string>();
    let pinned = peerId;
    for (const text of addresses.slice(0, wireLimits.addresses)) {
      const parsed = parseAddress(text);
      if (parsed === undefined) continue;
      if (parsed.peerId !== undefined && pinned !== undefined && parsed.peerId !== pinned) continue;
      pinned ??= parsed.peerId;
      bases.add(parsed.base);
    }
    const [first] = bases;
    if (first === undefined) return;
    const key = pinned ?? first;
    const known = this.#byKey.get(key);
    if (known === undefined && !this.#hasRoomFor(source)) return;
    const trusted = known === undefined || candidateSources.indexOf(source) <= candidateSources.indexOf(known.source);
    const moved = known === undefined || [...bases].some((base) => !known.addresses.includes(base));
    this.#byKey.set(key, {
      key,
      source: trusted ? source : known.source,
      peerId: pinned,
      // What a roster says is added to what is known better, not put in its place.
      addresses: trusted || known === undefined ? [...bases] : merge(known.addresses, bases),
      answeredBy: known?.answeredBy,
      failures: moved ? 0 : known.failures,
      nextAttempt: moved ? now + wait : known.nextAttempt,
    });
  }

  #hasRoomFor(source: CandidateSource): boolean {
    if (this.#byKey.size >= maxCandidates) return false;
    if (source !== 'roster') return true;
    let fromRosters = 0;
    for (const candidate of this.#byKey.values()) if (candidate.source === 'roster') fromRosters++;
    return fromRosters < maxFromRosters;
  }

  /** Candidates whose time has come, best first, without those that `skip` says need no dial now. */
  due(now: number, skip: (candidate: Candidate) => boolean): Candidate[] {
    return [...this.#byKey.values()]
      .filter((candidate) => candidate.nextAttempt <= now && !skip(candidate))
      .sort(
        (a, b) => candidateSources.indexOf(a.source) - candidateSources.indexOf(b.source) || a.failures - b.failures,
      );
  }

  /** When the next of them is due, undefined when there is none. */
  nextDue(skip: (candidate: Candidate) => boolean): number | undefined {
    let next: number | undefined;
    for (const candidate of this.#byKey.values()) {
      if (!skip(candidate) && (next === undefined || candidate.nextAttempt < next)) next = candidate.nextAttempt;
    }
    return next;
  }

  /** A dial of it led to `peerId`. Trying again waits, in case the connection comes to nothing. */
  answered(key: string, peerId: string, now: number): void {
    const known = this.#byKey.get(key);
    if (known !== undefined) this.#byKey.set(key, { ...this.#postponed(known, now, false), answeredBy: peerId });
  }

  /** @param vacant nobody listens there */
  failed(key: string, now: number, vacant: boolean): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    if (known.source === 'roster' && known.failures + 1 >= maxRosterFailures) this.#byKey.delete(key);
    else this.#byKey.set(key, this.#postponed(known, now, vacant));
  }

  #postponed(candidate: Candidate, now: number, vacant: boolean): Candidate {
    const longest = this.#backoff.longest(candidate.source, vacant);
    const pause = Math.min(longest, firstBackoff * 2 ** Math.min(candidate.failures, 16));
    const jittered = pause * (0.5 + this.#backoff.random() / 2);
    return { ...candidate, failures: candidate.failures + 1, nextAttempt: now + jittered };
  }

  /** Somebody was greeted as a member: whatever led there works. */
  welcomed(peerId: string): void {
    for (const candidate of this.#byKey.values()) {
      if (candidate.peerId === peerId || candidate.answeredBy === peerId) {
        this.#byKey.set(candidate.key, { ...candidate, failures: 0 });
      }
    }
  }

  /** A member is gone: it is tried again after `wait` milliseconds, and addresses that anybody may answer at once. */
  lost(peerId: string, now: number, wait: number): void {
    for (const candidate of this.#byKey.values()) {
      if (candidate.peerId === peerId) {
        this.#byKey.set(candidate.key, { ...candidate, failures: 0, nextAttempt: now + wait });
      } else if (candidate.answeredBy === peerId) {
        this.#byKey.set(candidate.key, { ...candidate, answeredBy: undefined, failures: 0, nextAttempt: now });
      }
    }
  }

  /** The world may have changed while this machine slept: everybody is worth a try now. */
  hurry(now: number): void {
    for (const candidate of this.#byKey.values()) {
      this.#byKey.set(candidate.key, { ...candidate, failures: 0, nextAttempt: Math.min(candidate.nextAttempt, now) });
    }
  }
}

function merge(known: readonly string[], told: ReadonlySet<string>): string[] {
  return [...new Set([...known, ...told])].slice(0, wireLimits.addresses);
}
