import type { CompareProgress, FetchProgress } from '../protocol/control.ts';
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatQuantity,
} from '../client/format.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds between two drawings. */
const interval = 100;
const barWidth = 24;

/** One line on standard error that shows how far something is; nothing when nobody watches. */
export class ProgressLine<T> implements Disposable {
  readonly #terminal: Terminal;
  readonly #text: (progress: T, seconds: number) => string;
  readonly #started = performance.now();
  #drawn: number | undefined;

  /** @param text puts progress into words; seconds are those since the start */
  constructor(terminal: Terminal, text: (progress: T, seconds: number) => string) {
    this.#terminal = terminal;
    this.#text = text;
  }

  update(progress: T): void {
    const now = performance.now();
    if (!this.#terminal.watched || (this.#drawn !== undefined && now - this.#drawn < interval)) return;
    this.#drawn = now;
    this.#terminal.writeError(`\r${eraseLine}${this.#text(progress, (now - this.#started) / 1000)}`);
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    if (this.#drawn === undefined) return;
    this.#drawn = undefined;
    this.#terminal.writeError(`\r${eraseLine}`);
  }
}

const eraseLine = '\u001b[K';

/** A bar with percentage, bytes, rate and time left of a fetch. */
export function fetchText({ received, size }: FetchProgress, seconds: number): string {
  const rate = seconds > 0 ? received / seconds : 0;
  const left = rate > 0 && received < size ? `, ${formatDuration((size - received) / rate)} left` : '';
  return `${bar(received, size)}  ${formatBytes(received)} of ${formatBytes(size)}, ${formatByteRate(rate)}${left}`;
}

/** A bar with percentage and photos of comparing them. */
export function compareText({ done, total }: CompareProgress): string {
  return `${bar(done, total)}  ${formatCount(done)} of ${formatQuantity(total, 'photo')} compared`;
}

function bar(done: number, total: number): string {
  const filled = Math.floor((total > 0 ? Math.min(1, done / total) : 0) * barWidth);
  return `[${'='.repeat(filled)}${' '.repeat(barWidth - filled)}] ${formatPercent(done, total)}`;
}
