import type { Libp2p } from '@libp2p/interface';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import { messageOf, systemCodeOf } from '../../protocol/errors.ts';
import type { Member } from '../../protocol/wire.ts';
import { toMultiaddr } from './address.ts';
import { Candidates, type Candidate, type CandidateSource } from './candidates.ts';
import { findLocalDaemons } from './localDaemons.ts';

/** Dials under way at once. */
const parallelDials = 8;
/** With company, looking for more is less urgent than alone, by this factor. */
const contentment = 5;
/** Milliseconds until somebody who said goodbye, or whose connection broke, is dialled again. */
const afterLeave = 5_000;
const afterLoss = 500;
/**
 * Milliseconds by which the peer with the higher id is later to dial one that both were told of: so that they do not both do it.
 * The rest of the wait is chance, so that many do not dial one at once.
 */
const politeness = 250;
const spread = 100;
/** Longest pause in milliseconds between two attempts. */
const longestPause: Record<CandidateSource, number> = {
  remembered: 10_000,
  local: 5_000,
  anchor: 15_000,
  roster: 10_000,
};
/** The same for an anchor where nobody listens: whoever starts there next must not stay alone for long. */
const vacantAnchorPause = 1_500;
/** Milliseconds that the loop sleeps at least: candidates that become due together are dialled together. */
const shortestSleep = 20;

export interface DiscoveryOptions {
  node: Libp2p;
  self: Member;
  networkName: string;
  home: string;
  /** Multiaddrs that anybody of the network may answer. */
  anchors: readonly string[];
  /** Members of earlier runs. */
  remembered: readonly Member[];
  /** Milliseconds between two looks for others, while alone. */
  interval: number;
  logger: Logger;
  isLive: (peerId: string) => boolean;
  isAlone: () => boolean;
  /** Makes a dialled peer a member, or throws. */
  greet: (peerId: string) => Promise<void>;
}

/**
 * Looks for the other members for as long as it runs, also when some were found: a daemon that starts on the anchor's port, the
 * other half of a split network, and a friend who comes back are all found by dialling again.
 */
