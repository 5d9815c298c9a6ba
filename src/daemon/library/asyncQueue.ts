/** Items from one producer for any number of consumers, which wait for them with `for await`. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #closed = false;

  push(item: T): void {
    this.#items.push(item);
    this.#waiting.shift()?.();
  }

  /** Consumers end when nothing is left. */
  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  /** Consumers end at once. */
  abandon(): void {
    this.#items.length = 0;
    this.#next = 0;
    this.close();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = this.#items[this.#next];
      if (item !== undefined) {
        this.#next++;
        yield item;
      } else if (this.#closed) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
  }
}
