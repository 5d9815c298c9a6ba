import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { PhotoFeatures } from '../../protocol/features.ts';
import { digestBytes, hashBytes, lumaBytes, PhotoFeaturesSchema, windowCount } from '../../protocol/features.ts';

/** All that a photo is compared by: what its holder tells everybody, and what it gives to who asks. */
export const LikenessSchema = v.object({
  features: PhotoFeaturesSchema,
  /** `lumaBytes` bytes: see `similarity/types.ts`. */
  luma: v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === lumaBytes),
});
export type Likeness = v.InferOutput<typeof LikenessSchema>;

/** Bytes before the digest: version, aspect, and which of the two parts follow. */
const headBytes = 9;
const parts = { digest: 1, hashes: 2 };
const fingerprintDigits = 16;

/** Features as bytes: version and aspect (32 bits each, big-endian), a byte of flags, then the digest and the hashes if there are any. */
export function encodeFeatures({ version, aspect, digest, hashes }: PhotoFeatures): Uint8Array {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(version, 0);
  head.writeUInt32BE(aspect, 4);
  head.writeUInt8((digest === null ? 0 : parts.digest) | (hashes === null ? 0 : parts.hashes), 8);
  return Buffer.concat([head, digest ?? Buffer.alloc(0), hashes ?? Buffer.alloc(0)]);
}

/** The features that {@link encodeFeatures} gave these bytes for; undefined when it gives them for none. */
export function decodeFeatures(encoded: Uint8Array): PhotoFeatures | undefined {
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if (bytes.length < headBytes) return undefined;
  const flags = bytes.readUInt8(8);
  const digestEnd = headBytes + (flags & parts.digest ? digestBytes : 0);
  const end = digestEnd + (flags & parts.hashes ? windowCount * hashBytes : 0);
  if (flags > (parts.digest | parts.hashes) || bytes.length !== end) return undefined;
  const features = v.safeParse(PhotoFeaturesSchema, {
    version: bytes.readUInt32BE(0),
    aspect: bytes.readUInt32BE(4),
    // Copies: a view would keep the memory that the bytes came in.
    digest: flags & parts.digest ? Uint8Array.from(bytes.subarray(headBytes, digestEnd)) : null,
    hashes: flags & parts.hashes ? Uint8Array.from(bytes.subarray(digestEnd, end)) : null,
  });
  return features.success ? features.output : undefined;
}

/** Names the contents of features: the start of the SHA-256 of what {@link encodeFeatures} makes of them. */
export function featuresFingerprint(features: PhotoFeatures): string {
  return createHash('sha256').update(encodeFeatures(features)).digest('hex').slice(0, fingerprintDigits);
}
