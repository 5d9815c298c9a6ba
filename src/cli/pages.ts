/** A part of a long answer, and how many things there are over all pages. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** What is asked for, and how much of it at once. */
export interface PageRequest<P, T> {
  /** Asks for one page. */
  ask: (offset: number, limit: number) => Promise<P>;
  itemsOf: (page: P) => Page<T>;
  /** What a thing is known by. */
  keyOf: (item: T) => string;
  /** Things asked for at once. */
  size: number;
  offset: number;
  /** Infinity for all. */
  limit: number;
}

/**
 * Things page by page until `limit` of them or all were given. One that moves to another page because the collection
 * changes meanwhile is given once.
 */
export async function* pages<P, T>({
  ask,
  itemsOf,
  keyOf,
  size,
  offset,
  limit,
}: PageRequest<P, T>): AsyncGenerator<{ page: P; items: readonly T[] }> {
  const given = new Set<string>();
  let next = offset;
  for (;;) {
    const page = await ask(next, Math.min(size, limit - given.size));
    const { items, total } = itemsOf(page);
    const fresh = items.filter((item) => !given.has(keyOf(item)));
    for (const item of fresh) given.add(keyOf(item));
    yield { page, items: fresh };
    next += items.length;
    if (items.length === 0 || next >= total || given.size >= limit) return;
  }
}
