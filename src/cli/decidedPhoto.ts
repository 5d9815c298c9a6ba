import type { Decision, DecisionRecord } from '../protocol/control.ts';
import type { PhotoId } from '../protocol/photo.ts';
import type { DaemonClient } from '../client/types.ts';

/** A photo that a decision is about. */
export interface DecidedPhoto {
  readonly id: PhotoId;
  /** As a peer calls it; empty when the photo is no longer in the collection. */
  readonly name: string;
}

/** The photos that a decision is about, in its order. */
export function photosOfDecision(decision: DecisionRecord): DecidedPhoto[] {
  const ids = decision.kind === 'distinct' ? decision.photos : [decision.photo];
  return ids.map((id, index) => ({ id, name: decision.names[index] ?? '' }));
}

/**
 * The photo whose decision is to be taken back: one of those that were decided, although it may have left the
 * collection since; else one of the collection.
 * @param reference full id, unique prefix, or blockhash
 * @throws AppError `not-found`, `ambiguous`
 */
export async function decidedPhoto(
  client: Pick<DaemonClient, 'decisions' | 'show'>,
  kind: Decision['kind'],
  reference: string,
  signal: AbortSignal,
): Promise<DecidedPhoto> {
  const decisions = await client.decisions({ signal });
  const meant = new Map(
    decisions
      .filter((decision) => decision.kind === kind)
      .flatMap(photosOfDecision)
      .filter(({ id }) => id.startsWith(reference))
      .map((photo) => [photo.id, photo]),
  );
  const [first] = meant.values();
  return first !== undefined && meant.size === 1 ? first : client.show(reference, { signal });
}
