import * as v from 'valibot';
import { expect, test } from 'vitest';
import { decodeFeatures, encodeFeatures, featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import {
  digestBytes,
  FeaturesFingerprintSchema,
  featuresVersion,
  hashBytes,
  windowCount,
} from '../../src/protocol/features.ts';

const digest = Uint8Array.from({ length: digestBytes }, (_, n) => 200 + n);
const hashes = Uint8Array.from({ length: windowCount * hashBytes }, (_, n) => n % 251);
const full: PhotoFeatures = { version: featuresVersion, aspect: 1333, digest, hashes };
const all = [full, { ...full, digest: null }, { ...full, hashes: null }, { ...full, digest: null, hashes: null }];

test('features come back from their bytes as they were', () => {
  for (const features of all) {
    // Also from the middle of other bytes, and without holding on to these.
    const encoded = encodeFeatures(features);
    const among = new Uint8Array(encoded.length + 20);
    among.set(encoded, 10);
    const decoded = decodeFeatures(among.subarray(10, 10 + encoded.length));
    among.fill(0);
    expect(decoded).toEqual(features);
  }
  expect(encodeFeatures(full)).toHaveLength(9 + 16 + 352);
});

test('bytes that are no features are refused', () => {
  const encoded = encodeFeatures(full);
  for (let length = 0; length < encoded.length; length++) {
    expect(decodeFeatures(encoded.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(decodeFeatures(Uint8Array.from([...encoded, 0]))).toBeUndefined();
  const withByte = (at: number, value: number): Uint8Array => encoded.map((byte, n) => (n === at ? value : byte));
  expect(decodeFeatures(withByte(8, 4))).toBeUndefined();
  expect(decodeFeatures(withByte(0, 255))).toBeUndefined();
  expect(decodeFeatures(encodeFeatures({ ...full, aspect: 0 }))).toBeUndefined();
});

test('every part of the features has a say in their fingerprint', () => {
  const others: PhotoFeatures[] = [
    ...all,
    { ...full, version: full.version + 1 },
    { ...full, aspect: 1334 },
    { ...full, digest: digest.map((byte, n) => (n === 15 ? byte ^ 1 : byte)) },
    { ...full, hashes: hashes.map((byte, n) => (n === 351 ? byte ^ 1 : byte)) },
  ];
  const fingerprints = others.map(featuresFingerprint);
  expect(new Set(fingerprints).size).toBe(others.length);
  expect(fingerprints.every((one) => v.is(FeaturesFingerprintSchema, one))).toBe(true);
  expect(featuresFingerprint(full)).toBe(featuresFingerprint(structuredClone(full)));
});
