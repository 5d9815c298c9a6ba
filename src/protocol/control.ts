import * as v from 'valibot';
import { NotificationType, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { PhotoFormat, PhotoId, Place } from './photo.ts';
import { PhotoIdSchema } from './photo.ts';

/**
 * The control API: JSON-RPC 2.0 over the local socket of a daemon. The shapes of the results are the ones that the
 * `photo-organizer` command prints with `--json`. Every parameter is checked by its schema in the daemon before use.
 */

/** Raised with every incompatible change; `hello` refuses another one. */
export const controlProtocolVersion = 1;

/** Thumbnails asked for in one request, at most. */
export const maxThumbnailBatch = 64;

/** Photos in one page of `list`, at most. */
export const maxListLimit = 10_000;

//#region shapes

export type Health = 'ok' | 'warning' | 'error';

/** Progress of a scan; rate in photos per second, time left in seconds (null until it can be told). */
export interface ScanProgress {
  done: number;
  total: number;
  rate: number;
  secondsLeft: number | null;
}

export interface CompareProgress {
  /** Photos compared since the comparing began, and to compare in all. */
  done: number;
  total: number;
  /** Pairs that wait for a peer to come back, because only it can tell how alike they are. */
  waiting: number;
}

export interface DaemonStatus {
  peerId: string;
  name: string;
  folder: string;
  port: number;
  /** Multiaddrs that other peers dial, each ending in `/p2p/<peerId>`. */
  addresses: string[];
  network: string;
  central: { peerId: string; name: string; port: number; self: boolean };
  /** Raised by every takeover. */
  term: number;
  health: Health;
  /** What is wrong, for people: one sentence each; empty when health is `ok`. */
  problems: string[];
  scanning: ScanProgress | null;
  /** Photos that are being compared with all others; null when all have been. */
  comparing: CompareProgress | null;
  photos: {
    /** Photos whose file is in this folder. */
    local: number;
    /** Different photos in the collection. */
    collection: number;
    /** Photos with fewer copies than wanted. */
    underReplicated: number;
    /** Photos that are the same picture as a better one. */
    redundant: number;
    /** Groups of duplicates as `duplicates` gives them, and the bytes to win in all of them. */
    duplicateGroups: number;
    duplicateBytes: number;
    /** Files in this folder that look like photos but could not be read or decoded. */
    unreadable: number;
  };
  /** Bytes; quota is null when none was set. */
  bytes: { originals: number; replicas: number; quota: number | null };
  version: string;
}

export interface PeerSummary {
  peerId: string;
  name: string;
  port: number;
  addresses: string[];
  online: boolean;
  central: boolean;
  self: boolean;
  photos: number;
  /** Bytes of the photos that the peer holds. */
  bytes: number;
  /** ISO 8601; now for a peer that is online. */
  lastSeen: string;
}

export interface Holder {
  peerId: string;
  name: string;
  online: boolean;
  kind: 'original' | 'replica';
}

export interface PhotoSummary {
  id: PhotoId;
  blockhash: string | null;
  name: string;
  size: number;
  width: number;
  height: number;
  format: PhotoFormat;
  takenAt: string | null;
  holders: Holder[];
  /** Id of the duplicate group, null for a photo without look-alikes. */
  group: string | null;
  /** Whether this is the best version of its group; true for a photo without a group. */
  keeper: boolean;
}

/** Another file of the same shot that is no duplicate: it has what this one lacks. */
export interface LinkedPhoto {
  id: PhotoId;
  name: string;
  /** `raw`: camera's raw file and the picture made from it. `motion`: with and without its film. */
  kind: 'raw' | 'motion';
}

export interface PhotoDetails extends PhotoSummary {
  camera: string | null;
  place: Place | null;
  damaged: boolean;
  linked: LinkedPhoto[];
  /** Date, camera and place that only look-alikes of the photo have; null for each that it has itself or nobody has. */
  fromGroup: Pick<GroupMetadata, 'takenAt' | 'camera' | 'place'>;
  /** Paths below this folder that hold these bytes; empty when only other peers hold the photo. */
  paths: string[];
}

/** How readily two photos count as look-alikes. */
export const similaritySteps = ['strict', 'normal', 'loose'] as const;
export type SimilarityStep = (typeof similaritySteps)[number];

/** In which way a photo differs from the keeper of its group. */
export type PhotoDifference =
  /** Same bytes, more copies than wanted. */
  | { kind: 'identical'; copies: number }
  /** Other bytes, exactly the same pixels. */
  | { kind: 'same-pixels' }
  /** Pixels along a side, in percent of the keeper's. */
  | { kind: 'scaled'; percent: number }
  | { kind: 'format'; format: PhotoFormat }
  /** Fewer bytes for the same pixels, in percent of the keeper's. */
  | { kind: 'compressed'; percent: number }
  | { kind: 'greyscale' }
  /** This one has colour and the keeper does not. */
  | { kind: 'coloured' }
  /** Shows only this much of the keeper's picture (percent of its area). */
  | { kind: 'cropped'; percent: number }
  /** The keeper shows only this much of this one's picture. */
  | { kind: 'wider'; percent: number }
  /** Clockwise, against the keeper. */
  | { kind: 'turned'; degrees: 90 | 180 | 270 }
  | { kind: 'mirrored' }
  /** Other tones, a caption, a frame: alike, and not the same. */
  | { kind: 'edited' }
  | { kind: 'damaged' };

/**
 * T0 same bytes, T1 same pixels, T2 the same shot re-encoded, resized, recoloured or annotated, T3 cropped, turned or
 * mirrored. (Neighbours in a burst are no duplicates.)
 */
export type DuplicateTier = 'T0' | 'T1' | 'T2' | 'T3';

export interface DuplicatePhoto extends PhotoSummary {
  camera: string | null;
  place: Place | null;
  damaged: boolean;
  tier: DuplicateTier;
  /** Different bits (of 256) between the most similar hashes of this photo and the keeper; 0 for the keeper itself. */
  distance: number;
  /** One line for people (English): why it is in the group. */
  reason: string;
  /** The same, to be put into words in another language. Empty for the keeper. */
  differences: PhotoDifference[];
}

/** Why the keeper is the best of its group: what decided against the next best. */
export type KeeperReason =
  'chosen' | 'whole' | 'colour' | 'pixels' | 'format' | 'quality' | 'metadata' | 'first-id' | 'only';

/** What a camera wrote that the keeper lacks and another photo of the group has. */
export interface GroupMetadata {
  takenAt: string | null;
  camera: string | null;
  place: Place | null;
}

/** The keeper and the photos that match it, each of them directly. */
export interface DuplicateGroup {
  /** Id of the group: stays while its best photo by the facts stays. */
  group: string;
  keeper: PhotoId;
  keeperReason: KeeperReason;
  /** Bytes that all copies of the redundant photos take. */
  bytes: number;
  /** Date, camera and place that the keeper lacks and others of the group have. */
  metadata: GroupMetadata;
  /** The keeper first. */
  photos: DuplicatePhoto[];
}

/** What a person said of photos: it counts for every peer. */
export type Decision = { kind: 'distinct'; photos: [PhotoId, PhotoId] } | { kind: 'keeper'; photo: PhotoId };

/** A decision that counts now, to be shown and taken back. */
export type DecisionRecord = Decision & {
  /** Names of the photos, in the order of the decision; empty for one that is no longer in the collection. */
  names: string[];
  /** ISO 8601. */
  at: string;
  /** Display name of the peer where it was decided. */
  by: string;
};

/** One copy that would leave its holder. */
export interface PlannedDrop {
  id: PhotoId;
  name: string;
  group: string;
  keeper: PhotoId;
  peerId: string;
  peerName: string;
  kind: 'original' | 'replica';
  /** Bytes. */
  size: number;
  reason: string;
}

export interface DedupeResult {
  planned: PlannedDrop[];
  dropped: PlannedDrop[];
  refused: PlannedDrop[];
}

/** A file that looks like a photo but is not one we can take. */
export interface UnreadableFile {
  /** Path relative to the photo folder. */
  path: string;
  /** One sentence. */
  reason: string;
}

export interface FetchResult {
  id: PhotoId;
  /** Absolute path of the file that was written (or was already there with the same bytes). */
  path: string;
  size: number;
  /** Peers that the bytes came from, in order; this peer alone when it holds the photo itself. */
  from: string[];
  seconds: number;
}

/** Bytes of a photo that have arrived so far. */
export interface FetchProgress {
  received: number;
  size: number;
}

export interface Thumbnail {
  id: PhotoId;
  /** `image/webp` or `image/jpeg`. */
  mime: string;
  /** Base64. */
  data: string;
}

//#endregion

//#region parameters

export const HelloParamsSchema = v.object({ protocol: v.number(), version: v.string(), token: v.string() });
export type HelloParams = v.InferOutput<typeof HelloParamsSchema>;
export interface HelloResult {
  protocol: number;
  version: string;
  pid: number;
  peerId: string;
  folder: string;
  logFile: string;
}

const Natural = v.pipe(v.number(), v.integer(), v.minValue(0));
/** What a person may type for a date: a year, a month, a day, or a full date and time. */
export const DateSchema = v.pipe(v.string(), v.regex(/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?)?$/));

