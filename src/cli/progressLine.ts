import type { FetchProgress } from '../protocol/control.ts';
import { formatByteRate, formatBytes, formatDuration, formatPercent } from '../client/format.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds between two drawings. */
const interval = 100;
const barWidth = 24;

/** One line on standard error that shows how far a fetch is; nothing when nobody watches. */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #started = performance.now();
  #drawn: number | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(progress: FetchProgress): void {
    const now = performance.now();
    if (!this.#terminal.watched || (this.#drawn !== undefined && now - this.#drawn < interval)) return;
    this.#drawn = now;
    this.#terminal.writeError(`\r${eraseLine}${progressText(progress, (now - this.#started) / 1000)}`);
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    if (this.#drawn === undefined) return;
    this.#drawn = undefined;
    this.#terminal.writeError(`\r${eraseLine}`);
  }
}

const eraseLine = '\u001b[K';

/**
 * A bar with percentage, bytes, rate and time left.
 * @param seconds since the start
 */
export function progressText({ received, size }: FetchProgress, seconds: number): string {
  const share = size > 0 ? Math.min(1, received / size) : 0;
  const filled = Math.floor(share * barWidth);
  const bar = `[${'='.repeat(filled)}${' '.repeat(barWidth - filled)}]`;
  const rate = seconds > 0 ? received / seconds : 0;
  const left = rate > 0 && received < size ? `, ${formatDuration((size - received) / rate)} left` : '';
  return `${bar} ${formatPercent(received, size)}  ${formatBytes(received)} of ${formatBytes(size)}, ${formatByteRate(rate)}${left}`;
}
