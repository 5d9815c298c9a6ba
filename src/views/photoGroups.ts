import type { Holder, PhotoSummary } from '../protocol/control.ts';

/** Photos that are to be had from one peer. */
export interface PickGroup {
  /** Undefined for photos that no peer holds any more. */
  readonly holder: Holder | undefined;
  readonly photos: PhotoSummary[];
}

/**
 * Photos by the peer that they would come from: first the friends who are online, then this computer, then who is offline;
 * within each the order stays.
 * @param self peer id of this window's daemon
 */
export function pickGroups(photos: readonly PhotoSummary[], self: string): PickGroup[] {
  const groups = new Map<string | undefined, PickGroup>();
  for (const photo of photos) {
    const holder = sourceOf(photo, self);
    const group = groups.get(holder?.peerId);
    if (group === undefined) groups.set(holder?.peerId, { holder, photos: [photo] });
    else group.photos.push(photo);
  }
  return [...groups.values()].toSorted(
    (a, b) =>
      rankOf(a.holder, self) - rankOf(b.holder, self) || (a.holder?.name ?? '').localeCompare(b.holder?.name ?? ''),
  );
}

/** A photo that is here already need not come from anywhere; else the original of one who is online is best. */
function sourceOf({ holders }: PhotoSummary, self: string): Holder | undefined {
  const own = holders.find(({ peerId }) => peerId === self);
  if (own !== undefined) return own;
  const score = ({ online, kind }: Holder): number => (online ? 2 : 0) + (kind === 'original' ? 1 : 0);
  return holders.toSorted((a, b) => score(b) - score(a) || (a.peerId < b.peerId ? -1 : 1))[0];
}

function rankOf(holder: Holder | undefined, self: string): number {
  if (holder === undefined) return 3;
  if (holder.peerId === self) return 1;
  return holder.online ? 0 : 2;
}