export const ListParamsSchema = v.object({
  /** Peer id, unique prefix of one, or display name. */
  peer: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Text to find in file name, camera or date; or the start of an id, six digits or more. */
  query: v.optional(v.pipe(v.string(), v.maxLength(200))),
  /** From the first moment of this date on; `before` ends just before its first moment. Photos without a date are in neither. */
  after: v.optional(DateSchema),
  before: v.optional(DateSchema),
  /** Exactly one of the groups that `months` counts: `YYYY-MM`, or null for the photos without a date. */
  month: v.optional(v.nullable(v.pipe(v.string(), v.regex(/^\d{4}-\d{2}$/)))),
  duplicates: v.optional(v.boolean()),
  /** Newest first (the default), by name, or largest first; always then by id. */
  sort: v.optional(v.picklist(['date', 'name', 'size'])),
  limit: v.optional(v.pipe(Natural, v.maxValue(maxListLimit))),
  offset: v.optional(Natural),
});
export type ListParams = v.InferInput<typeof ListParamsSchema>;
export interface ListResult {
  /** Photos that match, over all pages. */
  total: number;
  photos: PhotoSummary[];
}

/** How many photos there are in each month, newest first: what trees group by without listing photos. */
export const GroupsParamsSchema = v.object({
  peer: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
});
export type GroupsParams = v.InferInput<typeof GroupsParamsSchema>;
export interface MonthCount {
  /** `YYYY-MM`, or null for photos without a date. */
  month: string | null;
  photos: number;
}

