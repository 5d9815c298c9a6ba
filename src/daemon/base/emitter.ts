import type { Logger } from './logger.ts';

/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

/** One typed event with any number of listeners. A listener that throws is logged and does not keep others from hearing. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on(listener: (value: T) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#logger.error('a listener failed', error);
      }
    }
  }
}
