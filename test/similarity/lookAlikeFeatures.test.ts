import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashBytes, lumaBytes, lumaSide, windowCount } from '../../src/protocol/features.ts';
import { lookAlikeFeatures } from '../../src/daemon/similarity/lookAlikeFeatures.ts';
import type { Raster } from '../../src/daemon/similarity/types.ts';
import { dice, noiseRaster } from './pictures.ts';

const grey = (width: number, height: number, value: (x: number, y: number) => number): Raster => ({
  width,
  height,
  channels: 1,
  data: Uint8Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width))),
});

/** Mean of differences of two luma rasters, in grey levels. */
function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}

describe('luma', () => {
  test('is the mean of the pixels of each cell', () => {
    // 2 x 3 pixels to each cell, of which the upper left one is bright.
    const raster = grey(2 * lumaSide, 3 * lumaSide, (x, y) => (x % 2 === 0 && y % 3 === 0 ? 240 : 0));
    expect(new Set(lookAlikeFeatures(raster).luma)).toEqual(new Set([40]));
  });

  test('gives cells between pixels a part of each', () => {
    // 160 columns on 64 cells: the middle one of five pixels is shared by two cells.
    const raster = grey(160, 128, (x) => [0, 90, 250, 10, 40][x % 5] ?? 0);
    expect([...lookAlikeFeatures(raster).luma.subarray(0, 4)]).toEqual([86, 70, 86, 70]);
  });

  test('of a small picture has no steps', () => {
    const { luma } = lookAlikeFeatures(grey(16, 32, (x) => 16 * x));
    const row = luma.subarray(lumaSide, 2 * lumaSide);
    expect([...row.subarray(4, 60)]).toEqual(Array.from({ length: 56 }, (_, n) => 4 * (n + 4) - 6));
    expect([row[0], row[63]]).toEqual([0, 240]);
  });

  test('weighs red, green and blue as Rec. 601 does', () => {
    const one = (red: number, green: number, blue: number): number => {
      const data = new Uint8Array(64 * 64 * 3).map((_, at) => [red, green, blue][at % 3] ?? 0);
      return lookAlikeFeatures({ width: 64, height: 64, channels: 3, data }).luma[0] ?? -1;
    };
    expect([one(255, 0, 0), one(0, 255, 0), one(0, 0, 255), one(255, 255, 255)]).toEqual([77, 149, 29, 255]);
  });

  test('shows what is transparent as white, in grey and in colour', () => {
    const data = (channels: 2 | 4): Uint8Array =>
      new Uint8Array(64 * 64 * channels).map((_, at) => {
        const left = Math.floor(at / channels) % 64 < 32;
        return at % channels === channels - 1 ? (left ? 0 : 128) : 100;
      });
    for (const channels of [2, 4] as const) {
      const { luma } = lookAlikeFeatures({ width: 64, height: 64, channels, data: data(channels) });
      expect([luma[0], luma[63]]).toEqual([255, 177]);
    }
  });
});

