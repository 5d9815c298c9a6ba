import type { Candidate } from './types.ts';

/** The nearest candidates of one photo. */
export class Nearest {
  readonly #most: number;
  #limit: number;
  #found: Candidate[] = [];

  /**
   * @param limit most different bits
   * @param most how many to keep
   */
  constructor(limit: number, most: number) {
    this.#limit = limit;
    this.#most = most;
  }

  /** Most different bits of what can still be among the nearest; below 0 when nothing can. */
  get limit(): number {
    return this.#limit;
  }

  add(candidates: Iterable<Candidate>): void {
    this.#found.push(...candidates);
    // Not at each, so that there is little to sort.
    if (this.#found.length >= 2 * this.#most) this.#keepNearest();
  }

  /** All that were kept, the nearest first. */
  list(): Candidate[] {
    this.#keepNearest();
    return this.#found;
  }

  #keepNearest(): void {
    this.#found = this.#found.toSorted((one, other) => one.distance - other.distance).slice(0, this.#most);
    // What comes later and is only as near as the last would not be kept.
    const last = this.#found.at(-1);
    if (last !== undefined && this.#found.length === this.#most) this.#limit = Math.min(this.#limit, last.distance - 1);
  }
}
