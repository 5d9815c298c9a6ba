import { setImmediate as nextTurn } from 'node:timers/promises';
import * as v from 'valibot';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { HoldingRecord } from '../../protocol/wire.ts';
import { HoldingsAnswerSchema, HoldingsRequestSchema, wireLimits, wireProtocols } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import type { Frame, LivePeer, Network, RequestContext } from '../network/types.ts';
import type { Catalogue } from './catalogue.ts';
import { checkOrder, decodePage, encodePage, parseRecord } from './holdingsRecord.ts';
import type { OwnPage } from './ownLog.ts';

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

/**
 * Keeps the catalogues of all connected peers equal: answers those who ask for this peer's log, and asks every live peer for
 * what is new in theirs. A request is held back until there is something to say, so that changes arrive at once and an idle
 * network is quiet; being asked again and again is the anti-entropy.
 */
export class HoldingsReplication {
  readonly #catalogue: Catalogue;
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

  constructor(catalogue: Catalogue, network: Network, logger: Logger, times: Partial<ReplicationTimes> = {}) {
    this.#catalogue = catalogue;
    this.#network = network;
    this.#logger = logger;
    this.#times = { ...defaultTimes, ...times };
    this.#tasks = new Tasks(logger);
    catalogue.peerSeen(network.self, Date.now());
    network.handle(wireProtocols.holdings, (request, context) => this.#answer(request, context));
    this.#subscriptions = [
      catalogue.onOwnAdvanced(() => this.#ownAdvanced()),
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

  #ownAdvanced(): void {
    this.#pages.clear();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  async #answer({ header }: Frame, { signal }: RequestContext): Promise<Frame> {
    const request = v.safeParse(HoldingsRequestSchema, header);
    if (!request.success) throw new AppError('protocol', 'That is not a request for holdings.');
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
    const page = this.#catalogue.ownSince(index, after, wireLimits.holdingsPage);
    const frame = frameOf(page);
    const news = page.records.length > 0 || page.index !== index;
    if (news && this.#pages.size < maxKeptPages) this.#pages.set(key, frame);
    return { frame, news };
  }

  //#endregion
  //#region asking

  #up(peer: LivePeer): void {
    this.#catalogue.peerSeen(peer, Date.now());
    const followed = this.#followed.get(peer.peerId);
    if (followed !== undefined) {
      followed.peer = peer;
      return;
    }
    const controller = new AbortController();
    this.#followed.set(peer.peerId, { peer, controller });
    this.#tasks.run(`following the holdings of ${peer.name}`, (stopped) =>
      this.#follow(peer, AbortSignal.any([controller.signal, stopped])),
    );
  }

  #down(peerId: string): void {
    const followed = this.#followed.get(peerId);
    if (followed === undefined) return;
    this.#followed.delete(peerId);
    followed.controller.abort();
    this.#catalogue.peerSeen(followed.peer, Date.now());
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
          `the holdings of ${peer.name} (${peer.peerId}) could not be taken over, next try in ${Math.round(pause)} ms: ${messageOf(error)}`,
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
    const { index, seq } = this.#catalogue.remotePosition(peerId);
    const { wait, timeout } = this.#times;
    const request: v.InferOutput<typeof HoldingsRequestSchema> = { index, after: seq, wait };
    const frame = await this.#network.request(peerId, wireProtocols.holdings, request, {
      signal,
      timeout: wait + timeout,
    });
    const answer = v.safeParse(HoldingsAnswerSchema, frame.header);
    if (!answer.success) throw new AppError('protocol', 'The answer is not one for holdings.');
    const records = await checkedRecords(frame.payload, signal);
    checkOrder(records, answer.output.index === index ? seq : 0, answer.output.last);
    // A new log of the peer. What it stated before is forgotten piece by piece; a new log that is still empty counts too.
    if (answer.output.index !== index) {
      while (!signal.aborted && this.#catalogue.forgetHoldings(peerId, writtenAtOnce)) await nextTurn();
    }
    for (let start = 0; !signal.aborted && start < Math.max(records.length, 1); start += writtenAtOnce) {
      const part = records.slice(start, start + writtenAtOnce);
      const isLast = start + writtenAtOnce >= records.length;
      const last = isLast ? answer.output.last : (part.at(-1)?.[0] ?? 0);
      if (part.length > 0 || answer.output.index !== index) {
        this.#catalogue.applyRemote(peerId, { index: answer.output.index, records: part, last });
      }
      if (!isLast) await nextTurn();
    }
    return records.length;
  }

  //#endregion
}

/** Pages kept encoded, at most: 16 of at most 1 MiB. */
const maxKeptPages = 16;

/** Every record of a page, checked before any of them is used. @throws AppError `protocol` */
async function checkedRecords(payload: Uint8Array, signal: AbortSignal): Promise<HoldingRecord[]> {
  const records: HoldingRecord[] = [];
  for (const element of decodePage(payload)) {
    records.push(parseRecord(element));
    if (records.length % checkedAtOnce === 0) await nextTurn();
    signal.throwIfAborted();
  }
  return records;
}

/** A page as it is sent. As many records as a page may have fit into a frame, however long they are. */
function frameOf({ index, records, last, more }: OwnPage): Frame {
  return { header: { index, last, more }, payload: encodePage(records) };
}
