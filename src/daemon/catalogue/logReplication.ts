import { setImmediate as nextTurn } from 'node:timers/promises';
import * as v from 'valibot';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { LogRequest, WireProtocol } from '../../protocol/wire.ts';
import { LogAnswerSchema, LogRequestSchema } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import type { Frame, LivePeer, Network, RequestContext } from '../network/types.ts';
import type { LogPage, LogRecord, OwnLogPage } from './logPage.ts';
import { checkLogPage } from './logPage.ts';

/** Milliseconds. */
export interface ReplicationTimes {
  /** How long a peer may hold back its answer when it has nothing new. */
  wait: number;
  /** What an answer may take beyond that. */
  timeout: number;
  /** Pause after the first failure with a peer; doubled by each further one in a row. */
  firstPause: number;
  longestPause: number;
}

const defaultTimes: ReplicationTimes = { wait: 30_000, timeout: 20_000, firstPause: 1_000, longestPause: 60_000 };

/** Least pause after an answer without records: a peer that should have waited and did not must not keep this one busy. */
const idlePause = 100;
/** Records checked at a time, and records written at a time: other work of the daemon waits for some milliseconds only. */
const checkedAtOnce = 200;
const writtenAtOnce = 50;

/** What {@link LogReplication} keeps equal: this peer's own log, and what is known of everybody else's. */
export interface ReplicatedLog<R extends LogRecord> {
  readonly protocol: WireProtocol;
  /** What the records are of, in the words for people: "holdings". */
  readonly name: string;
  /** Records of the own log after `after`, as many as a page may have; when `index` is not this log's, from the start. */
  since(index: string, after: number): OwnLogPage<R>;
  /** The own log has new records, or is a new log. */
  onAdvanced(listener: () => void): Unsubscribe;
  /** The payload of an answer. As many records as a page may have fit into a frame, however long they are. */
  encode(records: readonly R[]): Uint8Array;
  /** The elements of a payload, each still to be checked. @throws AppError `protocol` */
  decode(payload: Uint8Array): readonly unknown[];
  /** Checks one element. @throws AppError `protocol` */
  parse(element: unknown): R;
  /** Up to where the log of a peer is known: `index` is empty and `seq` 0 when nothing is. */
  position(peerId: string): { index: string; seq: number };
  /** Takes over checked records of a peer's log, all of them or none. @throws AppError `protocol` when they are too many */
  apply(peerId: string, page: LogPage<R>): void;
  /** The log of a peer began anew: forgets up to `limit` of what the former one stated. Returns whether there is more. */
  forget(peerId: string, limit: number): boolean;
}

/**
 * Keeps logs of all connected peers equal: answers those who ask for this peer's log, and asks every live peer for what is new
 * in theirs. A request is held back until there is something to say, so that changes arrive at once and an idle network is
 * quiet; being asked again and again is the anti-entropy.
 */
export class LogReplication<R extends LogRecord> {
  readonly #log: ReplicatedLog<R>;
  readonly #network: Network;
  readonly #logger: Logger;
  readonly #times: ReplicationTimes;
  readonly #tasks: Tasks;
  readonly #followed = new Map<string, { peer: LivePeer; controller: AbortController }>();
  readonly #subscriptions: Unsubscribe[];
  /** Requests that wait for news. */
  readonly #waiting = new Set<() => void>();
  /** Pages of the own log as they were sent, until it advances: peers that come together ask for the same ones. */
  readonly #pages = new Map<string, Frame>();

