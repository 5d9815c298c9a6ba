/** Milliseconds between two looks. */
const interval = 50;

/**
 * Looks until `condition` gives something other than undefined, null or false, and returns it; a look that throws counts as "not yet".
 * @param limit milliseconds
 * @throws with the last reason when the limit has passed
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  limit = 20_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + limit;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
