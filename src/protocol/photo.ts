import * as v from 'valibot';
import { FeaturesFingerprintSchema } from './features.ts';

/** Copies of each photo that the network keeps unless told otherwise (R in docs and SAFETY rules). */
export const defaultCopies = 2;

/** The shortest prefix of a photo id that people may type. */
export const minIdPrefixLength = 6;

/** Characters of an id that are shown to people. */
export const shortIdLength = 10;

/** Lowercase hex SHA-256 of a photo's bytes: its id. */
export const PhotoIdSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export type PhotoId = v.InferOutput<typeof PhotoIdSchema>;

/** 256-bit blockhash as 64 hex digits. */
export const BlockhashSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** A libp2p peer id in base58 or base32 text. */
export const PeerIdSchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{20,120}$/));

/** The image formats that are catalogued, by content (not by file name). */
export const photoFormats = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif', 'heic', 'raw', 'jxl', 'jp2', 'bmp'] as const;
export type PhotoFormat = (typeof photoFormats)[number];

/**
 * ISO 8601 without a zone unless the camera wrote one, for example `2018-07-25T16:34:23` or
 * `2018-07-25T16:34:23+01:00`. Kept as the camera's wall clock: that is what people remember.
 */
export const TakenAtSchema = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[+-]\d{2}:\d{2}|Z)?$/));

/**
 * A file name as it may be shown and written: one path component, at most 255 bytes of UTF-8, no separators, no control
 * characters, no bidirectional overrides, not `.` or `..`. What a peer calls a file is checked by this before it is used.
 */
export const FileNameSchema = v.pipe(
  v.string(),
  v.minLength(1),
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not get through
  v.regex(/^[^/\\\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+$/u),
  v.check((name) => name !== '.' && name !== '..' && !name.startsWith('.photo-organizer')),
  v.maxBytes(255),
);

/** Where on earth a photo was taken, in degrees (WGS 84). */
export const PlaceSchema = v.object({
  latitude: v.pipe(v.number(), v.minValue(-90), v.maxValue(90)),
  longitude: v.pipe(v.number(), v.minValue(-180), v.maxValue(180)),
});
export type Place = v.InferOutput<typeof PlaceSchema>;

const Pixels = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000));

/** What one peer says about one photo that it holds: facts of the content, and the name the file has there. */
export const PhotoFactsSchema = v.object({
  id: PhotoIdSchema,
  /** File name on that peer (no folders). */
  name: FileNameSchema,
  /** Bytes. */
  size: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 40)),
  /** Upright size in pixels; 0 when the format could not be decoded. */
  width: Pixels,
  height: Pixels,
  format: v.picklist(photoFormats),
  /** Null when there are no pixels to hash (format without a decoder, damaged file). */
  blockhash: v.nullable(BlockhashSchema),
  takenAt: v.nullable(TakenAtSchema),
  camera: v.nullable(v.pipe(v.string(), v.maxLength(128))),
  place: v.nullable(PlaceSchema),
  /** True when the file could only be decoded in part (truncated or otherwise damaged). */
  damaged: v.boolean(),
  /** Whether the picture has no colour; false when it could not be decoded. */
  grey: v.boolean(),
  /** Whether the file carries a film beside the picture (Motion Photo), or names one that belongs to it (Live Photo). */
  motion: v.boolean(),
  /** Milliseconds after `takenAt`, as the camera wrote them. */
  subsecond: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999))),
  /** Names the photo's features (see `features.ts`), which are kept beside the facts; null when it has none. */
  features: v.nullable(FeaturesFingerprintSchema),
});
export type PhotoFacts = v.InferOutput<typeof PhotoFactsSchema>;

/** The start of an id, as people see it. */
export function shortId(id: PhotoId): string {
  return id.slice(0, shortIdLength);
}