export class Discovery implements AsyncDisposable {
  readonly #options: DiscoveryOptions;
  readonly #tasks: Tasks;
  readonly #candidates = new Candidates({
    longest: (source, vacant) => (source === 'anchor' && vacant ? vacantAnchorPause : longestPause[source]),
    random: Math.random,
  });
  readonly #dialling = new Set<string>();
  #interrupt = new AbortController();
  #nextLook = 0;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#tasks = new Tasks(options.logger);
    const now = Date.now();
    for (const member of options.remembered) this.#candidates.add('remembered', member.peerId, member.addresses, now);
    for (const anchor of options.anchors) this.#candidates.add('anchor', undefined, [anchor], now);
  }

  /** Begins; the promise resolves when everybody who was known at the start has been tried. */
  async start(): Promise<void> {
    await this.#look();
    const first = this.#candidates.due(Date.now(), this.#needsNoDial);
    const tried = first.map((candidate) => new Promise<void>((resolve) => this.#startDial(candidate, resolve)));
    this.#tasks.run('discovery', (signal) => this.#rounds(signal));
    await Promise.all(tried);
  }

  /** Another member told of these. */
  told(members: readonly Member[]): void {
    const { self, isLive } = this.#options;
    const now = Date.now();
    for (const { peerId, addresses } of members) {
      if (peerId === self.peerId || isLive(peerId)) continue;
      const wait = Math.random() * spread + (self.peerId > peerId ? politeness : 0);
      this.#candidates.add('roster', peerId, addresses, now, wait);
    }
    this.#stir();
  }

  /** Somebody is a member now: worth knowing where, for when they are gone. */
  welcomed(member: Member): void {
    this.#candidates.add('remembered', member.peerId, member.addresses, Date.now());
    this.#candidates.welcomed(member.peerId);
  }

  lost(peerId: string, left: boolean): void {
    this.#candidates.lost(peerId, Date.now(), (left ? afterLeave : afterLoss) * (0.75 + Math.random() / 2));
    this.#stir();
  }

  /** Tries everybody again, now. */
  hurry(): void {
    this.#candidates.hurry(Date.now());
    this.#nextLook = 0;
    this.#stir();
  }

  #stir(): void {
    this.#interrupt.abort();
  }

  async #rounds(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (Date.now() >= this.#nextLook) await this.#look();
      this.#dialDue();
      this.#interrupt = new AbortController();
      const due = this.#candidates.nextDue(this.#needsNoDial) ?? Number.POSITIVE_INFINITY;
      // When all dials are taken, the end of one interrupts.
      const next = this.#dialling.size >= parallelDials ? this.#nextLook : Math.min(due, this.#nextLook);
      await delay(Math.max(shortestSleep, next - Date.now()), AbortSignal.any([signal, this.#interrupt.signal]));
    }
  }

  /** This user's other daemons, as their files say. */
  async #look(): Promise<void> {
    const { home, networkName, self, interval, isAlone, logger } = this.#options;
    this.#nextLook = Date.now() + interval * (isAlone() ? 1 : contentment) * (0.75 + Math.random() / 2);
    try {
      for (const daemon of await findLocalDaemons(home)) {
        if (daemon.network !== networkName || daemon.peerId === self.peerId) continue;
        this.#candidates.add('local', daemon.peerId, daemon.addresses, Date.now());
      }
    } catch (error) {
      logger.warn('the other daemons of this user could not be listed', error);
    }
  }

  readonly #needsNoDial = (candidate: Candidate): boolean => {
    const { self, isLive } = this.#options;
    const settled = (peerId: string | undefined): boolean =>
      peerId !== undefined && (peerId === self.peerId || isLive(peerId));
    return (
      this.#dialling.has(candidate.key) ||
      settled(candidate.peerId) ||
      settled(candidate.answeredBy) ||
      candidate.addresses.every((base) => this.#isOwn(base))
    );
  };

  #isOwn(base: string): boolean {
    const { self } = this.#options;
    return self.addresses.some((address) => address === `${base}/p2p/${self.peerId}`);
  }

  /** As many as may be under way at once. */
  #dialDue(): void {
    const free = Math.max(0, parallelDials - this.#dialling.size);
    for (const candidate of this.#candidates.due(Date.now(), this.#needsNoDial).slice(0, free)) {
      this.#startDial(candidate);
    }
  }

  /** @param done called when the dial has ended, one way or the other */
  #startDial(candidate: Candidate, done?: () => void): void {
    this.#dialling.add(candidate.key);
    this.#tasks.run('dialling', async (signal) => {
      try {
        await this.#dial(candidate, signal);
      } catch (error) {
        this.#options.logger.debug(`${candidate.addresses.join(' ')} did not work`, messageOf(error));
        this.#candidates.failed(candidate.key, Date.now(), systemCodeOf(error) === 'ECONNREFUSED');
      } finally {
        this.#dialling.delete(candidate.key);
        this.#stir();
        done?.();
      }
    });
  }

  async #dial(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { node, isLive, greet } = this.#options;
    const addresses = candidate.addresses
      .filter((base) => !this.#isOwn(base))
      .map((base) => toMultiaddr(base, candidate.peerId));
    const connection = await node.dial(addresses, { signal });
    const peerId = connection.remotePeer.toString();
    this.#candidates.answered(candidate.key, peerId, Date.now());
    if (isLive(peerId)) {
      // An address without a peer id led to a member we have: one connection to it is enough.
      if (node.getConnections(connection.remotePeer).length > 1 && candidate.peerId === undefined)
        await connection.close();
      return;
    }
    // A dial that succeeds is no admission: the other side may have closed already.
    try {
      await greet(peerId);
    } catch (error) {
      if (!isLive(peerId)) connection.abort(new Error('no member', { cause: error }));
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stir();
    await this.#tasks[Symbol.asyncDispose]();
  }
}
