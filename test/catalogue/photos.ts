import { createHash } from 'node:crypto';
import { sentOf, statementOf } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { HoldingStatement } from '../../src/daemon/catalogue/holdingsRecord.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import { digestBytes, featuresVersion, hashBytes, windowCount } from '../../src/protocol/features.ts';
import type { PhotoFacts } from '../../src/protocol/photo.ts';
import type { Holding } from '../../src/protocol/wire.ts';

/** Hex SHA-256 of a text: an id or a blockhash that is always the same. */
export function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Facts of a made photo that is told apart by its name. */
export function photo(name: string, facts: Partial<PhotoFacts> = {}): PhotoFacts {
  return {
    id: hexOf(name),
    name,
    size: 1000,
    width: 40,
    height: 30,
    format: 'jpeg',
    blockhash: hexOf(`picture ${name}`),
    takenAt: '2018-07-25T16:34:23',
    camera: null,
    place: null,
    damaged: false,
    grey: false,
    motion: false,
    subsecond: null,
    features: null,
    ...facts,
  };
}

/** A peer id that sorts by `letter` and looks like one. */
export function peerId(letter: string): string {
  return `12D3KooW${letter.repeat(20)}`;
}

/** Features that are always the same for a text, and like those of no other. */
export function features(text: string, change: Partial<PhotoFeatures> = {}): PhotoFeatures {
  const bytes = createHash('shake256', { outputLength: digestBytes + windowCount * hashBytes })
    .update(text)
    .digest();
  return {
    version: featuresVersion,
    aspect: 1333,
    digest: Uint8Array.from(bytes.subarray(0, digestBytes)),
    hashes: Uint8Array.from(bytes.subarray(digestBytes)),
    ...change,
  };
}

/** A photo that has features. */
export function comparable(name: string, facts: Partial<PhotoFacts> = {}): PhotoFacts {
  return photo(name, { features: featuresFingerprint(features(name)), ...facts });
}

/** A holding as it comes over the wire; a photo with features has those of its name. */
export function sent(holding: Holding): HoldingStatement {
  return sentOf(statementOf(holding), features(holding.facts.name));
}
