import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import type { DecoderMessage } from '../../src/daemon/library/decoderMessages.ts';
import { DecoderMessageSchema } from '../../src/daemon/library/decoderMessages.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import { digestBytes, hashBytes, lumaBytes, windowCount } from '../../src/protocol/features.ts';

const features = {
  version: 1,
  aspect: 1500,
  digest: new Uint8Array(digestBytes),
  hashes: new Uint8Array(windowCount * hashBytes),
};
const likeness = { features, luma: new Uint8Array(lumaBytes) };
const facts = {
  id: 'ab'.repeat(32),
  size: 1234,
  width: 40,
  height: 30,
  format: 'jpeg',
  blockhash: 'f0'.repeat(32),
  takenAt: null,
  camera: null,
  place: null,
  damaged: false,
  grey: true,
  motion: false,
  subsecond: 999,
  features: featuresFingerprint(features),
};
const decoded = { kind: 'photo', stamp: '1234:5:6', facts, thumbnail: null, likeness };

function accepts(changed: object): boolean {
  return v.is(DecoderMessageSchema, { type: 'done', job: 1, decoded: { ...decoded, ...changed }, cpu: 2 });
}

describe('what a decoder says about a photo', () => {
  test('is believed when it makes sense', () => {
    const message = v.parse(DecoderMessageSchema, { type: 'done', job: 1, decoded, cpu: 2 }) satisfies DecoderMessage;
    expect(message).toMatchObject({ decoded: { facts, likeness } });
    expect(accepts({ likeness: null, facts: { ...facts, features: null } })).toBe(true);
    expect(accepts({ likeness: { ...likeness, luma: Buffer.alloc(lumaBytes) } })).toBe(true);
  });

  test.each<[string, object]>([
    ['too much luma', { likeness: { ...likeness, luma: new Uint8Array(lumaBytes + 1) } }],
    ['luma that is no bytes', { likeness: { ...likeness, luma: Array.from({ length: lumaBytes }, () => 0) } }],
    ['too few hashes', { likeness: { ...likeness, features: { ...features, hashes: new Uint8Array(hashBytes) } } }],
    ['too long a digest', { likeness: { ...likeness, features: { ...features, digest: new Uint8Array(32) } } }],
    ['features that the facts do not name', { likeness: { ...likeness, features: { ...features, aspect: 1501 } } }],
    ['features of which the facts know nothing', { facts: { ...facts, features: null } }],
    ['no features although the facts name some', { likeness: null }],
    ['a second that is longer than one', { facts: { ...facts, subsecond: 1000 } }],
    ['a picture that is grey in parts', { facts: { ...facts, grey: 0.5 } }],
  ])('is not believed with %s', (_, changed) => {
    expect(accepts(changed)).toBe(false);
  });
});
