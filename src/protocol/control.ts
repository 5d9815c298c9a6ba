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
  photos: {
    /** Photos whose file is in this folder. */
    local: number;
    /** Different photos in the collection. */
    collection: number;
    /** Photos with fewer copies than wanted. */
    underReplicated: number;
    /** Photos that are the same picture as a better one. */
    redundant: number;
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

export interface PhotoDetails extends PhotoSummary {
  camera: string | null;
  place: Place | null;
  damaged: boolean;
  /** Paths below this folder that hold these bytes; empty when only other peers hold the photo. */
  paths: string[];
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
export const unreadableRequest = new RequestType0<UnreadableFile[], void>('unreadable');
/** Look at the whole folder again, now. */
export const rescanRequest = new RequestType0<null, void>('rescan');
/** Leave the network cleanly and exit; answered before the process ends. */
export const stopRequest = new RequestType0<null, void>('stop');

export const fetchProgress = new ProgressType<FetchProgress>();

export type ChangedTopic = 'status' | 'peers' | 'collection';
/** Something a view shows is no longer so: ask again. At most four a second. */
export const changedNotification = new NotificationType<{ topics: ChangedTopic[] }>('changed');

/** Error codes of JSON-RPC answers are numbers; ours travel in `data.code`. See `errors.ts`. */
export const appErrorRpcCode = -32000;
export interface RpcErrorData {
  code: string;
  data?: unknown;
}

//#endregion
