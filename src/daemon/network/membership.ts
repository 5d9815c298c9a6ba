import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import * as v from 'valibot';
import { Emitter } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import { AppError, messageOf } from '../../protocol/errors.ts';
import {
  HelloAnswerSchema,
  MembersRequestSchema,
  PingAnswerSchema,
  wireProtocols,
  type Member,
  type Term,
} from '../../protocol/wire.ts';
import {
  elect,
  initialElection,
  termToAnnounce,
  whoMustHear,
  type ElectionEvent,
  type ElectionState,
} from './election.ts';
import type { Memory } from './memory.ts';
import type { NetworkTimings } from './options.ts';
import type { RequestStreams } from './requestStreams.ts';
import { rosterFor } from './roster.ts';
import type { Frame, LivePeer, RequestContext } from './types.ts';

/** Milliseconds for a hello to be answered, and for a peer that connected to say its own. */
const helloTimeout = 5_000;
/** Milliseconds for a ping that was not answered to be given up; whether the peer lives is decided by rounds, not by this. */
const pingTimeout = 30_000;
/** Milliseconds in which news of members are gathered into one message. */
const newsDelay = 100;
/** Milliseconds that goodbyes may take. */
const leaveTimeout = 500;
/** A round that comes this many milliseconds late means that this machine slept or this process was stopped. */
const sleepThreshold = 5_000;

const noBytes = new Uint8Array(0);

interface LiveMember {
  peer: LivePeer;
  /** Rounds since the last sign of life. */
  missed: number;
  pinging: boolean;
}

export interface MembershipOptions {
  node: Libp2p;
  streams: RequestStreams;
  self: Member;
  memory: Memory;
  timings: NetworkTimings;
  logger: Logger;
  /** Members that another peer told of: addresses to dial, nothing more. */
  onRoster: (members: readonly Member[]) => void;
  /** This process or machine did not run for a while. */
  onWake: () => void;
}

/**
 * Who is in the network now: peers are members once they have introduced themselves, until their connections close, they say
 * goodbye, or do not answer pings. Feeds the election with what happens, and tells the others what comes of it.
 */
export class Membership implements AsyncDisposable {
  readonly onUp: Emitter<LivePeer>;
  readonly onDown: Emitter<{ peerId: string; left: boolean }>;
  readonly onCentral: Emitter<Term>;
  readonly #options: MembershipOptions;
  readonly #logger: Logger;
  readonly #tasks: Tasks;
  readonly #live = new Map<string, LiveMember>();
  #election: ElectionState;
  /** What may be told to others: it is on disk. */
  #announced: Term;
  #publishing = false;
  #news: Member[] = [];
  #leaving = false;

