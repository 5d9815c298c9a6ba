import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CompareProgress } from '../../protocol/control.ts';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import { wireLimits } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import type { Network } from '../network/types.ts';
import { candidateDistance, stepThresholds } from '../similarity/steps.ts';
import { inverse } from '../similarity/orientations.ts';
import { Searcher } from '../similarity/searcher.ts';
import type { LumaPair } from '../similarity/searchMessages.ts';
import type { Alignment } from '../similarity/types.ts';
import { reversed } from './alignment.ts';
import type { Catalogue, OpenPhotoPair } from './catalogue.ts';
import { fetchLumas, serveLumas } from './lumas.ts';

/** Photos that are compared with all others in one piece of work; between two, what was found is written. */
const photosAtOnce = 128;
/** Photos that are read into the index of the search at a time. */
const pageRows = 500;
/** Pairs that are decided in one piece of work. */
const pairsAtOnce = 128;
/** Rasters that are kept for the next pairs: 8 MiB. */
const keptLumas = 2_048;
/** Milliseconds between the arrival of photos and their search: they come in swarms. */
const gatherTime = 300;
/** Milliseconds after which pairs that no holder could tell about are tried again, beside each time that a peer comes. */
const retryInterval = 5 * 60_000;
/** Milliseconds after a failure of the search. */
const failurePause = 5_000;
/** Milliseconds between two events of progress. */
const progressInterval = 250;

/** Milliseconds after which searching and deciding take turns: neither waits for the other to have nothing left to do. */
const turnTime = 5_000;
/** Milliseconds that a peer may take for its rasters in one round, and for each raster that it brings more. */
const patience = { first: 5_000, perRaster: 250 };

/** Where the search finds its photos: the catalogue, the network and this folder's own rasters. */
export interface LookAlikeSearchParts {
  catalogue: Catalogue;
  network: Network;
  /** The raster of a photo that is held here. */
  lumaOf: (id: PhotoId) => Uint8Array | undefined;
  logger: Logger;
}

/**
 * Compares every photo with all others in the background: candidates by their hashes, which came with the holdings, then each
 * pair by the rasters of both, which are asked from a holder. What it finds goes to the catalogue; after a restart it goes on
 * where it was.
 */
export class LookAlikeSearch implements AsyncDisposable {
  readonly #catalogue: Catalogue;
  readonly #network: Network;
  readonly #lumaOf: (id: PhotoId) => Uint8Array | undefined;
  readonly #logger: Logger;
  readonly #searcher: Searcher;
  readonly #tasks: Tasks;
  readonly #subscriptions: Unsubscribe[];
  readonly #progressed: Emitter<void>;
  readonly #lumas = new Map<PhotoId, Uint8Array>();
  /** The generation of the searcher whose index is complete. */
  #loaded: number | undefined;
  #wake: AbortController = new AbortController();
  /** Something may be there to do. */
  #asked = true;
  #working = false;
  #done = 0;
  #total = 0;
  #waiting = 0;
  #lastProgress = 0;

  constructor({ catalogue, network, lumaOf, logger }: LookAlikeSearchParts) {
    this.#catalogue = catalogue;
    this.#network = network;
    this.#lumaOf = lumaOf;
    this.#logger = logger;
    this.#searcher = new Searcher(logger);
    this.#tasks = new Tasks(logger);
    this.#progressed = new Emitter(logger);
    serveLumas(network, lumaOf);
    this.#subscriptions = [catalogue.onUncompared(() => this.#ask()), network.onPeerUp(() => this.#ask())];
    this.#tasks.run('the search for look-alikes', (signal) => this.#run(signal));
  }

