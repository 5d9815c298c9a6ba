import { createHash } from 'node:crypto';
import type { Catalogue } from '../../src/daemon/catalogue/catalogue.ts';
import type { ComparedPhoto } from '../../src/daemon/catalogue/featureTable.ts';
import { sentOf, statementOf } from '../../src/daemon/catalogue/holdingsRecord.ts';
import type { HoldingStatement } from '../../src/daemon/catalogue/holdingsRecord.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { Alignment, Candidate } from '../../src/daemon/similarity/types.ts';
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

/** A holding as it comes over the wire; a photo that has features has those of its name unless others are given. */
export function sent(holding: Holding, made: PhotoFeatures = features(holding.facts.name)): HoldingStatement {
  return sentOf(statementOf(holding), made);
}

/** Two pictures that lie on each other as they are. */
export const sameView: Alignment = {
  score: 0.99,
  orientation: 0,
  cropA: { left: 0, top: 0, right: 1, bottom: 1 },
  cropB: { left: 0, top: 0, right: 1, bottom: 1 },
};

/**
 * Does what the search does: compares all photos that have not been compared with all others.
 * @param alignmentOf how alike two photos are; undefined when they are not
 */
export function search(
  catalogue: Catalogue,
  alignmentOf: (a: ComparedPhoto, b: ComparedPhoto) => Alignment | undefined,
): void {
  catalogue.takeStale();
  const fresh = catalogue.uncompared(10_000);
  const known = catalogue.compared(0, 10_000);
  const byKey = new Map([...known, ...fresh].map((photo) => [photo.key, photo]));
  const candidates = fresh.flatMap((a, n) =>
    [...known, ...fresh.slice(n + 1)].flatMap((b): Candidate[] =>
      alignmentOf(a, b) === undefined
        ? []
        : [{ a: a.key, b: b.key, distance: 12, orientation: 0, windowA: 0, windowB: 0 }],
    ),
  );
  const keys = fresh.map(({ key }) => key);
  catalogue.addCandidates(keys, candidates);
  catalogue.closePairs(
    catalogue.openPairs(0, 0, 10_000).map((pair) => {
      const [a, b] = [byKey.get(pair.a), byKey.get(pair.b)];
      return { pair, alignment: a === undefined || b === undefined ? undefined : alignmentOf(a, b) };
    }),
  );
}
