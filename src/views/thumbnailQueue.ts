import type { DaemonClient } from '../client/types.ts';
import type { GalleryThumbnailsMessage } from '../protocol/gallery.ts';
import { packThumbnails } from './galleryMessages.ts';

/** Thumbnails in one request: few enough for the first to show soon. */
const batchSize = 32;
/** Requests under way: while the pictures of one peer take their time, those of another come. */
const parallel = 2;

/**
 * Brings the thumbnails that a gallery wants. What it wants now replaces what it wanted before: somebody who scrolls on does not
 * wait for what went by.
 */
export class ThumbnailQueue {
  readonly #client: Pick<DaemonClient, 'thumbnails'>;
  readonly #signal: AbortSignal;
  readonly #deliver: (message: GalleryThumbnailsMessage) => void;
  readonly #failed: (error: unknown) => void;
  readonly #underWay = new Set<string>();
  #wanted: string[] = [];
  #workers = 0;

  constructor(
    client: Pick<DaemonClient, 'thumbnails'>,
    signal: AbortSignal,
    deliver: (message: GalleryThumbnailsMessage) => void,
    failed: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#signal = signal;
    this.#deliver = deliver;
    this.#failed = failed;
  }

  want(ids: readonly string[]): void {
    this.#wanted = ids.filter((id) => !this.#underWay.has(id));
    while (this.#workers < parallel && this.#workers * batchSize < this.#wanted.length) {
      this.#workers++;
      this.#work()
        .catch(this.#failed)
        .finally(() => this.#workers--);
    }
  }

  async #work(): Promise<void> {
    for (let ids = this.#take(); ids.length > 0 && !this.#signal.aborted; ids = this.#take()) {
      try {
        this.#deliver(packThumbnails(ids, await this.#client.thumbnails(ids, { signal: this.#signal })));
      } finally {
        for (const id of ids) this.#underWay.delete(id);
      }
    }
  }

  #take(): string[] {
    const ids = this.#wanted.splice(0, batchSize);
    for (const id of ids) this.#underWay.add(id);
    return ids;
  }
}
