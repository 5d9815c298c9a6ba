import { AppError, type ErrorCode } from '../../protocol/errors.ts';

/** What one peer says of the size of a photo. */
export interface SizeStatement {
  peerId: string;
  /** Bytes. */
  size: number;
}

/** One size that a photo is said to have, and who can be asked for it. */
export interface SizeClaim {
  /** Bytes. */
  size: number;
  /** Peer ids, best first. */
  holders: string[];
}

/** Failures that a wrong size can be the cause of; with all others the next size would fail alike. */
const perhapsWrongSize: readonly ErrorCode[] = [
  'no-holder-online',
  'timeout',
  'protocol',
  'corrupt',
  'disk-full',
  'target-exists',
];

/**
 * An id stands for bytes of one size, but holders state it, and one may lie: a lie must not keep the others' photo from being
 * fetched. Each size that an askable holder states, with those holders; what most of them say comes first.
 * @param chosen bytes that the catalogue goes by: first among equals, and the only one where nobody can be asked
 * @param askable peer ids, best first
 */
export function sizeClaims(
  chosen: number,
  askable: readonly string[],
  statements: readonly SizeStatement[],
): SizeClaim[] {
  const stated = new Map(statements.map(({ peerId, size }) => [peerId, size]));
  const bySize = new Map<number, SizeClaim>();
  for (const peerId of askable) {
    const size = stated.get(peerId) ?? chosen;
    const claim = bySize.get(size);
    if (claim === undefined) bySize.set(size, { size, holders: [peerId] });
    else claim.holders.push(peerId);
  }
  if (bySize.size === 0) return [{ size: chosen, holders: [] }];
  return [...bySize.values()].sort(
    (a, b) => b.holders.length - a.holders.length || Number(b.size === chosen) - Number(a.size === chosen),
  );
}

/**
 * Does `work` with one claim after the other, until it succeeds or fails for a reason that no other size would change.
 * @throws what `work` throws; when it fails with every claim, what it threw with the first
 */
export async function withClaims<T>(claims: readonly SizeClaim[], work: (claim: SizeClaim) => Promise<T>): Promise<T> {
  let failure: AppError | undefined;
  for (const claim of claims) {
    try {
      return await work(claim);
    } catch (error) {
      if (!AppError.is(error, ...perhapsWrongSize)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? new AppError('internal', 'There is no size to ask for.');
}
