import fs from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../base/logger.ts';
import type { FetchProgress } from '../../protocol/control.ts';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';
import { shortId, type PhotoId } from '../../protocol/photo.ts';
import { cancelled, orCancelled } from './cancellation.ts';
import { Download } from './download.ts';
import { FairGate } from './fairGate.ts';
import { storageError } from './fileBytes.ts';
import { checkTarget, copyTo, moveTo, type Target } from './target.ts';
import type { Carrier, FetchOrder } from './types.ts';

export interface FetcherOptions {
  /** This peer: where a photo that is held here comes from. */
  self: string;
  /** Folder of the photos on their way, on the file system of the photo folder; its own folder must exist. */
  incoming: string;
  /** Ways to peers, best first. */
  carriers: readonly Carrier[];
  /** Files of this peer that should be the photo. */
  local?: (id: PhotoId) => readonly string[];
  logger: Logger;
  /** Bytes that partial photos may take; beyond it {@link Fetcher.sweep} removes the oldest. */
  partialBytes?: number;
}

/** What a fetch has done. */
export interface Fetched {
  /** The file: the target of the order. */
  path: string;
  /** Bytes. */
  size: number;
  /** Peers that the bytes came from. */
  from: string[];
  seconds: number;
}

interface Shared {
  readonly download: Download;
  readonly controller: AbortController;
  readonly done: Promise<string[]>;
  /** Whether `done` is settled. */
  over: boolean;
  /** Fetches that wait for it or give it a name. */
  users: number;
  /** The last one in the queue of those that give it a name. */
  naming: Promise<void>;
  /** Whether the partial file is left over although the photo has a name by now. */
  left: boolean;
  /** Set when the partial file is no longer anybody's to join: resolves when it is free again. */
  ending: Promise<void> | undefined;
}

/** Downloads that run at once: with the blocks that each asks for ahead, as many as a stream of requests takes. */
const downloadsAtOnce = 4;
/** Milliseconds that the partial of a fetch which was given up is kept for the next attempt. */
const partialAge = 7 * 24 * 60 * 60 * 1000;
const defaultPartialBytes = 4 * 1024 ** 3;
/** Milliseconds between two reports of progress. */
const progressInterval = 100;