  constructor(log: ReplicatedLog<R>, network: Network, logger: Logger, times: Partial<ReplicationTimes> = {}) {
    this.#log = log;
    this.#network = network;
    this.#logger = logger;
    this.#times = { ...defaultTimes, ...times };
    this.#tasks = new Tasks(logger);
    network.handle(log.protocol, (request, context) => this.#answer(request, context));
    this.#subscriptions = [
      log.onAdvanced(() => this.#advanced()),
      network.onPeerUp((peer) => this.#up(peer)),
      network.onPeerDown((peerId) => this.#down(peerId)),
    ];
    for (const peer of network.peers()) this.#up(peer);
  }

  /** Stops asking and answering; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    for (const peerId of this.#followed.keys()) this.#down(peerId);
    this.#wake();
    await this.#tasks[Symbol.asyncDispose]();
  }

  //#region answering

  #advanced(): void {
    this.#pages.clear();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  async #answer({ header }: Frame, { signal }: RequestContext): Promise<Frame> {
    const request = v.safeParse(LogRequestSchema, header);
    if (!request.success) throw new AppError('protocol', `That is not a request for ${this.#log.name}.`);
    const { index, after, wait } = request.output;
    this.#throwIfStopped();
    const page = this.#page(index, after);
    if (page.news || wait === 0) return page.frame;
    await this.#news(wait, AbortSignal.any([signal, this.#tasks.signal]));
    this.#throwIfStopped();
    return this.#page(index, after).frame;
  }

  #throwIfStopped(): void {
    if (this.#tasks.signal.aborted) throw new AppError('cancelled', 'This peer is leaving the network.');
  }

  /** Resolves when the own log advances, after `wait` ms, or when `signal` is aborted. */
  async #news(wait: number, signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    const wake = (): void => controller.abort();
    this.#waiting.add(wake);
    try {
      await delay(wait, AbortSignal.any([signal, controller.signal]));
    } finally {
      this.#waiting.delete(wake);
    }
  }

  #page(index: string, after: number): { frame: Frame; news: boolean } {
    const key = `${index} ${after}`;
    const kept = this.#pages.get(key);
    if (kept !== undefined) return { frame: kept, news: true };
    const { records, ...header } = this.#log.since(index, after);
    const frame = { header, payload: this.#log.encode(records) };
    const news = records.length > 0 || header.index !== index;
    if (news && this.#pages.size < maxKeptPages) this.#pages.set(key, frame);
    return { frame, news };
  }

  //#endregion
  //#region asking

  #up(peer: LivePeer): void {
    const followed = this.#followed.get(peer.peerId);
    if (followed !== undefined) {
      followed.peer = peer;
      return;
    }
    const controller = new AbortController();
    this.#followed.set(peer.peerId, { peer, controller });
    this.#tasks.run(`following the ${this.#log.name} of ${peer.name}`, (stopped) =>
      this.#follow(peer, AbortSignal.any([controller.signal, stopped])),
    );
  }

  #down(peerId: string): void {
    const followed = this.#followed.get(peerId);
    if (followed === undefined) return;
    this.#followed.delete(peerId);
    followed.controller.abort();
  }

  async #follow(peer: LivePeer, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const records = await this.#ask(peer.peerId, signal);
        failures = 0;
        if (records === 0) await delay(idlePause, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        const pause = this.#pauseAfter(failures);
        this.#logger.warn(
          `the ${this.#log.name} of ${peer.name} (${peer.peerId}) could not be taken over, next try in ${Math.round(pause)} ms: ${messageOf(error)}`,
        );
        await delay(pause, signal);
      }
    }
  }

  /** Doubled by each failure, and a random part of it, so that peers that failed together do not return together. */
  #pauseAfter(failures: number): number {
    const longest = Math.min(this.#times.firstPause * 2 ** (failures - 1), this.#times.longestPause);
    return longest * (0.5 + Math.random() / 2);
  }

  /** Asks once for what comes after the known position and takes it over. Returns how many records came. */
  async #ask(peerId: string, signal: AbortSignal): Promise<number> {
    const { index, seq } = this.#log.position(peerId);
    const { wait, timeout } = this.#times;
    const request: LogRequest = { index, after: seq, wait };
    const frame = await this.#network.request(peerId, this.#log.protocol, request, { signal, timeout: wait + timeout });
    const answer = v.safeParse(LogAnswerSchema, frame.header);
    if (!answer.success) throw new AppError('protocol', `The answer is not one for ${this.#log.name}.`);
    const isOtherLog = answer.output.index !== index;
    const records = await this.#checked(frame.payload, signal);
    const page = { index: answer.output.index, records, last: answer.output.last };
    checkLogPage(page, this.#log.name, isOtherLog ? 0 : seq);
    // A new log of the peer. What it stated before is forgotten piece by piece; a new log that is still empty counts too.
    if (isOtherLog) {
      while (!signal.aborted && this.#log.forget(peerId, writtenAtOnce)) await nextTurn();
    }
    for (let start = 0; !signal.aborted && start < Math.max(records.length, 1); start += writtenAtOnce) {
      const part = records.slice(start, start + writtenAtOnce);
      const isLast = start + writtenAtOnce >= records.length;
      const last = isLast ? page.last : (part.at(-1)?.[0] ?? 0);
      if (part.length > 0 || isOtherLog) this.#log.apply(peerId, { index: page.index, records: part, last });
      if (!isLast) await nextTurn();
    }
    return records.length;
  }

  /** Every record of a page, checked before any of them is used. @throws AppError `protocol` */
  async #checked(payload: Uint8Array, signal: AbortSignal): Promise<R[]> {
    const records: R[] = [];
    for (const element of this.#log.decode(payload)) {
      records.push(this.#log.parse(element));
      if (records.length % checkedAtOnce === 0) await nextTurn();
      signal.throwIfAborted();
    }
    return records;
  }

  //#endregion
}

/** Pages kept encoded, at most: 16 of at most 1 MiB. */
const maxKeptPages = 16;
