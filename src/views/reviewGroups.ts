import type { DaemonClient } from '../client/types.ts';
import type { DuplicateGroup, DuplicatePhoto } from '../protocol/control.ts';
import type { ReviewPlace } from '../protocol/gallery.ts';

/** Groups in one page while a group is looked for by its id, and pages looked through, at most. */
const pageSize = 1_000;
const maxPages = 20;

/** A group of look-alikes and its place among all of them. */
export interface FoundGroup {
  readonly place: number;
  readonly total: number;
  /** Bytes to win in all groups. */
  readonly bytes: number;
  /** Undefined when there are no groups. */
  readonly group: DuplicateGroup | undefined;
}

/**
 * The group that a review is to show: the one that is wished for, wherever it is now; when it is gone, the one that has taken
 * its place.
 * @throws AppError as the daemon's `duplicates`
 */
export async function findGroup(
  client: Pick<DaemonClient, 'duplicates'>,
  wish: ReviewPlace,
  signal: AbortSignal,
): Promise<FoundGroup> {
  const page = (offset: number, limit: number) => client.duplicates({ offset, limit }, { signal });
  const { groups, total, bytes } = await page(wish.place, 1);
  const [there] = groups;
  const { group } = wish;
  if (group !== null && there?.group !== group && (await client.duplicates({ group }, { signal })).groups.length > 0) {
    for (let offset = 0; offset < Math.min(total, pageSize * maxPages); offset += pageSize) {
      const found = await page(offset, pageSize);
      const index = found.groups.findIndex((one) => one.group === group);
      if (index !== -1) {
        return { place: offset + index, total: found.total, bytes: found.bytes, group: found.groups[index] };
      }
    }
  }
  if (there !== undefined || total === 0)
    return { place: there === undefined ? 0 : wish.place, total, bytes, group: there };
  const [last] = (await page(total - 1, 1)).groups;
  return { place: total - 1, total, bytes, group: last };
}

/** What there is to tell of a photo beside its picture. */
export const factKinds = ['pixels', 'bytes', 'format', 'date', 'camera', 'place', 'holders'] as const;
export type FactKind = (typeof factKinds)[number];

/** In which facts a photo is another one than the keeper. */
export function differingFacts(photo: DuplicatePhoto, keeper: DuplicatePhoto): ReadonlySet<FactKind> {
  const facts = valuesOf(photo);
  const kept = valuesOf(keeper);
  return new Set(factKinds.filter((kind) => facts[kind] !== kept[kind]));
}

function valuesOf(photo: DuplicatePhoto): Record<FactKind, string | number | null> {
  return {
    pixels: `${photo.width} ${photo.height}`,
    bytes: photo.size,
    format: photo.format,
    date: photo.takenAt,
    camera: photo.camera,
    place: photo.place === null ? null : `${photo.place.latitude} ${photo.place.longitude}`,
    holders: photo.holders
      .map(({ peerId }) => peerId)
      .toSorted()
      .join(' '),
  };
}
