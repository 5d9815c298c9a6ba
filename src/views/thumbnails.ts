import type { DaemonClient } from '../client/types.ts';
import { maxThumbnailBatch } from '../protocol/control.ts';

/** Characters of pictures that are kept, about three times a quick pick full of them. */
const maxKept = 12_000_000;

/**
 * Small pictures as `data:` addresses, which VS Code's lists and hovers show (a `photo:` icon stays empty there).
 * Keeps the ones used last.
 */
export class Thumbnails {
  readonly #kept = new Map<string, string>();
  #size = 0;

  /** What is here already. */
  get(id: string): string | undefined {
    const url = this.#kept.get(id);
    if (url !== undefined) {
      this.#kept.delete(id);
      this.#kept.set(id, url);
    }
    return url;
  }

  /**
   * Brings what is missing among `ids`, batch by batch, in their order; `arrived` is called after each.
   * @throws AppError `cancelled`, `daemon-unreachable`
   */
  async load(
    client: Pick<DaemonClient, 'thumbnails'>,
    ids: readonly string[],
    signal: AbortSignal,
    arrived?: () => void,
  ): Promise<void> {
    const missing = ids.filter((id) => !this.#kept.has(id));
    for (let start = 0; start < missing.length; start += maxThumbnailBatch) {
      const batch = missing.slice(start, start + maxThumbnailBatch);
      for (const { id, mime, data } of await client.thumbnails(batch, { signal })) {
        this.#keep(id, `data:${mime};base64,${data}`);
      }
      arrived?.();
    }
  }

  #keep(id: string, url: string): void {
    this.#size += url.length - (this.#kept.get(id)?.length ?? 0);
    this.#kept.delete(id);
    this.#kept.set(id, url);
    for (const [oldest, old] of this.#kept) {
      if (this.#size <= maxKept) break;
      this.#kept.delete(oldest);
      this.#size -= old.length;
    }
  }
}
