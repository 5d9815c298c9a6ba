import type { PhotoId } from '../../protocol/photo.ts';
import type { KeeperFacts } from './keeper.ts';
import { compareKeepers, keeperOf } from './keeper.ts';

/** A photo by its number in the catalogue. */
export type NumberedPhoto = KeeperFacts & { photo: number };

/** Two photos that are duplicates of each other. */
export interface DuplicateEdge {
  a: number;
  b: number;
}

/**
 * Groups photos: stars around their keepers, never chains. The best photo that is in no group yet becomes a keeper, and all
 * its duplicates that are in no group yet its group; and so on. So each member is a duplicate of its keeper itself, and worse
 * than it. The result depends on the facts alone, not on the order they come in.
 * @param photos with different numbers; edges that name others are left out
 * @returns the keeper of each photo that is in a group, the keeper itself included
 */
export function starsOf(photos: readonly NumberedPhoto[], edges: readonly DuplicateEdge[]): Map<number, number> {
  const neighbours = new Map<number, number[]>(photos.map(({ photo }) => [photo, []]));
  for (const { a, b } of edges) {
    const [ofA, ofB] = [neighbours.get(a), neighbours.get(b)];
    if (a === b || ofA === undefined || ofB === undefined) continue;
    ofA.push(b);
    ofB.push(a);
  }
  const keepers = new Map<number, number>();
  for (const { photo } of photos.toSorted(compareKeepers)) {
    if (keepers.has(photo)) continue;
    for (const other of neighbours.get(photo) ?? []) {
      if (keepers.has(other)) continue;
      keepers.set(other, photo);
      keepers.set(photo, photo);
    }
  }
  return keepers;
}

/** The best of a group by the facts alone, whatever a person chose: it names the group. */
export function leadOf<T extends KeeperFacts>(photos: Iterable<T>): T | undefined {
  return keeperOf(Array.from(photos, (photo) => ({ ...photo, chosen: 0 })));
}

/** Digits of a group's id. */
const groupIdLength = 16;

/**
 * Id of a group: the start of the id of its {@link leadOf | lead}. The same on every peer, and it stays when others join or
 * leave the group, or when a person chooses another keeper for it.
 */
export function groupId(lead: PhotoId): string {
  return lead.slice(0, groupIdLength);
}
