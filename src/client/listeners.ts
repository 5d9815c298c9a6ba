/** Who wants to hear of one event. A listener that throws keeps no other from hearing; its error surfaces as uncaught. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Returns what ends the subscription; calling that again does nothing. */
  add(listener: (value: T) => void): () => void {
    // A set of wrappers: the same function may be added twice and removed once.
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  emit(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