/** A full id, a unique prefix of six or more digits, or a full blockhash. */
export const PhotoReferenceSchema = v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]{6,64}$/));
export const ShowParamsSchema = v.object({ photo: PhotoReferenceSchema });
export type ShowParams = v.InferInput<typeof ShowParamsSchema>;

export const FetchParamsSchema = v.object({
  photo: PhotoReferenceSchema,
  /** Absolute path of a file, or of a folder that exists (then the photo's own name is used). */
  target: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  force: v.optional(v.boolean()),
});
export type FetchParams = v.InferInput<typeof FetchParamsSchema>;

export const OpenParamsSchema = v.object({ id: PhotoIdSchema });
export type OpenParams = v.InferInput<typeof OpenParamsSchema>;
/** A file with the photo's bytes that may be read until the daemon ends: the original, or a cached copy. Never to be written. */
export interface OpenResult {
  path: string;
  size: number;
}

/** Id of a duplicate group. */
export const GroupIdSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));

export const DuplicatesParamsSchema = v.object({
  /** One group alone. */
  group: v.optional(GroupIdSchema),
  /** A named step, or the most different bits; the daemon's own step when it is left out. */
  threshold: v.optional(v.union([v.picklist(similaritySteps), v.pipe(Natural, v.maxValue(256))])),
  limit: v.optional(v.pipe(Natural, v.maxValue(1000))),
  offset: v.optional(Natural),
});
export type DuplicatesParams = v.InferInput<typeof DuplicatesParamsSchema>;
export interface DuplicatesResult {
  /** Groups that match, and the bytes to win in all of them, over all pages. */
  total: number;
  bytes: number;
  /** Most bytes to win first. */
  groups: DuplicateGroup[];
}

