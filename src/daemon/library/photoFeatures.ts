import { createHash } from 'node:crypto';
import type { PhotoFeatures } from '../../protocol/features.ts';

/** Names the contents of features: the first 16 hexadecimal digits of a SHA-256. */
export function featuresFingerprint(features: PhotoFeatures): string {
  const hash = createHash('sha256').update(`${features.version} ${features.aspect} `);
  for (const part of [features.digest, features.hashes]) hash.update(part === null ? '-' : '+').update(part ?? '');
  return hash.digest('hex').slice(0, 16);
}
