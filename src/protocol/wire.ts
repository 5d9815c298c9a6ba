import * as v from 'valibot';
import { errorCodes } from './errors.ts';
import { digestBytes, featuresVersion, hashBytes, windowCount } from './features.ts';
import type { PhotoFacts } from './photo.ts';
import { FileNameSchema, PeerIdSchema, photoFormats, PlaceSchema, TakenAtSchema } from './photo.ts';

/**
 * What peers say to each other over libp2p streams. docs/PROTOCOL.md describes the same in prose.
 * Every message is a frame: `u32 length of all that follows | u16 length of header | header (CBOR) | payload bytes`, big endian.
 */

/** One stream protocol per concern; the version is part of the name, so that a newer one can be served beside it. */
export const wireProtocols = {
  members: '/photo-organizer/members/1.0.0',
  holdings: '/photo-organizer/holdings/2.0.0',
  decisions: '/photo-organizer/decisions/1.0.0',
  photos: '/photo-organizer/photos/1.0.0',
  thumbnails: '/photo-organizer/thumbnails/1.0.0',
  lumas: '/photo-organizer/lumas/1.0.0',
} as const;
export type WireProtocol = (typeof wireProtocols)[keyof typeof wireProtocols];

export const wireLimits = {
  /** Bytes of one block of a photo. */
  block: 1024 * 1024,
  /** Bytes of a frame's header. */
  header: 60 * 1024,
  /** Bytes of a frame's payload: a block, or a page of holdings. */
  payload: 1024 * 1024,
  /** Bytes of the payload of a request: what is asked for is in its header. */
  requestPayload: 64 * 1024,
  /** Requests that wait for an answer on one stream; one more ends the stream. */
  requestsInFlight: 16,
  /** Streams of one protocol that one peer may have open. */
  streamsPerPeer: 4,
  /** Holding records in one page. */
  holdingsPage: 500,
  /** Decision records in one page. */
  decisionsPage: 500,
  /** Bytes of one thumbnail. */
  thumbnail: 128 * 1024,
  /** Photos whose luma rasters are asked for at once. */
  lumas: 64,
  /** Bytes of all hashes of a photo, in whatever version. */
  hashes: 40 * hashBytes,
  /** Members in a roster. */
  roster: 1000,
  addresses: 16,
} as const;

const Hex32 = v.pipe(
  v.instance(Uint8Array),
  v.check((bytes) => bytes.length === 32),
);
const Natural = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
export const DisplayNameSchema = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(64),
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not get through
  v.regex(/^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+$/u),
);
const Address = v.pipe(v.string(), v.startsWith('/'), v.maxLength(256));

//#region frames

/**
 * The header of every frame: number of the request, what it is (0 request, 1 answer, 2 error), and the body that the
 * protocol of the stream defines. Requests on one stream have different numbers while they wait; answers come in any order.
 */
export const EnvelopeSchema = v.tuple([Natural, v.picklist([0, 1, 2]), v.unknown()]);
export const envelopeKinds = { request: 0, answer: 1, error: 2 } as const;

/** Body of an error: what an `AppError` says. It is shown to people, so control characters are taken out by the receiver. */
export const WireErrorSchema = v.object({
  code: v.picklist(errorCodes),
  message: v.pipe(v.string(), v.maxLength(500)),
});

//#endregion

//#region members

/** How a peer introduces itself and others. Only the introduction of the sender itself is believed for more than an address to dial. */
export const MemberSchema = v.object({
  peerId: PeerIdSchema,
  name: DisplayNameSchema,
  port: Port,
  addresses: v.pipe(v.array(Address), v.maxLength(wireLimits.addresses)),
});
export type Member = v.InferOutput<typeof MemberSchema>;

/** Who anchors the network, since which term. A higher term wins; at one term, the lower (port, peer id). */
export const TermSchema = v.object({ term: Natural, central: PeerIdSchema, port: Port });
export type Term = v.InferOutput<typeof TermSchema>;

/** Requests of the members protocol. */
export const MembersRequestSchema = v.variant('op', [
  /** The first that who dialled says on a connection: who I am, what I know; the answer is the same from the other side. */
  v.object({
    op: v.literal('hello'),
    self: MemberSchema,
    term: TermSchema,
    roster: v.pipe(v.array(MemberSchema), v.maxLength(wireLimits.roster)),
  }),
  /** Something of the above changed. Answered by an empty object. */
  v.object({
    op: v.literal('update'),
    self: MemberSchema,
    term: TermSchema,
    roster: v.pipe(v.array(MemberSchema), v.maxLength(wireLimits.roster)),
  }),
  /**
   * Are you there? Answered at once, with the term: a central that slept learns so that it was succeeded. The error `refused`
   * means that the other side does not take us for a member any more: say hello again.
   */
  v.object({ op: v.literal('ping'), term: TermSchema }),
  /** I leave: no need to wait for a timeout. */
  v.object({ op: v.literal('leave') }),
]);
export type MembersRequest = v.InferOutput<typeof MembersRequestSchema>;
export const HelloAnswerSchema = v.object({
  self: MemberSchema,
  term: TermSchema,
  roster: v.pipe(v.array(MemberSchema), v.maxLength(wireLimits.roster)),
});
export const PingAnswerSchema = v.object({ term: TermSchema });

