import * as v from 'valibot';

/**
 * What look-alikes are found by, beside the facts of a photo. Counts up when the same pixels would give other features: those of
 * another version are not compared, and a library makes its own anew in the background.
 */
export const featuresVersion = 1;

/** Bytes of one DCT hash (256 bits). */
export const hashBytes = 32;

/** Hashes of a photo: of the whole picture first, then of windows inside it. See `similarity/windows.ts`. */
export const windowCount = 11;

/** Pixels of a side of the luma raster that a pair is decided by: a byte each, row by row. */
export const lumaSide = 64;
export const lumaBytes = lumaSide * lumaSide;

/** Bytes of a digest of decoded pixels. */
export const digestBytes = 16;

const bytesOf = (length: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length);

/** What one photo is compared by. */
export const PhotoFeaturesSchema = v.object({
  /** {@link featuresVersion} of whoever made them. */
  version: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
  /** Width over height of the upright picture without its one-tone frame, in thousandths. */
  aspect: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
  /** Start of the SHA-256 of the decoded pixels; null when they were not hashed. */
  digest: v.nullable(bytesOf(digestBytes)),
  /** {@link windowCount} hashes one after the other; null for a flat picture, which is compared by its bytes only. */
  hashes: v.nullable(bytesOf(windowCount * hashBytes)),
});
export type PhotoFeatures = v.InferOutput<typeof PhotoFeaturesSchema>;

/** Names the contents of features: 16 hexadecimal digits. */
export const FeaturesFingerprintSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
