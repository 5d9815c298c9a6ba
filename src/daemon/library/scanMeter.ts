import type { ScanProgress } from '../../protocol/control.ts';

/** Milliseconds over which the rate is taken. */
const windowLength = 10_000;
/** Milliseconds that the rate is taken over at least: the first photo says little. */
const shortestWindow = 500;

/** Counts what a scan has to do and has done, and tells its speed. */
export class ScanMeter {
  readonly #now: () => number;
  /** Time and count of decoded photos, a pair for each tenth of a second. */
  #ticks: { at: number; count: number }[] = [];
  #began = 0;
  #running = 0;
  #done = 0;
  #total = 0;
  #allFound = false;

  /** @param now milliseconds that only go forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A scan begins (or waits to begin): there is progress until its {@link end}. */
  begin(): void {
    if (this.#running++ > 0) return;
    this.#began = this.#now();
    this.#ticks = [];
    this.#done = 0;
    this.#total = 0;
    this.#allFound = false;
  }

  end(): void {
    this.#running--;
  }

  found(): void {
    this.#total++;
  }

  /** No more will be found: from here the time left can be told. */
  foundAll(): void {
    this.#allFound = true;
  }

  /** @param decoded whether it was work, or known from before */
  finished(decoded: boolean): void {
    this.#done++;
    if (!decoded) return;
    const now = this.#now();
    const last = this.#ticks.at(-1);
    if (last !== undefined && now - last.at < 100) last.count++;
    else this.#ticks.push({ at: now, count: 1 });
    while ((this.#ticks[0]?.at ?? now) < now - windowLength) this.#ticks.shift();
  }

  progress(): ScanProgress | null {
    if (this.#running === 0) return null;
    const now = this.#now();
    const length = Math.max(shortestWindow, Math.min(windowLength, now - this.#began));
    const recent = this.#ticks.filter(({ at }) => at >= now - length).reduce((sum, { count }) => sum + count, 0);
    const rate = (recent / length) * 1000;
    const left = this.#total - this.#done;
    const secondsLeft = this.#allFound && left > 0 && rate > 0 ? Math.ceil(left / rate) : null;
    return { done: this.#done, total: this.#total, rate, secondsLeft };
  }
}