describe('a frame', () => {
  /** The picture within margins of a tone, with the ringing that lossy coding leaves. */
  const framed = (
    picture: Raster,
    tone: number,
    [left, top, right, bottom]: [number, number, number, number],
  ): Raster => {
    const width = picture.width + left + right;
    const height = picture.height + top + bottom;
    const next = dice(9);
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const x = (Math.floor(at / 3) % width) - left;
      const y = Math.floor(at / 3 / width) - top;
      const inside = x >= 0 && y >= 0 && x < picture.width && y < picture.height;
      if (inside) return picture.data[(y * picture.width + x) * 3 + (at % 3)] ?? 0;
      return Math.max(0, Math.min(255, tone + Math.round((next() - 0.5) * 8)));
    });
    return { width, height, channels: 3, data };
  };
  const picture = noiseRaster(4, 240, 180);
  const plain = lookAlikeFeatures(picture);

  test.each<[string, number, [number, number, number, number]]>([
    ['black', 0, [12, 12, 12, 12]],
    ['white', 255, [20, 20, 20, 20]],
    ['polaroid', 244, [12, 12, 12, 45]],
    ['letterbox', 0, [0, 40, 0, 40]],
    ['pillarbox', 16, [50, 0, 50, 0]],
  ])('is not part of the picture: %s', (_, tone, margins) => {
    const features = lookAlikeFeatures(framed(picture, tone, margins));
    expect(difference(features.luma, plain.luma)).toBeLessThan(1);
    expect(Math.abs(features.aspect - plain.aspect)).toBeLessThan(20);
    expect(features.aspect).toBeGreaterThan(1);
  });

  test('may be inside another', () => {
    const twice = framed(framed(picture, 255, [10, 10, 10, 10]), 0, [8, 8, 8, 8]);
    expect(difference(lookAlikeFeatures(twice).luma, plain.luma)).toBeLessThan(1);
  });

  test('is not on one side alone: that is a sky', () => {
    const ground = picture.data.subarray(-3 * picture.width);
    const tone = ground.reduce((sum, value, at) => sum + value * ([0.299, 0.587, 0.114][at % 3] ?? 0), 0);
    const sky = framed(picture, Math.round(tone / picture.width), [0, 50, 0, 0]);
    expect(lookAlikeFeatures(sky).aspect).toBe(Math.round((1000 * 240) / 230));
  });

  test('is not a plain background, which things stand out of here and there', () => {
    const inside = (x: number, y: number): boolean => ((x - 100) / 80) ** 2 + ((y - 90) / 45) ** 2 < 1;
    const thing = grey(200, 200, (x, y) => (inside(x, y) ? 40 + ((x * y) % 100) : 250));
    const { aspect, luma } = lookAlikeFeatures(thing);
    expect(aspect).toBe(1000);
    expect([luma[0], luma[lumaBytes - 1]]).toEqual([250, 250]);
  });
});

describe('features', () => {
  test('are the same on every machine', () => {
    const { hashes, luma, aspect } = lookAlikeFeatures(noiseRaster(1));
    const digest = createHash('sha256')
      .update(luma)
      .update(hashes ?? '')
      .digest('hex');
    // Another value here is another recipe: count up featuresVersion.
    expect([aspect, digest.slice(0, 16)]).toEqual([1333, 'a79bd97fc8e32043']);
  });

  test('have no hashes when the picture is flat', () => {
    const noisy = dice(3);
    const flat = grey(320, 240, () => 120 + Math.floor(noisy() * 8));
    expect(lookAlikeFeatures(flat).hashes).toBeNull();
    expect(lookAlikeFeatures(flat).luma).toHaveLength(lumaBytes);
    expect(lookAlikeFeatures(noiseRaster(2)).hashes).toHaveLength(windowCount * hashBytes);
  });

  test.each([
    [1, 1],
    [1, 1000],
    [1000, 1],
    [2, 3],
    [63, 65],
    [17, 16],
  ])('come of %d x %d pixels in any number of channels', (width, height) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const next = dice(width + channels);
      const data = Uint8Array.from({ length: width * height * channels }, () => Math.floor(next() * 256));
      const { aspect, luma, hashes } = lookAlikeFeatures({ width, height, channels, data });
      expect(aspect).toBe(Math.max(1, Math.round((1000 * width) / height)));
      expect(luma).toHaveLength(lumaBytes);
      expect(hashes === null || hashes.length === windowCount * hashBytes).toBe(true);
    }
  });

  test('tell a picture without colour, even after lossy coding, from one that is faintly tinted', () => {
    const { data, ...size } = noiseRaster(6);
    const next = dice(1);
    const grey = data.map((_, at) => (data[at - (at % 3)] ?? 0) / 1.1 + Math.floor(next() * 6));
    const sepia = grey.map((value, at) => value * ([1, 0.88, 0.68][at % 3] ?? 0));
    expect(lookAlikeFeatures({ ...size, data: grey }).grey).toBe(true);
    expect(lookAlikeFeatures({ ...size, data: sepia }).grey).toBe(false);
    expect(lookAlikeFeatures({ ...size, data }).grey).toBe(false);
    expect(lookAlikeFeatures({ width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 80, 160, 255) }).grey).toBe(
      true,
    );
  });

  test('tell that a small part has colour', () => {
    const { width, height, data } = noiseRaster(8);
    const red = (at: number): boolean => Math.floor(at / 3) % width < 16 && Math.floor(at / 3 / width) < 16;
    const mostlyGrey = data.map((_, at) => (red(at) ? [220, 20, 20][at % 3] : data[at - (at % 3)]) ?? 0);
    expect(lookAlikeFeatures({ width, height, channels: 3, data: mostlyGrey }).grey).toBe(false);
  });
});