  /** Null when every photo has been compared; then pairs may still wait for a peer. */
  progress(): CompareProgress | null {
    if (!this.#working) return null;
    return { done: this.#done, total: this.#total, waiting: this.#waiting };
  }

  /** Progress, at most four times a second, and the end. */
  onProgress(listener: () => void): Unsubscribe {
    return this.#progressed.on(listener);
  }

  /**
   * Resolves when all photos known now have been compared.
   * @throws AppError `cancelled`
   */
  async settled(signal: AbortSignal, onProgress?: (progress: CompareProgress) => void): Promise<CompareProgress> {
    this.#ask();
    const ended = AbortSignal.any([signal, this.#tasks.signal]);
    while (this.#working) {
      const turn = new AbortController();
      const off = this.onProgress(() => turn.abort());
      try {
        await delay(failurePause, AbortSignal.any([turn.signal, ended]));
      } finally {
        off();
      }
      if (ended.aborted) throw new AppError('cancelled', 'It was cancelled.');
      const progress = this.progress();
      if (progress !== null) onProgress?.(progress);
    }
    return { done: this.#total, total: this.#total, waiting: this.#waiting };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    const tasks = this.#tasks[Symbol.asyncDispose]();
    await this.#searcher[Symbol.asyncDispose]();
    await tasks;
  }

  #ask(): void {
    this.#asked = true;
    this.#working = true;
    this.#wake.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#asked) {
        this.#wake = new AbortController();
        await delay(retryInterval, AbortSignal.any([signal, this.#wake.signal]));
        // Photos come one after the other: those of a moment are searched together.
        await delay(gatherTime, signal);
        if (signal.aborted) return;
      }
      this.#asked = false;
      this.#working = true;
      try {
        const round = new Round();
        let done = false;
        while (!done && !signal.aborted) {
          const searched = await this.#searchSome(round, signal);
          const decided = await this.#decideSome(round, signal);
          done = searched && decided;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.error('the search for look-alikes failed and is tried again', error);
        this.#asked = true;
        await delay(failurePause, signal);
      }
      if (this.#asked) continue;
      this.#working = false;
      this.#done = 0;
      this.#progressed.emit();
    }
  }

  #tellProgress(): void {
    const now = performance.now();
    if (now - this.#lastProgress < progressInterval) return;
    this.#lastProgress = now;
    this.#progressed.emit();
  }

  //#region candidates

  /** Returns whether all photos have been compared; else it is somebody else's turn. */
  async #searchSome(round: Round, signal: AbortSignal): Promise<boolean> {
    const end = performance.now() + turnTime;
    for (;;) {
      const left = this.#catalogue.uncomparedCount();
      this.#total = this.#done + left;
      if (left === 0) return true;
      if (performance.now() > end) return false;
      await this.#load(signal);
      const photos = this.#catalogue.uncompared(photosAtOnce);
      await this.#searcher.add(photos);
      const keys = photos.map(({ key }) => key);
      const before = this.#done;
      const candidates = await this.#searcher.search(keys, {
        limit: candidateDistance,
        signal,
        onProgress: (done) => {
          this.#done = before + done;
          this.#tellProgress();
        },
      });
      if (signal.aborted) return false;
      // The thread ended in between and another one began without the rest of the photos: once more.
      if (this.#loaded !== this.#searcher.generation) continue;
      this.#catalogue.addCandidates(keys, candidates);
      if (candidates.length > 0) round.found = true;
      this.#done = before + keys.length;
      this.#tellProgress();
      await nextTurn();
    }
  }

  /** Brings the index of the search to what the catalogue has: all of it, when the thread is new. */
  async #load(signal: AbortSignal): Promise<void> {
    const stale = this.#catalogue.takeStale();
    if (this.#loaded === this.#searcher.generation) {
      if (stale.length > 0) await this.#searcher.remove(stale);
      return;
    }
    let after = 0;
    for (;;) {
      const page = this.#catalogue.compared(after, pageRows);
      const last = page.at(-1);
      if (last === undefined || signal.aborted) break;
      await this.#searcher.add(page);
      after = last.key;
    }
    this.#loaded = this.#searcher.generation;
  }

  //#endregion
  //#region decisions

  /**
   * Lays the two photos of each pair on each other, where both rasters can be had. Returns whether all pairs were looked at;
   * else it is somebody else's turn.
   */
  async #decideSome(round: Round, signal: AbortSignal): Promise<boolean> {
    if (round.isAtStart) round.found = false;
    const end = performance.now() + turnTime;
    while (performance.now() < end) {
      const pairs = this.#catalogue.openPairs(round.last.a, round.last.b, pairsAtOnce);
      const last = pairs.at(-1);
      if (last === undefined || signal.aborted) {
        this.#waiting = round.waiting;
        round.restart();
        // What was found meanwhile may lie before where this was.
        return !round.found;
      }
      round.last = last;
      const lumas = await this.#lumasOf(pairs, round, signal);
      const ready = pairs.flatMap((pair) => {
        const [a, b] = [lumas.get(pair.idA), lumas.get(pair.idB)];
        return a === undefined || b === undefined ? [] : [{ pair, a, b }];
      });
      round.waiting += pairs.length - ready.length;
      const alignments = await this.#searcher.align(ready.map(inOrderOfIds), signal);
      if (signal.aborted) return false;
      this.#catalogue.closePairs(
        ready.map(({ pair }, n) => {
          const alignment = alignedEnough(alignments[n]);
          return { pair, alignment: alignment === undefined || isInOrder(pair) ? alignment : reversed(alignment) };
        }),
      );
      this.#tellProgress();
      await nextTurn();
    }
    return false;
  }

  async #lumasOf(
    pairs: readonly OpenPhotoPair[],
    round: Round,
    signal: AbortSignal,
  ): Promise<Map<PhotoId, Uint8Array>> {
    const found = new Map<PhotoId, Uint8Array>();
    const wanted = new Set<PhotoId>();
    for (const id of pairs.flatMap(({ idA, idB }) => [idA, idB])) {
      const luma = this.#lumas.get(id) ?? this.#lumaOf(id);
      if (luma === undefined) wanted.add(id);
      else found.set(id, luma);
    }
    const online = new Set(this.#network.peers().map(({ peerId }) => peerId));
    const tried = new Set<string>();
    while (wanted.size > 0 && !signal.aborted) {
      const asked = this.#nextRequest(wanted, (id, peerId) => {
        return online.has(peerId) && !round.silent.has(peerId) && !tried.has(`${peerId} ${id}`);
      });
      if (asked === undefined) break;
      for (const id of asked.ids) tried.add(`${asked.peerId} ${id}`);
      const before = performance.now();
      try {
        const fetched = await fetchLumas(this.#network, asked.peerId, asked.ids, signal);
        round.heard(asked.peerId, performance.now() - before, fetched.size);
        for (const [id, luma] of fetched) {
          found.set(id, luma);
          wanted.delete(id);
          this.#keep(id, luma);
        }
      } catch (error) {
        if (signal.aborted) break;
        round.silent.add(asked.peerId);
        this.#logger.warn(`no rasters of photos from peer ${asked.peerId}: ${messageOf(error)}`);
      }
    }
    return found;
  }

  /** A peer and some of the photos that it may be asked for. */
  #nextRequest(
    wanted: Iterable<PhotoId>,
    mayAsk: (id: PhotoId, peerId: string) => boolean,
  ): { peerId: string; ids: PhotoId[] } | undefined {
    const ofPeer = new Map<string, PhotoId[]>();
    for (const id of wanted) {
      const peerId = this.#catalogue.holders(id).find((holder) => mayAsk(id, holder));
      if (peerId === undefined) continue;
      const ids = ofPeer.get(peerId) ?? [];
      ofPeer.set(peerId, ids);
      ids.push(id);
      if (ids.length === wireLimits.lumas) return { peerId, ids };
    }
    const [first] = ofPeer;
    return first === undefined ? undefined : { peerId: first[0], ids: first[1] };
  }

