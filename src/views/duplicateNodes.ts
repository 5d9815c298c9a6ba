import type { DaemonClient } from '../client/types.ts';
import type { DuplicateGroup, DuplicatePhoto, DuplicatesResult, PhotoSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';

/** The shape of the tree of duplicates, without VS Code: group -> photo, the keeper first. */

/** Groups in the tree, at most: beyond that the gallery shows them, one at a time. */
export const maxGroups = 1_000;

export interface GroupNode {
  readonly kind: 'group';
  readonly id: string;
  readonly parent: undefined;
  readonly group: DuplicateGroup;
  readonly keeper: DuplicatePhoto;
}
export interface DuplicateNode {
  readonly kind: 'duplicate';
  readonly id: string;
  readonly parent: GroupNode;
  readonly photo: DuplicatePhoto;
}
/** Says that there are more groups than are shown. */
export interface MoreGroupsNode {
  readonly kind: 'moreGroups';
  readonly id: string;
  readonly parent: undefined;
  readonly groups: number;
}
export type DuplicateTreeNode = GroupNode | DuplicateNode | MoreGroupsNode;

/** The groups of an answer, and one more node when there are more than are shown. */
export function groupNodes({ groups, total }: DuplicatesResult): (GroupNode | MoreGroupsNode)[] {
  const shown = groups.slice(0, maxGroups).flatMap((group): GroupNode[] => {
    const keeper = group.photos.find(({ id }) => id === group.keeper);
    return keeper === undefined
      ? []
      : [{ kind: 'group', id: `group:${group.group}`, parent: undefined, group, keeper }];
  });
  const more = total - Math.min(groups.length, maxGroups);
  return more > 0 ? [...shown, { kind: 'moreGroups', id: 'moreGroups', parent: undefined, groups: more }] : shown;
}

/** The photos of a group, the keeper first. */
export function duplicateNodes(parent: GroupNode): DuplicateNode[] {
  const others = parent.group.photos.filter(({ id }) => id !== parent.keeper.id);
  return [parent.keeper, ...others].map((photo) => ({
    kind: 'duplicate',
    id: `${parent.id}/${photo.id}`,
    parent,
    photo,
  }));
}

/** The best photo of the group of `photo`; undefined when it has none, or nobody can tell now. */
export async function keeperOf(
  { client, signal }: { readonly client: Pick<DaemonClient, 'duplicates'>; readonly signal: AbortSignal },
  { group }: Pick<PhotoSummary, 'group'>,
): Promise<DuplicatePhoto | undefined> {
  if (group === null) return undefined;
  try {
    const [found] = (await client.duplicates({ group }, { signal })).groups;
    return found?.photos.find(({ id }) => id === found.keeper);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
