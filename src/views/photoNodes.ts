import type { MonthCount, PeerSummary, PhotoSummary } from '../protocol/control.ts';

/**
 * The shape of the trees, without VS Code: peer -> year -> month -> photo. Every node has an id that stays the same when the
 * collection changes, and knows its parent, so that VS Code keeps selection and expansion and can reveal a node.
 */

/** Photos below one node, at most: VS Code asks for every child of a node that is open (microsoft/vscode#232263). */
export const maxChildren = 1_000;

export interface PeerNode {
  readonly kind: 'peer';
  readonly id: string;
  readonly parent: undefined;
  readonly peer: PeerSummary;
}
export interface YearNode {
  readonly kind: 'year';
  readonly id: string;
  readonly parent: PeerNode | undefined;
  /** Null: photos without a date. */
  readonly year: string | null;
  readonly months: readonly MonthCount[];
  readonly photos: number;
}
export interface MonthNode {
  readonly kind: 'month';
  readonly id: string;
  readonly parent: YearNode;
  readonly month: string;
  readonly photos: number;
}
export interface PhotoNode {
  readonly kind: 'photo';
  readonly id: string;
  readonly parent: YearNode | MonthNode;
  readonly photo: PhotoSummary;
}
/** Says that there are more photos than are shown. */
export interface MoreNode {
  readonly kind: 'more';
  readonly id: string;
  readonly parent: YearNode | MonthNode;
  readonly photos: number;
}
export type PhotoTreeNode = PeerNode | YearNode | MonthNode | PhotoNode | MoreNode;

/** This peer first, then those online, then by name. */
export function peerNodes(peers: readonly PeerSummary[]): PeerNode[] {
  const rank = (peer: PeerSummary): number => (peer.self ? 0 : peer.online ? 1 : 2);
  return peers
    .toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || (a.peerId < b.peerId ? -1 : 1))
    .map((peer) => ({ kind: 'peer', id: `peer:${peer.peerId}`, parent: undefined, peer }));
}

/** The years of some months, newest first; photos without a date last. */
export function yearNodes(parent: PeerNode | undefined, months: readonly MonthCount[]): YearNode[] {
  const years = Map.groupBy(months, ({ month }) => month?.slice(0, 4) ?? null);
  return [...years]
    .toSorted(([a], [b]) => (a === b ? 0 : a === null || (b !== null && a < b) ? 1 : -1))
    .map(([year, months]) => ({
      kind: 'year',
      id: `${parent?.id ?? 'all'}/${year ?? 'undated'}`,
      parent,
      year,
      months,
      photos: months.reduce((sum, { photos }) => sum + photos, 0),
    }));
}

/** The months of a year, newest first. */
export function monthNodes(parent: YearNode): MonthNode[] {
  return parent.months
    .flatMap(({ month, photos }) => (month === null ? [] : [{ month, photos }]))
    .toSorted((a, b) => (a.month < b.month ? 1 : -1))
    .map(({ month, photos }) => ({ kind: 'month', id: `${parent.id}/${month}`, parent, month, photos }));
}

/** Some photos, and one more node when there are more than are shown. */
export function photoNodes(
  parent: YearNode | MonthNode,
  photos: readonly PhotoSummary[],
  total: number,
): (PhotoNode | MoreNode)[] {
  const shown = photos
    .slice(0, maxChildren)
    .map((photo): PhotoNode => ({ kind: 'photo', id: `${parent.id}/${photo.id}`, parent, photo }));
  const more = total - shown.length;
  return more > 0 ? [...shown, { kind: 'more', id: `${parent.id}/more`, parent, photos: more }] : shown;
}

/** The peer that a node belongs to; undefined in the tree of the whole collection. */
export function peerOf(node: PhotoTreeNode): PeerSummary | undefined {
  for (let at: PhotoTreeNode | undefined = node; at !== undefined; at = at.parent) {
    if (at.kind === 'peer') return at.peer;
  }
  return undefined;
}

/** What finds the photos of a node in the gallery: the month, and who holds them where the node is below a peer. */
export function queryFor(node: YearNode | MonthNode): string {
  // A search knows a peer by the words of its name, without what stands between them.
  const name = peerOf(node)?.name.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...name, ...(node.kind === 'month' ? [node.month] : [])].join(' ');
}

/** Where the bytes of a photo can be had. */
export type Availability = 'own' | 'remote' | 'offline';

/** @param self peer id of this window's daemon */
export function availabilityOf(photo: Pick<PhotoSummary, 'holders'>, self: string): Availability {
  if (photo.holders.some(({ peerId }) => peerId === self)) return 'own';
  return photo.holders.some(({ online }) => online) ? 'remote' : 'offline';
}