  #keep(id: PhotoId, luma: Uint8Array): void {
    this.#lumas.set(id, luma);
    if (this.#lumas.size <= keptLumas) return;
    const [oldest] = this.#lumas.keys();
    if (oldest !== undefined) this.#lumas.delete(oldest);
  }

  //#endregion
}

/** From when something is to do until nothing is left that can be done now. */
class Round {
  /** Peers that could not answer, or not in time: they are asked again in the next round, not for each pair of this one. */
  readonly silent = new Set<string>();
  readonly #spent = new Map<string, number>();
  /** Pairs were found since deciding began at the first. */
  found = false;
  /** The last pair that was looked at. */
  last = { a: 0, b: 0 };
  /** Pairs that nobody could tell about. */
  waiting = 0;

  get isAtStart(): boolean {
    return this.last.a === 0;
  }

  restart(): void {
    this.last = { a: 0, b: 0 };
    this.waiting = 0;
  }

  /** A peer took so many milliseconds to bring so many rasters. */
  heard(peerId: string, milliseconds: number, rasters: number): void {
    const spent = (this.#spent.get(peerId) ?? 0) + milliseconds - rasters * patience.perRaster;
    this.#spent.set(peerId, Math.max(0, spent));
    if (spent > patience.first) this.silent.add(peerId);
  }
}

/**
 * Which of two photos is laid on which makes a small difference, and the numbers of photos are different on every peer: all
 * lay the one with the lower id on the other, so that all come to the same groups.
 */
function isInOrder({ idA, idB }: OpenPhotoPair): boolean {
  return idA < idB;
}

function inOrderOfIds({ pair, a, b }: { pair: OpenPhotoPair; a: Uint8Array; b: Uint8Array }): LumaPair {
  const { orientation, windowA, windowB } = pair;
  return isInOrder(pair)
    ? { a, b, orientation, windowA, windowB }
    : { a: b, b: a, orientation: inverse(orientation), windowA: windowB, windowB: windowA };
}

/** What is alike enough for the loosest step is remembered. */
function alignedEnough(alignment: Alignment | undefined): Alignment | undefined {
  return alignment !== undefined && alignment.score >= stepThresholds.loose ? alignment : undefined;
}