//#endregion

//#region logs

/** "All since `after` of log `index`": held back up to `wait` ms when there is nothing, so that changes arrive at once. */
export const LogRequestSchema = v.object({
  index: v.pipe(v.string(), v.maxLength(64)),
  after: Natural,
  wait: v.pipe(Natural, v.maxValue(60_000)),
});
export type LogRequest = v.InferOutput<typeof LogRequestSchema>;
/** Header of the answer; its payload is a CBOR array of records. Another `index` than asked for: a new log, from its start. */
export const LogAnswerSchema = v.object({
  index: v.pipe(v.string(), v.maxLength(64)),
  /** Sequence number of the last record in the payload (or `after`, when there is none). */
  last: Natural,
  more: v.boolean(),
});

//#endregion

//#region holdings

/** Bytes of a length, or of any up to `most` when the features are of another version than ours: those are passed by. */
const optionalBytes = (most: number) =>
  v.nullable(v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= most));

/** What a photo is compared by (`PhotoFeatures`): version, aspect in thousandths, digest of the pixels, hashes. */
export const FeaturesSchema = v.pipe(
  v.tuple([
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
    optionalBytes(64),
    optionalBytes(wireLimits.hashes),
  ]),
  v.check(
    ([version, , digest, hashes]) =>
      version !== featuresVersion ||
      ((digest === null || digest.length === digestBytes) &&
        (hashes === null || hashes.length === windowCount * hashBytes)),
    'the hashes have the wrong length',
  ),
);

/**
 * One record of a peer's own log, as a tuple to be short:
 * sequence number, id, then null for "no longer here" or the facts and what look-alikes are found by.
 */
export const HoldingRecordSchema = v.tuple([
  Natural,
  Hex32,
  v.nullable(
    v.tuple([
      v.picklist(['o', 'r']),
      FileNameSchema,
      v.pipe(Natural, v.minValue(1), v.maxValue(2 ** 40)),
      v.pipe(Natural, v.maxValue(1_000_000)),
      v.pipe(Natural, v.maxValue(1_000_000)),
      v.picklist(photoFormats),
      v.nullable(Hex32),
      v.nullable(TakenAtSchema),
      v.nullable(v.pipe(v.string(), v.maxLength(128))),
      v.nullable(v.tuple([PlaceSchema.entries.latitude, PlaceSchema.entries.longitude])),
      v.boolean(),
      v.boolean(),
      v.boolean(),
      v.nullable(v.pipe(Natural, v.maxValue(999))),
      v.nullable(FeaturesSchema),
    ]),
  ),
]);
export type HoldingRecord = v.InferOutput<typeof HoldingRecordSchema>;

/** A photo that a peer holds, and how. */
export interface Holding {
  kind: 'original' | 'replica';
  facts: PhotoFacts;
}

//#endregion

//#region decisions

/**
 * One record of a peer's log of decisions, as a tuple to be short: sequence number; `d` for "these two are no duplicates" or
 * `k` for "keep this one"; id; the other id (the higher one), null for `k`; whether it counts or was taken back; when it was
 * decided, in milliseconds since the epoch; peer id of where. The author is a label: peers pass on what they learnt from others.
 */
export const DecisionLogRecordSchema = v.pipe(
  v.tuple([Natural, v.picklist(['d', 'k']), Hex32, v.nullable(Hex32), v.boolean(), Natural, PeerIdSchema]),
  v.check(([, kind, first, second]) =>
    kind === 'd' ? second !== null && Buffer.compare(first, second) < 0 : second === null,
  ),
);
export type DecisionLogRecord = v.InferOutput<typeof DecisionLogRecordSchema>;

//#endregion

//#region photos and thumbnails

/** A range of a photo. The answer's header is {@link BlockAnswerSchema}, its payload the bytes. */
export const BlockRequestSchema = v.object({
  id: Hex32,
  offset: Natural,
  length: v.pipe(Natural, v.minValue(1), v.maxValue(wireLimits.block)),
});
export const BlockAnswerSchema = v.variant('ok', [
  /** `size` of the whole photo in bytes: the length comes first. */
  v.object({ ok: v.literal(true), size: v.pipe(Natural, v.minValue(1), v.maxValue(2 ** 40)) }),
  v.object({ ok: v.literal(false), reason: v.picklist(['missing', 'unreadable', 'range', 'busy']) }),
]);
export const ThumbnailRequestSchema = v.object({ id: Hex32 });
/** Luma rasters of photos: the payload of the answer has `lumaBytes` for each that is found, in order. */
export const LumasRequestSchema = v.object({
  ids: v.pipe(v.array(Hex32), v.minLength(1), v.maxLength(wireLimits.lumas)),
});
export const LumasAnswerSchema = v.object({
  /** `featuresVersion` of whoever answers: rasters of another version say nothing. */
  version: Natural,
  found: v.pipe(v.array(v.boolean()), v.maxLength(wireLimits.lumas)),
});
export const ThumbnailAnswerSchema = v.object({ mime: v.nullable(v.picklist(['image/webp', 'image/jpeg'])) });

//#endregion