  constructor(options: MembershipOptions) {
    const { self, memory, logger, node } = options;
    this.#options = options;
    this.#logger = logger;
    this.#tasks = new Tasks(logger);
    this.onUp = new Emitter(logger);
    this.onDown = new Emitter(logger);
    this.onCentral = new Emitter(logger);
    this.#election = initialElection({ port: self.port, peerId: self.peerId }, memory.term);
    this.#announced = termToAnnounce(this.#election);
    node.addEventListener('peer:disconnect', (event) => this.#lost(event.detail.toString(), 'its connection closed'));
    node.addEventListener('connection:open', (event) => {
      if (event.detail.direction === 'inbound') this.#expectHello(event.detail.remotePeer.toString());
    });
  }

  /** Starts to watch over the members. */
  start(): void {
    this.#tasks.run('pings', (signal) => this.#pingRounds(signal));
  }

  peers(): LivePeer[] {
    return [...this.#live.values()].map(({ peer }) => peer);
  }

  isLive(peerId: string): boolean {
    return this.#live.has(peerId);
  }

  get central(): Term {
    return this.#election.current;
  }

  /** Nobody was found to join: this peer founds a network (or goes on with the one it remembers). */
  foundUnlessJoined(): void {
    this.#apply({ type: 'alone' });
  }

  /** Bytes came from a peer: it lives. */
  heardOf(peerId: string): void {
    const live = this.#live.get(peerId);
    if (live !== undefined) live.missed = 0;
  }

  /**
   * Introduces this peer to one that it dialled; when that resolves, both are members of one network.
   * @throws AppError when the other side refuses, is silent, or says rubbish
   */
  async greet(peerId: string): Promise<void> {
    const header = { op: 'hello', ...this.#introduction(this.peers()) };
    const frame = await this.#options.streams.request(peerId, wireProtocols.members, header, { timeout: helloTimeout });
    const answer = v.safeParse(HelloAnswerSchema, frame.header);
    if (!answer.success) throw new AppError('protocol', `Peer ${peerId} answered a hello with rubbish.`);
    this.#admit(peerId, answer.output);
  }

  /** Answers a request of the members protocol. */
  async handle(request: Frame, context: RequestContext): Promise<Frame> {
    if (this.#leaving) throw new AppError('refused', 'This peer is leaving the network.');
    const checked = v.safeParse(MembersRequestSchema, request.header);
    if (!checked.success) throw new AppError('protocol', 'That is not a request of the members protocol.');
    const { peerId } = context;
    const message = checked.output;
    switch (message.op) {
      case 'hello': {
        // Before admitting: the answer need not tell the newcomer of itself.
        const others = this.peers().filter((peer) => peer.peerId !== peerId);
        this.#admit(peerId, message);
        return reply(this.#introduction(others));
      }
      case 'update':
        this.#mustBeLive(peerId);
        this.#admit(peerId, message);
        return reply({});
      case 'ping':
        this.#mustBeLive(peerId);
        this.#apply({ type: 'announced', peerId, term: message.term });
        return reply({ term: this.#announced });
      case 'leave':
      default:
        this.#lost(peerId, 'it left', true);
        return reply({});
    }
  }

  #mustBeLive(peerId: string): void {
    if (!this.#live.has(peerId)) throw new AppError('refused', 'Say hello first.');
  }

  #introduction(others: readonly Member[]): { self: Member; term: Term; roster: Member[] } {
    return { self: this.#options.self, term: this.#announced, roster: rosterFor(others, Math.random) };
  }

  #admit(peerId: string, said: { self: Member; term: Term; roster: readonly Member[] }): void {
    if (said.self.peerId !== peerId) {
      this.#disconnect(peerId);
      throw new AppError('protocol', `Peer ${peerId} introduced itself as somebody else.`);
    }
    if (!this.#isConnected(peerId)) throw new AppError('daemon-unreachable', `Peer ${peerId} went away again.`);
    const known = this.#live.get(peerId);
    const before = known?.peer;
    const peer: LivePeer = { ...said.self, connectedAt: before?.connectedAt ?? Date.now() };
    if (known === undefined) {
      this.#live.set(peerId, { peer, missed: 0, pinging: false });
      this.#logger.info(`${peer.name} (port ${peer.port}, ${peerId}) is here`);
    } else {
      known.peer = peer;
    }
    this.#apply({ type: 'greeted', rank: { port: peer.port, peerId }, term: said.term });
    if (before === undefined || !sameMember(before, peer)) this.#changed(peer);
    this.#options.onRoster(said.roster);
  }

  #changed(peer: LivePeer): void {
    this.#options.memory.remember(peer, Date.now());
    this.onUp.emit(peer);
    this.#news.push(peer);
    if (this.#news.length > 1) return;
    this.#tasks.run('telling of members', async (signal) => {
      await delay(newsDelay, signal);
      const news = this.#news;
      this.#news = [];
      await Promise.all([this.#save(), ...this.peers().map((to) => this.#tell(to.peerId, news))]);
    });
  }

  async #tell(peerId: string, news: readonly Member[]): Promise<void> {
    const roster = news.filter((member) => member.peerId !== peerId && this.#live.has(member.peerId));
    if (roster.length === 0) return;
    const header = { op: 'update', ...this.#introduction(roster) };
    try {
      await this.#options.streams.request(peerId, wireProtocols.members, header, { timeout: helloTimeout });
    } catch (error) {
      this.#logger.debug(`could not tell ${peerId} of members`, messageOf(error));
    }
  }

  #lost(peerId: string, why: string, left = false): void {
    const live = this.#live.get(peerId);
    if (live === undefined) return;
    this.#live.delete(peerId);
    this.#logger.info(`${live.peer.name} (port ${live.peer.port}, ${peerId}) is gone: ${why}`);
    this.#options.memory.remember(live.peer, Date.now());
    this.#apply({ type: 'gone', peerId });
    this.onDown.emit({ peerId, left });
  }

  #isConnected(peerId: string): boolean {
    return this.#options.node.getConnections(peerIdFromString(peerId)).some(({ status }) => status === 'open');
  }

  /** Closes all connections of a peer, at once. */
  #disconnect(peerId: string): void {
    for (const connection of this.#options.node.getConnections(peerIdFromString(peerId))) {
      connection.abort(new Error('not wanted any more'));
    }
  }

  #expectHello(peerId: string): void {
    if (this.#live.has(peerId)) return;
    this.#tasks.run('waiting for a hello', async (signal) => {
      await delay(helloTimeout, signal);
      if (signal.aborted || this.#live.has(peerId) || !this.#isConnected(peerId)) return;
      this.#logger.warn(`${peerId} connected but did not introduce itself`);
      this.#disconnect(peerId);
    });
  }

  //#region pings

  async #pingRounds(signal: AbortSignal): Promise<void> {
    const { pingInterval } = this.#options.timings;
    while (!signal.aborted) {
      // The wall clock: the other one stands still while a machine sleeps.
      const before = Date.now();
      await delay(pingInterval, signal);
      if (signal.aborted) return;
      if (Math.abs(Date.now() - before - pingInterval) > sleepThreshold) this.#wake();
      for (const peerId of this.#live.keys()) this.#pingRound(peerId);
    }
  }

  #wake(): void {
    this.#logger.info('woke up after a pause');
    this.#options.onWake();
  }

  /** Counts rounds of this loop and not time: while this process is too busy to hear answers, it counts slowly too. */
  #pingRound(peerId: string): void {
    const live = this.#live.get(peerId);
    if (live === undefined) return;
    if (!live.pinging) {
      live.missed = 0;
      this.#ping(peerId);
      return;
    }
    live.missed++;
    if (live.missed < this.#options.timings.pingMisses) return;
    this.#lost(peerId, `it did not answer ${live.missed} pings`);
    this.#disconnect(peerId);
  }

  #ping(peerId: string): void {
    const live = this.#live.get(peerId);
    if (live === undefined) return;
    live.pinging = true;
    this.#tasks.run('ping', async (signal) => {
      try {
        const header = { op: 'ping', term: this.#announced };
        const options = { timeout: pingTimeout, signal };
        const frame = await this.#options.streams.request(peerId, wireProtocols.members, header, options);
        const answer = v.safeParse(PingAnswerSchema, frame.header);
        if (!answer.success) throw new AppError('protocol', `Peer ${peerId} answered a ping with rubbish.`);
        this.#apply({ type: 'announced', peerId, term: answer.output.term });
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.debug(`ping of ${peerId} failed`, messageOf(error));
        // It lives, but gave us up meanwhile: being in the network begins with a hello again.
        if (AppError.is(error, 'refused') && this.#live.get(peerId) === live) await this.#greetAgain(peerId);
      } finally {
        live.pinging = false;
      }
    });
  }

  async #greetAgain(peerId: string): Promise<void> {
    try {
      await this.greet(peerId);
    } catch (error) {
      this.#logger.debug(`greeting ${peerId} again failed`, messageOf(error));
      this.#lost(peerId, 'it does not greet');
      this.#disconnect(peerId);
    }
  }

  //#endregion

  //#region election

  #apply(event: ElectionEvent): void {
    const before = this.#election;
    this.#election = elect(before, event);
    const { current } = this.#election;
    if (current.central !== before.current.central || current.term !== before.current.term) {
      this.#logger.info(`central is ${current.central} on port ${current.port}, term ${current.term}`);
      this.onCentral.emit(current);
    }
    this.#publish();
  }

