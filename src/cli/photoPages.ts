import type { ListParams, PhotoSummary } from '../protocol/control.ts';
import { maxListLimit } from '../protocol/control.ts';
import type { DaemonClient } from '../client/types.ts';
import { pages } from './pages.ts';

/** Photos asked for at once: enough to be fast, few enough for the memory of both ends. */
const pageSize = Math.min(1000, maxListLimit);

/** A page of photos, and how many match over all pages. */
export interface PhotoPage {
  readonly photos: readonly PhotoSummary[];
  readonly total: number;
}

/**
 * The photos that match, page by page until `limit` of them or all were given, none of them twice.
 * @param limit Infinity for all
 */
export async function* photoPages(
  client: Pick<DaemonClient, 'list'>,
  filter: Omit<ListParams, 'limit' | 'offset'>,
  offset: number,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<PhotoPage> {
  const found = pages({
    ask: (from, count) => client.list({ ...filter, offset: from, limit: count }, { signal }),
    itemsOf: ({ photos, total }) => ({ items: photos, total }),
    keyOf: ({ id }) => id,
    size: pageSize,
    offset,
    limit,
  });
  for await (const { page, items } of found) yield { photos: items, total: page.total };
}
