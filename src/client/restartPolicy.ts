/** Crashes within {@link crashWindow} after which a daemon is not started again. */
export const maxCrashes = 5;

/** Milliseconds. */
export const crashWindow = 3 * 60 * 1000;

/** Milliseconds before the first start after a crash; doubled with each further crash. */
const firstDelay = 250;

/** Whether to start again, and after how many milliseconds. */
export type RestartDecision = { readonly restart: true; readonly delay: number } | { readonly restart: false };

/**
 * The rule that language clients use for their servers: the fifth crash within three minutes stops, so that a daemon that
 * cannot run does not burn the computer, and one that rarely crashes is always there. Knows no clock.
 */
export class RestartPolicy {
  #crashes: number[] = [];

  /** @param now milliseconds on a clock that never goes back, for example `performance.now()` */
  crashed(now: number): RestartDecision {
    this.#crashes = [...this.#crashes.filter((time) => now - time < crashWindow), now];
    if (this.#crashes.length >= maxCrashes) return { restart: false };
    return { restart: true, delay: firstDelay * 2 ** (this.#crashes.length - 1) };
  }

  /** A person started the daemon: its earlier crashes count no more. */
  reset(): void {
    this.#crashes = [];
  }
}
