import type { ListParams, PhotoSummary } from '../protocol/control.ts';
import { maxListLimit } from '../protocol/control.ts';
import type { DaemonClient } from '../client/types.ts';

/** Photos asked for at once: enough to be fast, few enough for the memory of both ends. */
const pageSize = Math.min(1000, maxListLimit);

/** A page of photos, and how many match over all pages. */
export interface PhotoPage {
  readonly photos: readonly PhotoSummary[];
  readonly total: number;
}

/**
 * The photos that match, page by page until `limit` of them or all were given. A photo that moves to another page because
 * the collection changes meanwhile is given once.
 * @param limit Infinity for all
 */
export async function* photoPages(
  client: Pick<DaemonClient, 'list'>,
  filter: Omit<ListParams, 'limit' | 'offset'>,
  offset: number,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<PhotoPage> {
  const given = new Set<string>();
  let next = offset;
  for (;;) {
    const wanted = Math.min(pageSize, limit - given.size);
    const { photos, total } = await client.list({ ...filter, offset: next, limit: wanted }, { signal });
    const fresh = photos.filter(({ id }) => !given.has(id));
    for (const { id } of fresh) given.add(id);
    yield { photos: fresh, total };
    next += photos.length;
    if (photos.length === 0 || next >= total || given.size >= limit) return;
  }
}
