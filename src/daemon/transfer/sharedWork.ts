import { orCancelled } from './cancellation.ts';

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  users: number;
}

/** Work that several may want at once and that is done once. It is aborted when nobody wants it any more. */
export class SharedWork<K, T> {
  readonly #running = new Map<K, Running<T>>();

  /**
   * The result of the work for `key`: of that under way, or of `work` begun now.
   * @throws AppError `cancelled` as soon as `signal` is aborted; whatever the work throws
   */
  async run(key: K, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.users++;
    try {
      return await orCancelled(running.result, signal);
    } finally {
      running.users--;
      if (running.users === 0) {
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.controller.abort();
      }
    }
  }

  #begin(key: K, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const result = work(controller.signal);
    // Heard by those who wait; there may be none left when it is aborted.
    result.catch(() => undefined);
    const running: Running<T> = { result, controller, users: 0 };
    this.#running.set(key, running);
    return running;
  }
}
