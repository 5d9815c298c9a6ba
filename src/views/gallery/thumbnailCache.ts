/**
 * Addresses of thumbnails, the ones used last: an address that is dropped is given back, so that the memory behind it is freed.
 * Also knows which photos have none.
 */
export class ThumbnailCache {
  readonly #limit: number;
  readonly #release: (url: string) => void;
  readonly #urls = new Map<string, string>();
  readonly #missing = new Set<string>();

  /** @param limit thumbnails kept; must be more than are to be seen at once */
  constructor(limit: number, release: (url: string) => void) {
    this.#limit = limit;
    this.#release = release;
  }

  get size(): number {
    return this.#urls.size;
  }

  get(id: string): string | undefined {
    const url = this.#urls.get(id);
    if (url !== undefined) {
      this.#urls.delete(id);
      this.#urls.set(id, url);
    }
    return url;
  }

  /** Whether there is nothing to ask for: the thumbnail is here, or there is none. */
  isSettled(id: string): boolean {
    return this.#urls.has(id) || this.#missing.has(id);
  }

  isMissing(id: string): boolean {
    return this.#missing.has(id);
  }

  set(id: string, url: string): void {
    const before = this.#urls.get(id);
    if (before !== undefined) this.#release(before);
    this.#urls.delete(id);
    this.#urls.set(id, url);
    this.#missing.delete(id);
    for (const [oldest, old] of this.#urls) {
      if (this.#urls.size <= this.#limit) break;
      this.#urls.delete(oldest);
      this.#release(old);
    }
  }

  setMissing(id: string): void {
    this.#missing.add(id);
  }

  /** A peer may have come that has what was missing. */
  forgetMissing(): void {
    this.#missing.clear();
  }
}