/** Brings photos to this disk: whole, verified and durable under their name, or not at all (SAFETY I1). */
export class Fetcher implements AsyncDisposable {
  readonly #options: FetcherOptions;
  readonly #downloads = new Map<PhotoId, Shared>();
  readonly #closing = new AbortController();
  readonly #fetching = new Set<Promise<string[]>>();
  readonly #gate = new FairGate({
    total: downloadsAtOnce,
    perKey: downloadsAtOnce,
    costPerKey: downloadsAtOnce,
    waitingPerKey: Number.MAX_SAFE_INTEGER,
  });

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /**
   * Fetches one photo. The same photo for several targets at once is downloaded once.
   * What arrived of a fetch that fails or is cancelled is kept for the next one, out of sight.
   * @throws AppError `no-holder-online`, `timeout`, `protocol`, `corrupt`, `disk-full`, `no-permission`, `target-exists`, `usage`, `not-a-folder`,
   * `folder-unavailable` (this peer's own folder vanished), `cancelled`
   */
  async fetch(order: FetchOrder): Promise<Fetched> {
    const started = performance.now();
    const signal = AbortSignal.any([order.signal, this.#closing.signal]);
    const fetching = this.#fetch({ ...order, signal });
    this.#fetching.add(fetching);
    try {
      const from = await fetching;
      order.onProgress?.({ received: order.size, size: order.size });
      return { path: order.target, size: order.size, from, seconds: (performance.now() - started) / 1000 };
    } finally {
      this.#fetching.delete(fetching);
    }
  }

  /** @returns the peers that the bytes came from */
  async #fetch(order: FetchOrder): Promise<string[]> {
    const { id, size, force, signal } = order;
    const target: Target = { path: order.target, id, size, force };
    if (signal.aborted) throw cancelled();
    if (await checkTarget(target, signal)) return [this.#options.self];
    if (await this.#copyLocal(target, signal)) return [this.#options.self];
    return this.#fromPeers(order, target);
  }

  /** @returns false when no file here is the photo */
  async #copyLocal(target: Target, signal: AbortSignal): Promise<boolean> {
    for (const file of this.#options.local?.(target.id) ?? []) {
      try {
        await copyTo(file, target, signal);
        return true;
      } catch (error) {
        // A file here that changed or vanished is no reason not to ask others; a target that cannot be written is.
        if (!AppError.is(error, 'corrupt', 'internal')) throw error;
        this.#options.logger.warn(`photo ${shortId(target.id)} is not to be had from ${file}`, error);
      }
    }
    return false;
  }

  async #fromPeers(order: FetchOrder, target: Target): Promise<string[]> {
    let shared: Shared;
    for (;;) {
      shared = this.#downloads.get(order.id) ?? this.#begin(order);
      if (!shared.ending) break;
      await orCancelled(shared.ending, order.signal);
    }
    shared.users++;
    shared.download.add(order.holders);
    const stopListening = shared.download.onReceived(throttled(order));
    try {
      const from = await orCancelled(shared.done, order.signal);
      stopListening();
      await this.#name(shared, target, order);
      return from;
    } finally {
      stopListening();
      shared.users--;
      if (shared.users === 0) this.#end(order.id, shared);
    }
  }

  #begin(order: FetchOrder): Shared {
    const { carriers, logger } = this.#options;
    const partial = this.#partialOf(order.id);
    const download = new Download({ id: order.id, size: order.size, partial, carriers, logger });
    const controller = new AbortController();
    const done = this.#run(download, controller.signal);
    const shared: Shared = {
      download,
      controller,
      done,
      over: false,
      users: 0,
      naming: Promise.resolve(),
      left: false,
      ending: undefined,
    };
    this.#downloads.set(order.id, shared);
    const over = (): void => void (shared.over = true);
    // Those who wait for it hear of its failure; nobody may be left when it is cancelled.
    done.then(over, over);
    return shared;
  }

  async #run(download: Download, signal: AbortSignal): Promise<string[]> {
    const leave = await this.#gate.enter('downloads', 1, signal);
    try {
      await this.#makeIncoming();
      return await download.run(signal);
    } finally {
      leave();
    }
  }

  /** Only that folder itself: where the photo folder vanished (a disk that is not mounted), nothing may be made in its place. */
  async #makeIncoming(): Promise<void> {
    const { incoming } = this.#options;
    try {
      await fs.mkdir(incoming, { mode: 0o700 });
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EEXIST') return;
      if (code === 'ENOENT') {
        throw new AppError(
          'folder-unavailable',
          `The photo folder of ${incoming} is not there: connect its disk and try again.`,
          { cause: error },
        );
      }
      throw storageError(error, incoming);
    }
  }

  /** One after the other gives the file its name: all but the last take a copy. */
  async #name(shared: Shared, target: Target, order: FetchOrder): Promise<void> {
    const turn = shared.naming;
    const { promise: over, resolve: finish } = Promise.withResolvers<void>();
    shared.naming = turn.then(() => over);
    try {
      await orCancelled(turn, order.signal);
      const partial = this.#partialOf(order.id);
      if (shared.users > 1) {
        await copyTo(partial, target, order.signal);
        shared.left = true;
      } else {
        shared.ending = over;
        await moveTo(partial, target, order.signal);
        shared.left = false;
      }
    } finally {
      finish();
    }
  }

  #end(id: PhotoId, shared: Shared): void {
    if (!shared.over) shared.controller.abort();
    shared.ending = Promise.allSettled([shared.done]).then(async () => {
      if (shared.left) await this.#discard(this.#partialOf(id));
      if (this.#downloads.get(id) === shared) this.#downloads.delete(id);
    });
  }

  async #discard(partial: string): Promise<void> {
    try {
      await fs.rm(partial, { force: true });
    } catch (error) {
      // It only takes space until the next sweep.
      this.#options.logger.warn(`${partial} cannot be removed`, error);
    }
  }

  /**
   * Removes the partials that nobody came back for: those older than a week and, beyond the bytes allowed, the oldest.
   * Those of fetches under way stay. To be called at start.
   */
  async sweep(): Promise<void> {
    const { incoming, partialBytes = defaultPartialBytes } = this.#options;
    let names: string[];
    try {
      names = await fs.readdir(incoming);
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return;
      throw storageError(error, incoming);
    }
    const partials: { file: string; size: number; modified: number }[] = [];
    for (const name of names) {
      const id = /^([0-9a-f]{64})\.part$/.exec(name)?.[1];
      if (id === undefined || this.#downloads.has(id)) continue;
      const file = path.join(incoming, name);
      const stat = await fs.lstat(file);
      partials.push({ file, size: stat.size, modified: stat.mtimeMs });
    }
    partials.sort((a, b) => b.modified - a.modified);
    let bytes = 0;
    for (const { file, size, modified } of partials) {
      bytes += size;
      if (bytes > partialBytes || Date.now() - modified > partialAge) await this.#discard(file);
    }
  }

  /** Cancels what is under way, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#fetching);
    await Promise.all([...this.#downloads.values()].map(({ ending }) => ending ?? Promise.resolve()));
  }

  #partialOf(id: PhotoId): string {
    return path.join(this.#options.incoming, `${id}.part`);
  }
}

function throttled({ onProgress, size }: FetchOrder): (received: number) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (received) => {
    const now = performance.now();
    // The end is reported when the photo has its name.
    if (received === size || now - reportedAt < progressInterval) return;
    reportedAt = now;
    const progress: FetchProgress = { received, size };
    onProgress?.(progress);
  };
}
