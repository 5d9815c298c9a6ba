import type { DaemonClient } from '../client/types.ts';
import type { DuplicateGroup, DuplicatePhoto } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
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
 * The group that a review is to show: the one that is wished for, wherever it is now; when it is gone, the one that its keeper
 * is in now; else the one that has taken its place.
 * @param keeper the keeper of the group when it was shown last
 * @throws AppError as the daemon's `duplicates`
 */
export async function findGroup(
  client: Pick<DaemonClient, 'duplicates' | 'show'>,
  wish: ReviewPlace,
  keeper: string | undefined,
  signal: AbortSignal,
): Promise<FoundGroup> {
  const page = (offset: number, limit: number) => client.duplicates({ offset, limit }, { signal });
  const { groups, total, bytes } = await page(wish.place, 1);
  const [there] = groups;
  if (wish.group !== null && there?.group !== wish.group) {
    const group = await currentId(client, wish.group, keeper, signal);
    const end = group === null ? 0 : Math.min(total, pageSize * maxPages);
    for (let offset = 0; offset < end; offset += pageSize) {
      const found = await page(offset, pageSize);
      const index = found.groups.findIndex((one) => one.group === group);
      if (index !== -1) {
        return { place: offset + index, total: found.total, bytes: found.bytes, group: found.groups[index] };
      }
    }
  }
  if (there !== undefined) return { place: wish.place, total, bytes, group: there };
  const [last] = total === 0 ? [] : (await page(total - 1, 1)).groups;
  return { place: Math.max(0, total - 1), total, bytes, group: last };
}

/** What a group is called now: another best photo gives it another id. Null when it is gone. */
async function currentId(
  client: Pick<DaemonClient, 'duplicates' | 'show'>,
  group: string,
  keeper: string | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  if ((await client.duplicates({ group }, { signal })).groups.length > 0) return group;
  if (keeper === undefined) return null;
  try {
    return (await client.show(keeper, { signal })).group;
  } catch (error) {
    if (AppError.is(error, 'not-found')) return null;
    throw error;
  }
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