  /** Writes the term down before anybody hears of it, then tells those who cannot wait for the next ping. */
  #publish(): void {
    if (this.#publishing || sameTerm(termToAnnounce(this.#election), this.#announced)) return;
    this.#publishing = true;
    this.#tasks.run('announcing a term', async () => {
      try {
        while (!sameTerm(termToAnnounce(this.#election), this.#announced)) {
          const term = termToAnnounce(this.#election);
          this.#options.memory.raiseTerm(this.#election.highest);
          await this.#save();
          this.#announced = term;
        }
      } finally {
        this.#publishing = false;
      }
      for (const peerId of whoMustHear(this.#election)) this.#announceTo(peerId);
    });
  }

  #announceTo(peerId: string): void {
    this.#tasks.run('announcing', async (signal) => {
      const header = { op: 'ping', term: this.#announced };
      try {
        await this.#options.streams.request(peerId, wireProtocols.members, header, { timeout: helloTimeout, signal });
      } catch (error) {
        this.#logger.debug(`could not announce to ${peerId}`, messageOf(error));
      }
    });
  }

  /** A disk that takes no more must not leave the network without a central: safety does not rest on terms. */
  async #save(): Promise<void> {
    try {
      await this.#options.memory.save();
    } catch (error) {
      this.#logger.error('what is known of the network could not be written', error);
    }
  }

  //#endregion

  /** Says goodbye to everybody, in a bounded time. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all(
      this.peers().map(async ({ peerId }) => {
        try {
          await this.#options.streams.request(
            peerId,
            wireProtocols.members,
            { op: 'leave' },
            { timeout: leaveTimeout },
          );
        } catch (error) {
          this.#logger.debug(`goodbye to ${peerId} failed`, messageOf(error));
        }
      }),
    );
  }

  /** Stops watching and writes down what is known. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]();
    await this.#save();
  }
}

function reply(header: unknown): Frame {
  return { header, payload: noBytes };
}

function sameTerm(a: Term, b: Term): boolean {
  return a.term === b.term && a.central === b.central;
}

function sameMember(a: Member, b: Member): boolean {
  return (
    a.name === b.name &&
    a.port === b.port &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, index) => address === b.addresses[index])
  );
}
