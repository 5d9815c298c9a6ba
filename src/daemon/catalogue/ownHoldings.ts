import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import type { Catalogue } from './catalogue.ts';

/** Milliseconds between two tries to write what could not be written. */
const defaultPause = 10_000;

/** The part of the library that is followed. */
export interface FollowedLibrary {
  photos(): Iterable<PhotoFacts>;
  onChange(listener: (change: { added: readonly PhotoFacts[]; removed: readonly PhotoId[] }) => void): Unsubscribe;
}

/**
 * Keeps this peer's own holdings in the catalogue equal to the library. A change that cannot be written (the disk is full) is
 * not lost: all of the library is compared with the holdings until that works again.
 */
export class OwnHoldings implements AsyncDisposable {
  readonly #library: FollowedLibrary;
  readonly #catalogue: Pick<Catalogue, 'applyLibraryChange' | 'reconcileOwn'>;
  readonly #logger: Logger;
  readonly #pause: number;
  readonly #tasks: Tasks;
  readonly #unsubscribe: Unsubscribe;
  #behind = false;

  constructor(
    library: FollowedLibrary,
    catalogue: Pick<Catalogue, 'applyLibraryChange' | 'reconcileOwn'>,
    logger: Logger,
    pause = defaultPause,
  ) {
    this.#library = library;
    this.#catalogue = catalogue;
    this.#logger = logger;
    this.#pause = pause;
    this.#tasks = new Tasks(logger);
    this.#unsubscribe = library.onChange((change) => {
      // What is behind takes over this change too.
      if (this.#behind) return;
      try {
        catalogue.applyLibraryChange(change);
      } catch (error) {
        logger.error('what changed in the folder cannot be written to the catalogue and is tried again', error);
        this.#behind = true;
        this.#tasks.run('bringing the catalogue up to date', (signal) => this.#catchUp(signal));
      }
    });
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    while (this.#behind) {
      await delay(this.#pause, signal);
      if (signal.aborted) return;
      try {
        this.#catalogue.reconcileOwn(this.#library.photos());
        this.#behind = false;
      } catch (error) {
        this.#logger.warn('the catalogue cannot be written yet', error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await this.#tasks[Symbol.asyncDispose]();
  }
}
