import type {
  DaemonStatus,
  DuplicateGroup,
  DuplicatePhoto,
  PhotoDetails,
  PhotoSummary,
} from '../../src/protocol/control.ts';

/** An id whose first digits are `start`. */
export function idOf(start: string): string {
  return start.padEnd(64, '0');
}

const summary: PhotoSummary = {
  id: idOf('a1'),
  blockhash: null,
  name: 'a.jpg',
  size: 2_000_000,
  width: 4000,
  height: 3000,
  format: 'jpeg',
  takenAt: null,
  holders: [{ peerId: 'peer-ana', name: 'Ana', online: true, kind: 'original' }],
  group: null,
  keeper: true,
};

/** Everything that is known of a made-up photo. */
export function details(facts: Partial<PhotoDetails>): PhotoDetails {
  return {
    ...summary,
    camera: null,
    place: null,
    damaged: false,
    linked: [],
    fromGroup: { takenAt: null, camera: null, place: null },
    paths: [],
    ...facts,
  };
}

/** A made-up photo of a group. */
export function groupPhoto(facts: Partial<DuplicatePhoto>): DuplicatePhoto {
  return {
    ...summary,
    camera: null,
    place: null,
    damaged: false,
    tier: 'T2',
    distance: 0,
    reason: '',
    differences: [],
    ...facts,
  };
}

/** A made-up group of these photos, the first of which is the keeper. */
export function group(facts: Partial<DuplicateGroup> & Pick<DuplicateGroup, 'group' | 'photos'>): DuplicateGroup {
  return {
    keeper: facts.photos[0]?.id ?? '',
    keeperReason: 'pixels',
    bytes: 1_500_000,
    metadata: { takenAt: null, camera: null, place: null },
    ...facts,
  };
}

/** Numbers of a daemon without photos. */
export const nothing: DaemonStatus['photos'] = {
  local: 0,
  collection: 0,
  underReplicated: 0,
  redundant: 0,
  duplicateGroups: 0,
  duplicateBytes: 0,
  unreadable: 0,
};

/** What a daemon says of itself. */
export function daemonStatus(facts: Partial<DaemonStatus>): DaemonStatus {
  return {
    peerId: 'peer-ana',
    name: 'Ana',
    folder: '/photos',
    port: 5000,
    addresses: [],
    network: 'default',
    central: { peerId: 'peer-ana', name: 'Ana', port: 5000, self: true },
    term: 1,
    health: 'ok',
    problems: [],
    scanning: null,
    comparing: null,
    photos: nothing,
    bytes: { originals: 0, replicas: 0, quota: null },
    version: '1.0.0',
    ...facts,
  };
}
