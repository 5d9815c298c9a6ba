import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AppError, messageOf, toAppError } from '../../protocol/errors.ts';
import { Emitter } from '../base/emitter.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { Tasks } from '../base/tasks.ts';
import { defaultPerPhoto } from './hashIndex.ts';
import type { HashedPhoto } from './hashTable.ts';
import type { LumaPair, SearchJob, SearchReply, SearchRequest } from './searchMessages.ts';
import type { Alignment, Candidate } from './types.ts';

/** Milliseconds without a job after which the thread ends, and with it the memory that it takes. */
const defaultIdleLimit = 60_000;

/** So much goes into one message: neither side holds more than a page twice. */
const photosPerPage = 1_000;
const keysPerPage = 10_000;
const pairsPerPage = 64;

/** Megabytes of JavaScript's own heap in the thread; hashes lie outside. Keys of some millions of photos fit. */
const heapLimit = 1_024;

export interface SearchOptions {
  /** Most different bits of two hashes. */
  limit: number;
  /** Most candidates for each photo: the nearest. */
  perPhoto?: number;
  signal?: AbortSignal;
  /** Hears how many of the keys were dealt with. */
  onProgress?: (done: number) => void;
}

/**
 * Finds candidates and aligns them, in a thread of its own that starts when it is first needed and ends when there was nothing
 * to do for a minute. What was added is forgotten then: {@link generation} counts up.
 */
