import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { hashBytes, windowCount } from '../../src/protocol/features.ts';
import { alignLumas } from '../../src/daemon/similarity/alignLumas.ts';
import type { AlignmentStart } from '../../src/daemon/similarity/alignLumas.ts';
import { lookAlikeFeatures } from '../../src/daemon/similarity/lookAlikeFeatures.ts';
import { hashDistance } from '../../src/daemon/similarity/orientations.ts';
import { candidateDistance, stepThresholds } from '../../src/daemon/similarity/steps.ts';
import type { Alignment, LookAlikeFeatures } from '../../src/daemon/similarity/types.ts';
import { renderScene, scenes } from '../../tools/sampleScenes.ts';

const size = { width: 480, height: 360 };

async function featuresOf(bytes: Buffer): Promise<LookAlikeFeatures> {
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .resize(320, 320, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return lookAlikeFeatures({ width: info.width, height: info.height, channels: info.channels, data });
}

/** The nearest hashes of two photos, the plain way. */
function nearest(a: LookAlikeFeatures, b: LookAlikeFeatures): AlignmentStart & { distance: number } {
  let best = { distance: Infinity, orientation: 0, windowA: 0, windowB: 0 } as AlignmentStart & { distance: number };
  const hash = ({ hashes }: LookAlikeFeatures, window: number): Uint8Array =>
    hashes?.subarray(window * hashBytes, (window + 1) * hashBytes) ?? new Uint8Array(hashBytes);
  for (let window = 0; window < windowCount; window++) {
    for (const [windowA, windowB] of [
      [window, 0],
      [0, window],
    ] as const) {
      const found = hashDistance(hash(a, windowA), hash(b, windowB));
      if (found.distance < best.distance) best = { ...found, windowA, windowB };
    }
  }
  return best;
}

const score = (a: LookAlikeFeatures, b: LookAlikeFeatures): number => alignLumas(a.luma, b.luma, nearest(a, b)).score;

const photos: { bytes: Buffer; features: LookAlikeFeatures }[] = [];
beforeAll(async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const { data, info } = await renderScene(scenes[seed % scenes.length] ?? 'sea', seed, size.width, size.height);
    const bytes = await sharp(data, { raw: info }).jpeg({ quality: 90 }).toBuffer();
    photos.push({ bytes, features: await featuresOf(bytes) });
  }
});

describe('look-alikes', () => {
  test.each<[string, (picture: Sharp) => Sharp]>([
    ['smaller', (picture) => picture.resize(160)],
    ['grey', (picture) => picture.greyscale()],
    ['darker', (picture) => picture.linear(0.6, 0)],
    ['with less contrast', (picture) => picture.linear(0.6, 60)],
    ['saved badly', (picture) => picture.jpeg({ quality: 15 })],
    ['mirrored', (picture) => picture.flop()],
    ['turned', (picture) => picture.rotate(90)],
    ['turned the other way and mirrored', (picture) => picture.rotate(270).flip()],
    ['stretched', (picture) => picture.resize(480, 320, { fit: 'fill' })],
    ['cropped', (picture) => picture.extract({ left: 48, top: 36, width: 384, height: 288 })],
    ['cropped at a corner', (picture) => picture.extract({ left: 48, top: 0, width: 432, height: 324 })],
    ['framed', (picture) => picture.extend({ top: 20, left: 20, right: 20, bottom: 60, background: '#ffffff' })],
  ])('are found when %s', async (_, change) => {
    for (const { bytes, features } of photos) {
      const variant = await featuresOf(await change(sharp(bytes)).toFormat('jpeg').toBuffer());
      expect(nearest(variant, features).distance).toBeLessThanOrEqual(candidateDistance);
      expect(score(variant, features)).toBeGreaterThan(stepThresholds.normal);
      expect(score(features, variant)).toBeGreaterThan(stepThresholds.normal);
    }
  });

  test('are found when straightened by two degrees', async () => {
    for (const { bytes, features } of photos) {
      const turned = await sharp(bytes).rotate(2, { background: '#000' }).toBuffer();
      const { width, height } = await sharp(turned).metadata();
      const crop = {
        left: Math.round((width - 458) / 2),
        top: Math.round((height - 343) / 2),
        width: 458,
        height: 343,
      };
      const variant = await featuresOf(await sharp(turned).extract(crop).jpeg().toBuffer());
      expect(score(variant, features)).toBeGreaterThan(stepThresholds.normal);
    }
  });

  test('are not different pictures, wherever their hashes say that they match', () => {
    for (const [n, a] of photos.entries()) {
      for (const b of photos.slice(0, n)) {
        expect(score(a.features, b.features)).toBeLessThan(stepThresholds.loose);
        expect(score(b.features, a.features)).toBeLessThan(stepThresholds.loose);
      }
    }
  });
});

describe('an alignment', () => {
  const whole = { left: 0, top: 0, right: 1, bottom: 1 };
  const expectCrop = (found: Alignment['cropA'], expected: Alignment['cropA']): void => {
    for (const edge of ['left', 'top', 'right', 'bottom'] as const) {
      expect(Math.abs(found[edge] - expected[edge]), edge).toBeLessThan(0.02);
    }
  };

  test('is perfect with itself', () => {
    for (const { features } of photos) {
      const alignment = alignLumas(features.luma, features.luma, { orientation: 0, windowA: 0, windowB: 0 });
      expect(alignment.score).toBeCloseTo(1, 6);
      expectCrop(alignment.cropA, whole);
      expectCrop(alignment.cropB, whole);
    }
  });

  test('says which part of which picture the other shows, also when that is turned', async () => {
    const [photo] = photos;
    if (photo === undefined) throw new Error('No photo.');
    const part = { left: 72, top: 18, width: 408, height: 306 };
    const expected = { left: 0.15, top: 0.05, right: 1, bottom: 0.9 };
    const cropped = await featuresOf(await sharp(photo.bytes).extract(part).jpeg().toBuffer());
    const first = alignLumas(photo.features.luma, cropped.luma, nearest(photo.features, cropped));
    expectCrop(first.cropA, expected);
    expectCrop(first.cropB, whole);
    const turned = await featuresOf(
      await sharp(await sharp(photo.bytes).extract(part).toBuffer())
        .rotate(90)
        .jpeg()
        .toBuffer(),
    );
    const second = alignLumas(photo.features.luma, turned.luma, nearest(photo.features, turned));
    expectCrop(second.cropA, expected);
    const third = alignLumas(turned.luma, photo.features.luma, nearest(turned, photo.features));
    expectCrop(third.cropA, whole);
    expectCrop(third.cropB, expected);
  });

  test('of nothing but one tone is none', () => {
    const plain = new Uint8Array(64 * 64).fill(90);
    const [photo] = photos;
    const start = { orientation: 0, windowA: 0, windowB: 0 } as const;
    for (const other of [plain, photo?.features.luma ?? plain]) {
      expect(alignLumas(plain, other, start).score).toBe(-1);
      expect(alignLumas(other, plain, start).score).toBe(-1);
    }
  });
});
