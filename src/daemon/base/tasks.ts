import type { Logger } from './logger.ts';

/**
 * Owner of promises that nobody awaits: keeps them, logs their failure, and waits for all of them when its owner ends.
 * The place for every `void doSomething()`.
 */
export class Tasks implements AsyncDisposable {
  readonly #running = new Set<Promise<void>>();
  readonly #logger: Logger;
  readonly #controller = new AbortController();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Aborted when the owner ends. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `work`; a failure is logged unless it comes from the end of the owner. */
  run(what: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const task = work(this.signal)
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#logger.error(`${what} failed`, error);
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Aborts what runs and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await Promise.all(this.#running);
  }
}

/** Resolves after `milliseconds`, or at once (without throwing) when `signal` is aborted. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
  });
}