export class Searcher implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #idleLimit: number;
  readonly #emptied: Emitter<void>;
  readonly #tasks: Tasks;
  #thread: SearchThread | undefined;
  #size = 0;
  #generation = 0;
  #idle: NodeJS.Timeout | undefined;
  #disposed = false;

  /** @param options.idleLimit milliseconds without a job after which the thread ends */
  constructor(logger: Logger, options: { idleLimit?: number } = {}) {
    this.#logger = logger;
    this.#idleLimit = options.idleLimit ?? defaultIdleLimit;
    this.#emptied = new Emitter(logger);
    this.#tasks = new Tasks(logger);
  }

  /** Photos in the index. */
  get size(): number {
    return this.#size;
  }

  /** Another number means another, empty index: what was added before has to be added again. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls the listener when the thread has ended, for whatever reason, and the index is empty. */
  onEmptied(listener: () => void): Unsubscribe {
    return this.#emptied.on(listener);
  }

  /**
   * Adds photos, in place of those with the same keys.
   * @throws AppError `internal` when the thread ended meanwhile, `cancelled` when the searcher is disposed
   */
  async add(photos: readonly HashedPhoto[]): Promise<void> {
    for (const page of pagesOf(photos, photosPerPage)) await this.#run({ op: 'add', photos: page });
  }

  /**
   * Takes photos out; keys that are not there are left out.
   * @throws AppError as {@link add}
   */
  async remove(keys: readonly number[]): Promise<void> {
    for (const page of pagesOf(keys, keysPerPage)) await this.#run({ op: 'remove', keys: page });
  }

  /**
   * Compares each of `keys` with all others in the index, each pair once. Keys that are not there are left out. What is added or
   * removed meanwhile waits until it is done. A large collection that is added and searched some thousand photos at a time has
   * each pair compared once as well, and neither waits nor remembers for long.
   * @throws AppError as {@link add}, and `cancelled` when the signal says so
   */
  async search(keys: readonly number[], options: SearchOptions): Promise<Candidate[]> {
    const { limit, perPhoto = defaultPerPhoto, signal, onProgress } = options;
    const candidates: Candidate[] = [];
    await this.#run({ op: 'search', keys, limit, perPhoto }, signal, (reply) => {
      if (reply.type !== 'found') return;
      candidates.push(...reply.candidates);
      onProgress?.(reply.done);
    });
    return candidates;
  }

  /**
   * Lays each pair of luma rasters on each other, in the same order. Does not wait for a search.
   * @throws AppError as {@link search}
   */
  async align(pairs: readonly LumaPair[], signal?: AbortSignal): Promise<Alignment[]> {
    const alignments: Alignment[] = [];
    for (const page of pagesOf(pairs, pairsPerPage)) {
      await this.#run({ op: 'align', pairs: page }, signal, (reply) => {
        if (reply.type === 'aligned') alignments.push(...reply.alignments);
      });
    }
    return alignments;
  }

  async #run(job: SearchJob, signal?: AbortSignal, onPart?: (reply: SearchReply) => void): Promise<void> {
    if (this.#disposed) throw closing();
    if (signal?.aborted) throw cancelled();
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= new SearchThread((why) => this.#forget(thread, why)));
    try {
      const { size } = await thread.run(job, signal, onPart);
      if (thread === this.#thread) this.#size = size;
    } finally {
      if (thread === this.#thread && thread.idle) this.#restUntilEnded(thread);
    }
  }

  #restUntilEnded(thread: SearchThread): void {
    clearTimeout(this.#idle);
    const end = (): void => this.#tasks.run('the end of the search thread', () => thread[Symbol.asyncDispose]());
    this.#idle = setTimeout(end, this.#idleLimit);
    this.#idle.unref();
  }

  #forget(thread: SearchThread, why: string | undefined): void {
    if (why !== undefined) this.#logger.warn('the search thread ended', why);
    if (thread !== this.#thread) return;
    clearTimeout(this.#idle);
    this.#thread = undefined;
    this.#size = 0;
    this.#generation += 1;
    this.#emptied.emit();
  }

  /** Ends the thread; what is under way fails as cancelled. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#idle);
    await this.#thread?.[Symbol.asyncDispose]();
    await this.#tasks[Symbol.asyncDispose]();
  }
}

type Done = SearchReply & { type: 'done' };

interface Waiting {
  resolve: (done: Done) => void;
  reject: (error: AppError) => void;
  onPart: ((reply: SearchReply) => void) | undefined;
}

/** One thread, from its start to its end. */
class SearchThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: (why: string | undefined) => void;
  #running = true;
  #jobs = 0;

  /** @param ended called once when the thread is no more, with the reason unless it was told to end */
  constructor(ended: (why: string | undefined) => void) {
    this.#ended = ended;
    this.#worker = new Worker(entry(), {
      execArgv: [],
      // It needs nothing of what the daemon was told.
      env: {},
      argv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapLimit },
    });
    this.#worker.on('message', (reply: SearchReply) => this.#hear(reply));
    this.#worker.on('error', (error) => this.#end(messageOf(error)));
    this.#worker.on('exit', (code) => this.#end(`It ended by itself with code ${code}.`));
  }

  /** Whether there is no job. */
  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  /** @throws AppError `cancelled` by the signal or the owner; `internal` when the job fails or the thread ends */
  async run(job: SearchJob, signal?: AbortSignal, onPart?: (reply: SearchReply) => void): Promise<Done> {
    const number = ++this.#jobs;
    let cancel: (() => void) | undefined;
    // A daemon that waits for an answer stays alive for it.
    this.#worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        cancel = () => {
          this.#post({ job: number, op: 'cancel' });
          reject(cancelled());
        };
        signal?.addEventListener('abort', cancel, { once: true });
        this.#waiting.set(number, { resolve, reject, onPart });
        this.#post({ ...job, job: number });
      });
    } finally {
      if (cancel !== undefined) signal?.removeEventListener('abort', cancel);
      this.#waiting.delete(number);
      if (this.idle) this.#worker.unref();
    }
  }

  #post(request: SearchRequest): void {
    this.#worker.postMessage(request);
  }

  #hear(reply: SearchReply): void {
    const waiting = this.#waiting.get(reply.job);
    if (waiting === undefined) return;
    switch (reply.type) {
      case 'found':
      case 'aligned':
        try {
          waiting.onPart?.(reply);
        } catch (error) {
          waiting.reject(toAppError(error));
        }
        return;
      case 'done':
        return waiting.resolve(reply);
      case 'failed':
        return waiting.reject(new AppError('internal', `The search for look-alikes failed: ${reply.reason}`));
    }
  }

  #end(why: string | undefined): void {
    if (!this.#running) return;
    this.#running = false;
    const error = why === undefined ? closing() : new AppError('internal', `The search for look-alikes ended: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#ended(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(undefined);
    await this.#worker.terminate();
  }
}

function cancelled(): AppError {
  return new AppError('cancelled', 'The search for look-alikes was cancelled.');
}

function closing(): AppError {
  return new AppError('cancelled', 'The search for look-alikes is being closed.');
}

function* pagesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** The thread's entry lies beside this module: as source in a checkout, as a bundle beside the daemon's. */
function entry(): string {
  const name = import.meta.url.endsWith('.ts') ? './searchWorker.ts' : './similarity.js';
  return fileURLToPath(new URL(name, import.meta.url));
}