export const DecisionSchema = v.variant('kind', [
  v.object({ kind: v.literal('distinct'), photos: v.tuple([PhotoIdSchema, PhotoIdSchema]) }),
  v.object({ kind: v.literal('keeper'), photo: PhotoIdSchema }),
]);
export const DecideParamsSchema = v.object({
  decisions: v.pipe(v.array(DecisionSchema), v.minLength(1), v.maxLength(1000)),
  /** Takes the decisions back. */
  undo: v.optional(v.boolean()),
});
export type DecideParams = v.InferInput<typeof DecideParamsSchema>;

export const CompareParamsSchema = v.object({ progress: v.optional(v.pipe(v.string(), v.maxLength(100))) });

export const DedupeParamsSchema = v.object({
  group: v.optional(GroupIdSchema),
  /** Keep this one of its group. */
  keep: v.optional(PhotoReferenceSchema),
  apply: v.optional(v.boolean()),
});
export type DedupeParams = v.InferInput<typeof DedupeParamsSchema>;

export const ThumbnailsParamsSchema = v.object({
  ids: v.pipe(v.array(PhotoIdSchema), v.maxLength(maxThumbnailBatch)),
});
export type ThumbnailsParams = v.InferInput<typeof ThumbnailsParamsSchema>;

//#endregion

//#region messages

/** The first request on every connection; nothing else is answered before it. */
export const helloRequest = new RequestType<HelloParams, HelloResult, void>('hello');
export const statusRequest = new RequestType0<DaemonStatus, void>('status');
export const peersRequest = new RequestType0<PeerSummary[], void>('peers');
export const listRequest = new RequestType<ListParams, ListResult, void>('list');
export const monthsRequest = new RequestType<GroupsParams, MonthCount[], void>('months');
export const showRequest = new RequestType<ShowParams, PhotoDetails, void>('show');
/** Report progress with `workDoneToken`-less `fetchProgress`: the token is the request's `progress` parameter. */
export const fetchRequest = new RequestType<FetchParams & { progress?: string }, FetchResult, void>('fetch');
export const openRequest = new RequestType<OpenParams & { progress?: string }, OpenResult, void>('open');
/** Missing thumbnails (no pixels, no holder online) are left out of the answer. */
export const thumbnailsRequest = new RequestType<ThumbnailsParams, Thumbnail[], void>('thumbnails');
/** Groups of look-alikes, and photos with more copies than wanted. */
export const duplicatesRequest = new RequestType<DuplicatesParams, DuplicatesResult, void>('duplicates');
/** Resolves when every photo that is known now has been compared with all others. Reports with {@link compareProgress}. */
export const compareRequest = new RequestType<v.InferInput<typeof CompareParamsSchema>, CompareProgress, void>(
  'compare',
);
/** What a person says of photos, for all peers. */
export const decideRequest = new RequestType<DecideParams, null, void>('decide');
/** Decisions that count now, newest first, at most 1000. */
export const decisionsRequest = new RequestType0<DecisionRecord[], void>('decisions');
/** What would be dropped, and dropping it. Refused for now when it is to be applied. */
export const dedupeRequest = new RequestType<DedupeParams, DedupeResult, void>('dedupe');
export const unreadableRequest = new RequestType0<UnreadableFile[], void>('unreadable');
/** Look at the whole folder again, now. */
export const rescanRequest = new RequestType0<null, void>('rescan');
/** Leave the network cleanly and exit; answered before the process ends. */
export const stopRequest = new RequestType0<null, void>('stop');

export const fetchProgress = new ProgressType<FetchProgress>();
export const compareProgress = new ProgressType<CompareProgress>();

export type ChangedTopic = 'status' | 'peers' | 'collection' | 'duplicates';
/** Something a view shows is no longer so: ask again. At most four a second. */
export const changedNotification = new NotificationType<{ topics: ChangedTopic[] }>('changed');

/** Error codes of JSON-RPC answers are numbers; ours travel in `data.code`. See `errors.ts`. */
export const appErrorRpcCode = -32000;
export interface RpcErrorData {
  code: string;
  data?: unknown;
}

//#endregion
