import type { DuplicateGroup, DuplicatesParams } from '../protocol/control.ts';
import type { DaemonClient } from '../client/types.ts';
import { pages } from './pages.ts';

/** Groups asked for at once: each may hold many photos. */
const pageSize = 200;

/** A page of groups; how many there are over all pages, and the bytes to win in all of them. */
export interface GroupPage {
  readonly groups: readonly DuplicateGroup[];
  readonly total: number;
  readonly bytes: number;
}

/**
 * The groups of look-alikes, most bytes to win first, page by page until `limit` of them or all were given, none of
 * them twice.
 * @param limit Infinity for all
 */
export async function* groupPages(
  client: Pick<DaemonClient, 'duplicates'>,
  filter: Pick<DuplicatesParams, 'threshold'>,
  offset: number,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<GroupPage> {
  const found = pages({
    ask: (from, count) => client.duplicates({ ...filter, offset: from, limit: count }, { signal }),
    itemsOf: ({ groups, total }) => ({ items: groups, total }),
    keyOf: ({ group }) => group,
    size: pageSize,
    offset,
    limit,
  });
  for await (const { page, items } of found) yield { groups: items, total: page.total, bytes: page.bytes };
}
