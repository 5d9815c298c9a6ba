import type { AsyncSubscription } from '@parcel/watcher';
import { messageOf } from '../../protocol/errors.ts';
import type { Logger } from '../base/logger.ts';

export interface WatcherListener {
  /** Absolute paths that were created, changed or deleted. */
  changed(paths: string[]): void;
  /** Events were lost: the whole folder has to be looked at. */
  lost(): void;
}

/** Tells what changes in a folder and below. Where the system cannot watch it, it says so, and rescans do the work. */
export class FolderWatcher implements AsyncDisposable {
  readonly #folder: string;
  readonly #listener: WatcherListener;
  readonly #logger: Logger;
  #subscription: AsyncSubscription | undefined;

  constructor(folder: string, listener: WatcherListener, logger: Logger) {
    this.#folder = folder;
    this.#listener = listener;
    this.#logger = logger;
  }

  /**
   * Begins to watch, anew when it already did (a folder that came back is another one to the system).
   * @returns why it cannot, one sentence; null when it can
   */
  async watch(): Promise<string | null> {
    await this[Symbol.asyncDispose]();
    try {
      // Loaded here: where its native part is missing, everything else still works.
      const { subscribe } = await import('@parcel/watcher');
      this.#subscription = await subscribe(this.#folder, (error, events) => this.#hear(error, events), {
        ignore: ['**/.*', '**/.*/**'],
      });
      return null;
    } catch (error) {
      this.#logger.warn('the folder cannot be watched', error);
      return `The folder cannot be watched for changes (${messageOf(error)}): new photos are found at the next full look.`;
    }
  }

  #hear(error: Error | null, events: readonly { path: string }[]): void {
    if (error === null) return this.#listener.changed(events.map((event) => event.path));
    this.#logger.warn('the watcher lost track of the folder', error);
    this.#listener.lost();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    try {
      await subscription?.unsubscribe();
    } catch (error) {
      // The folder that was watched has gone, and its watch with it.
      this.#logger.debug('the watch had already ended', error);
    }
  }
}
