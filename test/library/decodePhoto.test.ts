import { bmvbhash } from 'blockhash-core';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import * as v from 'valibot';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { decodePhoto } from '../../src/daemon/library/decodePhoto.ts';
import type { Decoded } from '../../src/daemon/library/decoderMessages.ts';
import { ContentFactsSchema, DecoderMessageSchema } from '../../src/daemon/library/decoderMessages.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { Sharp } from '../../src/daemon/library/sharpBinding.ts';
import { loadSharp } from '../../src/daemon/library/sharpBinding.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import {
  digestBytes,
  featuresVersion,
  hashBytes,
  lumaBytes,
  PhotoFeaturesSchema,
} from '../../src/protocol/features.ts';
import { appleNote, box, dng, samsungTrailer, sensorData, withMakerNote, withXmp } from './support/cameraFiles.ts';
import { distance, heic, heicInP3, picture, sha256, twoHeics } from './support/images.ts';

let loaded: Sharp;
beforeAll(async () => {
  loaded = await loadSharp({});
});

/** Writes the bytes to a file of that name and decodes it. */
async function decode(bytes: Uint8Array, name = 'photo.jpg'): Promise<Decoded> {
  const file = path.join(temporaryFolder(), name);
  fs.writeFileSync(file, bytes);
  return decodePhoto(loaded, file);
}

async function decodeWhole(bytes: Uint8Array, name?: string): Promise<Extract<Decoded, { kind: 'photo' }>> {
  const decoded = await decode(bytes, name);
  if (decoded.kind !== 'photo') throw new Error(`not decoded: ${JSON.stringify(decoded)}`);
  expect(v.is(ContentFactsSchema, decoded.facts)).toBe(true);
  return decoded;
}

function featuresOf({ likeness }: Extract<Decoded, { kind: 'photo' }>): PhotoFeatures {
  if (likeness === null) throw new Error('no features');
  return likeness.features;
}

function digestOf(decoded: Extract<Decoded, { kind: 'photo' }>): string | null {
  const { digest } = featuresOf(decoded);
  return digest === null ? null : Buffer.from(digest).toString('hex');
}

/** The DCT hash of the whole picture. */
function dctOf(decoded: Extract<Decoded, { kind: 'photo' }>): string {
  const { hashes } = featuresOf(decoded);
  return Buffer.from(hashes?.subarray(0, hashBytes) ?? []).toString('hex');
}

describe('facts', () => {
  test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('of a %s', async (format) => {
    const bytes = await picture(3, 700, 500).toFormat(format).toBuffer();
    const { facts, thumbnail } = await decodeWhole(bytes, 'named-wrongly.jpg');
    expect(facts).toMatchObject({
      id: sha256(bytes),
      size: bytes.length,
      width: 700,
      height: 500,
      format,
      damaged: false,
    });
    const shown = await sharp(thumbnail?.data).metadata();
    expect([shown.width, shown.height]).toEqual([320, 229]);
    expect(thumbnail?.mime).toBe(`image/${shown.format}`);
  });

  test('the camera’s date, place and name', async () => {
    const bytes = await picture()
      .withExif({
        IFD0: { Make: 'Canon', Model: 'Canon EOS 5D' },
        IFD2: { DateTimeOriginal: '2018:07:25 16:34:23', OffsetTimeOriginal: '+01:00' },
        IFD3: {
          GPSLatitudeRef: 'N',
          GPSLatitude: '40/1 38/1 30/1',
          GPSLongitudeRef: 'W',
          GPSLongitude: '8/1 39/1 0/1',
        },
      })
      .jpeg()
      .toBuffer();
    const { facts } = await decodeWhole(bytes);
    expect(facts.takenAt).toBe('2018-07-25T16:34:23+01:00');
    expect(facts.camera).toBe('Canon EOS 5D');
    expect(facts.place?.latitude).toBeCloseTo(40.6417, 3);
    expect(facts.place?.longitude).toBeCloseTo(-8.65, 3);
  });

  test.each([
    ['0000:00:00 00:00:00', null],
    ['2023:02:30 10:00:00', null],
    ['2023:02:28 25:00:00', null],
    ['rubbish', null],
    ['2023:02:28 10:00:00', '2023-02-28T10:00:00'],
  ])('a date of %j is %j', async (date, takenAt) => {
    const bytes = await picture(1, 64, 64)
      .withExif({ IFD2: { DateTimeOriginal: date } })
      .jpeg()
      .toBuffer();
    expect((await decodeWhole(bytes)).facts.takenAt).toBe(takenAt);
  });

  test.each([
    ['500', 500],
    ['5', 500],
    ['07', 70],
    ['123456', 123],
    ['x', null],
  ])('a split second of %j is %j milliseconds', async (SubSecTimeOriginal, subsecond) => {
    const bytes = await picture(1, 64, 64)
      .withExif({ IFD2: { DateTimeOriginal: '2018:07:25 16:34:23', SubSecTimeOriginal } })
      .jpeg()
      .toBuffer();
    expect((await decodeWhole(bytes)).facts.subsecond).toBe(subsecond);
  });

  test('a split second belongs to the date that counts', async () => {
    const subsecond = async (IFD2: Record<string, string>): Promise<number | null> =>
      (await decodeWhole(await picture(1, 64, 64).withExif({ IFD2 }).jpeg().toBuffer())).facts.subsecond;
    const digitized = { DateTimeDigitized: '2018:07:25 16:34:23', SubSecTimeDigitized: '25' };
    expect(await subsecond(digitized)).toBe(250);
    expect(await subsecond({ ...digitized, DateTimeOriginal: '2018:07:25 16:34:20' })).toBeNull();
    expect(await subsecond({ SubSecTimeOriginal: '25' })).toBeNull();
  });

  test('films that hang on a photo, or that it names', async () => {
    const jpeg = await picture(1, 64, 64).jpeg().toBuffer();
    const motion = async (bytes: Buffer): Promise<boolean> => (await decodeWhole(bytes)).facts.motion;
    expect(await motion(jpeg)).toBe(false);
    expect(await motion(withXmp(jpeg, '<rdf:Description GCamera:MotionPhoto="1"/>'))).toBe(true);
    expect(await motion(Buffer.concat([jpeg, samsungTrailer(0x0a30)]))).toBe(true);
    expect(await motion(withMakerNote(jpeg, appleNote(0x0011)))).toBe(true);
    expect(await motion(withMakerNote(jpeg, appleNote(0x0014)))).toBe(false);
    expect(await motion(Buffer.concat([heic, box('mpvd', Buffer.from('a film'))]))).toBe(true);
    expect(await motion(heic)).toBe(false);
  });

  test('whether there is colour in it', async () => {
    const grey = async (bytes: Buffer): Promise<boolean> => (await decodeWhole(bytes)).facts.grey;
    expect(await grey(await picture(1, 200, 100).jpeg().toBuffer())).toBe(false);
    expect(await grey(await picture(1, 200, 100).greyscale().jpeg().toBuffer())).toBe(true);
    expect(await grey(await picture(1, 200, 100).greyscale().toColourspace('srgb').png().toBuffer())).toBe(true);
  });

  test('names of makers and models come as one, without control characters', async () => {
    const camera = async (IFD0: Record<string, string>): Promise<string | null> =>
      (await decodeWhole(await picture(1, 64, 64).withExif({ IFD0 }).jpeg().toBuffer())).facts.camera;
    expect(await camera({ Make: 'Google', Model: 'Pixel' })).toBe('Google Pixel');
    expect(await camera({ Make: 'A\u0007B', Model: 'x'.repeat(300) })).toMatch(/^A B x{124}$/);
    expect(await camera({ Artist: 'somebody' })).toBeNull();
  });

  test('a camera without a fix (0, 0) was nowhere', async () => {
    const IFD3 = { GPSLatitudeRef: 'N', GPSLatitude: '0/1 0/1 0/1', GPSLongitudeRef: 'W', GPSLongitude: '0/1 0/1 0/1' };
    const bytes = await picture(1, 64, 64).withExif({ IFD3 }).jpeg().toBuffer();
    expect((await decodeWhole(bytes)).facts.place).toBeNull();
  });
});

describe('pixels', () => {
  test('all eight orientations of one picture have its size and its hash', async () => {
    const upright = picture(5, 640, 400);
    const original = await decodeWhole(await upright.clone().jpeg().toBuffer());
    // What a camera turned by each orientation would have stored.
    const stored = [
      upright.clone(),
      upright.clone().flop(),
      upright.clone().rotate(180),
      upright.clone().flip(),
      sharp(await upright.clone().rotate(270).png().toBuffer()).flip(),
      upright.clone().rotate(270),
      sharp(await upright.clone().rotate(90).png().toBuffer()).flip(),
      upright.clone().rotate(90),
    ];
    for (const [n, one] of stored.entries()) {
      const { facts } = await decodeWhole(
        await one
          .withMetadata({ orientation: n + 1 })
          .jpeg()
          .toBuffer(),
      );
      expect([facts.width, facts.height], `orientation ${n + 1}`).toEqual([640, 400]);
      expect(distance(facts.blockhash ?? '', original.facts.blockhash ?? ''), `orientation ${n + 1}`).toBeLessThan(8);
    }
  });

  test('a square picture keeps its size, turned or not', async () => {
    const bytes = await picture(2, 400, 401).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect((await decodeWhole(bytes)).facts).toMatchObject({ width: 401, height: 400 });
  });

  test('the hash is that of blockhash-core on all pixels, but for a few bits', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const png = await picture(seed, 1000, 750).png().toBuffer();
      const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      const whole = bmvbhash({ width: info.width, height: info.height, data }, 16);
      const { facts } = await decodeWhole(png);
      expect(distance(facts.blockhash ?? '', whole)).toBeLessThanOrEqual(12);
    }
  });

  test('grey, 16 bit, CMYK, indexed and transparent pictures of one scene have nearly one hash', async () => {
    const scene = picture(4, 480, 360);
    const png = await scene.clone().png().toBuffer();
    const grey = await decodeWhole(await scene.clone().greyscale().png().toBuffer());
    const colour = await decodeWhole(png);
    const same = {
      '16 bit': await scene.clone().toColourspace('rgb16').png().toBuffer(),
      CMYK: await scene.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      indexed: await scene.clone().png({ palette: true, colours: 200 }).toBuffer(),
      alpha: await scene.clone().ensureAlpha(0.99).png().toBuffer(),
    };
    for (const [what, bytes] of Object.entries(same)) {
      const { facts } = await decodeWhole(bytes);
      // CMYK has fewer colours: it cannot come nearer.
      expect(distance(facts.blockhash ?? '', colour.facts.blockhash ?? ''), what).toBeLessThan(32);
    }
    expect(grey.thumbnail?.mime).toBe('image/jpeg');
    expect(distance(grey.facts.blockhash ?? '', colour.facts.blockhash ?? '')).toBeLessThan(60);
  });

  test('only a picture with transparency gets a WebP thumbnail, which keeps it', async () => {
    const overlay = {
      create: { width: 400, height: 300, channels: 4 as const, background: { r: 200, g: 0, b: 0, alpha: 0.4 } },
    };
    const { thumbnail } = await decodeWhole(await sharp(overlay).png().toBuffer());
    expect(thumbnail?.mime).toBe('image/webp');
    expect((await sharp(thumbnail?.data).metadata()).hasAlpha).toBe(true);
  });

  test('tiny and very narrow pictures are hashed too', async () => {
    for (const [width, height] of [
      [1, 1],
      [3, 500],
      [5000, 20],
      [15, 15],
    ] as const) {
      const { facts } = await decodeWhole(await picture(2, width, height).png().toBuffer());
      expect(facts, `${width} x ${height}`).toMatchObject({ width, height });
      expect(facts.blockhash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('a thumbnail fits into a message, even of noise with transparency', async () => {
    const noise = Buffer.from(Array.from({ length: 400 * 400 * 4 }, (_, n) => Math.imul(n + 7, 2_654_435_761) >>> 24));
    const png = await sharp(noise, { raw: { width: 400, height: 400, channels: 4 } })
      .png()
      .toBuffer();
    const { thumbnail } = await decodeWhole(png);
    expect(thumbnail?.data.length).toBeLessThanOrEqual(128 * 1024);
  });
});

describe('features', () => {
  test('are named by the facts, and hold what is promised', async () => {
    const decoded = await decodeWhole(await picture(3, 600, 400).jpeg().toBuffer());
    const features = featuresOf(decoded);
    expect(v.is(PhotoFeaturesSchema, features)).toBe(true);
    expect(decoded.facts.features).toBe(featuresFingerprint(features));
    expect(features.version).toBe(featuresVersion);
    expect(Math.abs(features.aspect - 1500)).toBeLessThan(10);
    expect(decoded.likeness?.luma).toHaveLength(lumaBytes);
    expect(features.digest).toHaveLength(digestBytes);
  });

  test('of one scene are close in every format, depth and colour space', async () => {
    const scene = picture(3, 320, 240);
    const png = await decodeWhole(await scene.clone().png().toBuffer());
    const files: Record<string, Buffer> = {
      heic,
      jpeg: await scene.clone().jpeg().toBuffer(),
      'progressive jpeg': await scene.clone().jpeg({ progressive: true }).toBuffer(),
      'CMYK jpeg': await scene.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      'grey jpeg': await scene.clone().greyscale().jpeg().toBuffer(),
      '16 bit png': await scene.clone().toColourspace('rgb16').png().toBuffer(),
      'grey 16 bit png': await scene.clone().toColourspace('grey16').png().toBuffer(),
      'interlaced png': await scene.clone().png({ progressive: true }).toBuffer(),
      'indexed png': await scene.clone().png({ palette: true }).toBuffer(),
      webp: await scene.clone().webp().toBuffer(),
      avif: await scene.clone().avif().toBuffer(),
      '10 bit avif': await scene
        .clone()
        .avif({ bitdepth: 10 })
        .toBuffer()
        .catch(() => heic),
      tiff: await scene.clone().tiff({ compression: 'lzw' }).toBuffer(),
      'tiled tiff': await scene.clone().tiff({ tile: true, compression: 'jpeg' }).toBuffer(),
      gif: await scene.clone().gif().toBuffer(),
      raw: dng(1, [await scene.clone().jpeg().toBuffer()]),
    };
    for (const [what, bytes] of Object.entries(files)) {
      const decoded = await decodeWhole(bytes, what === 'raw' ? 'raw.dng' : 'named-wrongly.jpg');
      expect(decoded.facts, what).toMatchObject({ width: 320, height: 240, damaged: false });
      // Where candidates end is 88. CMYK has fewer colours: it cannot come nearer.
      expect(distance(dctOf(decoded), dctOf(png)), what).toBeLessThan(72);
      expect(distance(decoded.facts.blockhash ?? '', png.facts.blockhash ?? ''), what).toBeLessThan(72);
      expect(decoded.thumbnail, what).not.toBeNull();
    }
  });

  test('of a HEIC in another colour space are those of its true colours', async () => {
    const colours = async (bytes: Buffer): Promise<number[]> => {
      const { thumbnail } = await decodeWhole(bytes);
      return (await sharp(thumbnail?.data).stats()).channels.map(({ mean }) => mean);
    };
    const expected = await colours(await picture(3, 320, 240).png().toBuffer());
    for (const bytes of [heic, heicInP3]) {
      for (const [n, mean] of (await colours(bytes)).entries())
        expect(Math.abs(mean - (expected[n] ?? 0))).toBeLessThan(2);
    }
    const stored = await picture(3, 320, 240).withIccProfile('p3').png().toBuffer();
    const unmanaged = await sharp(stored, { ignoreIcc: true }).stats();
    expect(Math.max(...unmanaged.channels.map(({ mean }, n) => Math.abs(mean - (expected[n] ?? 0))))).toBeGreaterThan(
      2,
    );
    expect(digestOf(await decodeWhole(heicInP3))).not.toBe(digestOf(await decodeWhole(heic)));
  });

  test('of a picture that is cut off lead to the whole one, but are not those of the same pixels', async () => {
    for (const format of ['jpeg', 'png'] as const) {
      const bytes = await picture(6, 800, 600).toFormat(format).toBuffer();
      const cut = await decodeWhole(bytes.subarray(0, Math.floor(bytes.length * 0.95)));
      expect(cut.facts).toMatchObject({ damaged: true, blockhash: null });
      expect(distance(dctOf(cut), dctOf(await decodeWhole(bytes))), format).toBeLessThan(88);
      expect(digestOf(cut), format).toBeNull();
    }
  });
});

describe('the digest of pixels', () => {
  const scene = picture(4, 120, 90);

  test('is the same for the same pixels, however they are packed', async () => {
    const png = digestOf(await decodeWhole(await scene.clone().png({ compressionLevel: 9 }).toBuffer()));
    expect(png).not.toBeNull();
    const same = {
      'other compression': await scene.clone().png({ compressionLevel: 1, adaptiveFiltering: true }).toBuffer(),
      metadata: await scene
        .clone()
        .withExif({ IFD0: { Make: 'Maker' } })
        .png()
        .toBuffer(),
      webp: await scene.clone().webp({ lossless: true }).toBuffer(),
      tiff: await scene.clone().tiff({ compression: 'lzw' }).toBuffer(),
    };
    for (const [what, bytes] of Object.entries(same)) expect(digestOf(await decodeWhole(bytes)), what).toBe(png);
    // sharp writes the orientation together with a profile only.
    const upright = await scene.clone().withMetadata({ orientation: 1 }).png().toBuffer();
    const turned = await scene.clone().rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(digestOf(await decodeWhole(turned))).toBe(digestOf(await decodeWhole(upright)));
  });

  test('is another for other pixels, depths, channels and profiles, and for what is more than one picture', async () => {
    const { data, info } = await scene.clone().raw().toBuffer({ resolveWithObject: true });
    data[5_000] = (data[5_000] ?? 0) ^ 1;
    const { width, height, channels } = info;
    const files = {
      plain: await scene.clone().png().toBuffer(),
      'one bit': await sharp(data, { raw: { width, height, channels } }).png().toBuffer(),
      '16 bit': await scene.clone().toColourspace('rgb16').png().toBuffer(),
      alpha: await scene.clone().ensureAlpha().png().toBuffer(),
      grey: await scene.clone().greyscale().png().toBuffer(),
      profile: await scene.clone().withIccProfile('p3').png().toBuffer(),
      heic,
      jpeg: await scene.clone().jpeg().toBuffer(),
    };
    const digests: (string | null)[] = [];
    for (const bytes of Object.values(files)) digests.push(digestOf(await decodeWhole(bytes)));
    expect(digests).not.toContain(null);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestOf(await decodeWhole(await animation(3, 'gif')))).toBeNull();
    expect(digestOf(await decodeWhole(await animation(3, 'webp')))).toBeNull();
    expect(digestOf(await decodeWhole(twoHeics))).toBeNull();
  });

  test('sees every bit of a picture of 16 bits', async () => {
    const made = async (value: number): Promise<string | null> => {
      const pixels = new Uint16Array(64 * 64 * 3).fill(value);
      const image = sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } }).toColourspace('rgb16');
      return digestOf(await decodeWhole(await image.png().toBuffer()));
    };
    expect(await made(30_000)).not.toBeNull();
    expect(await made(30_000)).not.toBe(await made(30_001));
  });

  test('sees colours that the screen does not show', async () => {
    const made = async (red: number): Promise<string | null> => {
      const pixels = Buffer.alloc(64 * 64 * 3);
      for (let at = 0; at < pixels.length; at += 3) pixels[at] = red;
      const stored = await sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
        .png()
        .toBuffer();
      // The profile of another PNG, put before the pixels: its reddest reds are more than sRGB has.
      const other = await picture(1, 64, 64).withIccProfile('p3').png().toBuffer();
      const [start, end] = [other.indexOf('iCCP', 0, 'latin1') - 4, other.indexOf('IDAT', 0, 'latin1') - 4];
      return digestOf(
        await decodeWhole(Buffer.concat([stored.subarray(0, 33), other.subarray(start, end), stored.subarray(33)])),
      );
    };
    expect(await made(255)).not.toBeNull();
    expect(await made(255)).not.toBe(await made(254));
  });

  test('is not made of very large pictures, nor of a preview', async () => {
    const large = { create: { width: 8_000, height: 5_001, channels: 3 as const, background: '#456789' } };
    const decoded = await decodeWhole(await sharp(large).png().toBuffer());
    expect(decoded.facts).toMatchObject({ width: 8_000, height: 5_001, damaged: false });
    expect(digestOf(decoded)).toBeNull();
    expect(digestOf(await decodeWhole(dng(1, [await scene.clone().jpeg().toBuffer()]), 'x.dng'))).toBeNull();
  });
});

describe('raw files', () => {
  test('are shown by their largest preview, upright, with the size of the sensor', async () => {
    const scene = picture(5, 640, 400);
    const upright = await decodeWhole(await scene.clone().jpeg().toBuffer());
    const other = await picture(8, 160, 120).jpeg().toBuffer();
    // What a camera turned by each orientation would have stored.
    const stored = [
      scene.clone(),
      scene.clone().flop(),
      scene.clone().rotate(180),
      scene.clone().flip(),
      sharp(await scene.clone().rotate(270).png().toBuffer()).flip(),
      scene.clone().rotate(270),
      sharp(await scene.clone().rotate(90).png().toBuffer()).flip(),
      scene.clone().rotate(90),
    ];
    for (const [n, one] of stored.entries()) {
      const lying = n >= 4;
      // Some cameras say it in the preview too: it is not turned twice.
      const preview = n % 2 === 0 ? one : one.withMetadata({ orientation: n + 1 });
      const file = dng(n + 1, [other, await preview.jpeg().toBuffer(), other], lying ? [4000, 6400] : [6400, 4000]);
      const decoded = await decodeWhole(file, 'IMG_1.dng');
      expect(decoded.facts, `orientation ${n + 1}`).toMatchObject({
        format: 'raw',
        width: 6400,
        height: 4000,
        damaged: false,
      });
      expect(distance(dctOf(decoded), dctOf(upright)), `orientation ${n + 1}`).toBeLessThan(12);
      const shown = await sharp(decoded.thumbnail?.data).metadata();
      expect([shown.width, shown.height]).toEqual([320, 200]);
    }
  });

  test('without metadata that we read are held as their preview says, and dated by it', async () => {
    const preview = await picture(5, 400, 640)
      .withExif({ IFD0: { Model: 'FinePix' }, IFD2: { DateTimeOriginal: '2018:07:25 16:34:23' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const head = Buffer.concat([Buffer.from('FUJIFILMCCD-RAW 0201', 'latin1'), Buffer.alloc(128)]);
    const raf = await decodeWhole(Buffer.concat([head, preview, sensorData()]), 'DSCF1.RAF');
    expect(raf.facts).toMatchObject({
      format: 'raw',
      width: 640,
      height: 400,
      camera: 'FinePix',
      takenAt: '2018-07-25T16:34:23',
    });
    const cr3 = Buffer.concat([
      box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1')),
      box('mdat', Buffer.concat([preview, sensorData()])),
    ]);
    expect((await decodeWhole(cr3, 'IMG_1.CR3')).facts).toMatchObject({ width: 640, height: 400 });
  });

  test('with a broken preview are shown by another one, or as damaged', async () => {
    const small = await picture(5, 320, 200).jpeg().toBuffer();
    const large = await picture(5, 640, 400).jpeg().toBuffer();
    const broken = Buffer.concat([large.subarray(0, large.indexOf('ffda', 'hex')), Buffer.from('ffd9', 'hex')]);
    const shown = await decodeWhole(dng(1, [broken, small]), 'a.nef');
    expect(shown.facts).toMatchObject({ format: 'raw', width: 320, height: 200, damaged: false });
    const cut = await decodeWhole(dng(1, [large.subarray(0, large.length - 300)]), 'a.nef');
    expect(cut.facts).toMatchObject({ width: 640, height: 400, damaged: true, blockhash: null });
  });

  test('without a preview are kept by their bytes', async () => {
    const decoded = await decodeWhole(dng(1, [], [6400, 4000]), 'a.dng');
    expect(decoded).toMatchObject({
      thumbnail: null,
      likeness: null,
      facts: { format: 'raw', width: 6400, height: 4000, damaged: false, features: null },
    });
    // Thousands of starts of pictures, none of which goes on.
    const starts = Buffer.alloc(600_000, Buffer.from('ffd8ffe00004', 'hex'));
    const started = performance.now();
    expect(await decodeWhole(dng(1, [starts]), 'a.dng')).toMatchObject({ thumbnail: null });
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

const realPhotos = path.join(import.meta.dirname, '../../../shared/photos');
if (fs.existsSync(realPhotos)) {
  describe('real photos', () => {
    test.each(['Landscape', 'Portrait'])('eight orientations of a %s are one picture', async (scene) => {
      const upright = scene === 'Landscape' ? { width: 1800, height: 1200 } : { width: 1200, height: 1800 };
      const hashes: string[] = [];
      for (let n = 0; n <= 8; n++) {
        const bytes = fs.readFileSync(path.join(realPhotos, 'orientation', `${scene}_${n}.jpg`));
        const { facts } = await decodeWhole(bytes);
        expect(facts).toMatchObject(upright);
        hashes.push(facts.blockhash ?? '');
      }
      for (const hash of hashes) expect(distance(hash, hashes[0] ?? '')).toBeLessThan(8);
    });

    test('a phone’s HEIC is decoded, with its metadata and upright size', async () => {
      const { facts, thumbnail } = await decodeWhole(fs.readFileSync(path.join(realPhotos, 'phone/heic-iphone7.heic')));
      const shown = await sharp(thumbnail?.data).metadata();
      expect([shown.width, shown.height]).toEqual([320, 240]);
      expect(facts).toMatchObject({
        format: 'heic',
        width: 4032,
        height: 3024,
        blockhash: expect.stringMatching(/^[0-9a-f]{64}$/),
        damaged: false,
        takenAt: '2019-10-20T18:34:30+02:00',
        subsecond: 130,
        camera: 'Apple iPhone 7',
      });
    });
  });
}

describe('bad input', () => {
  test('a truncated JPEG or PNG is a damaged photo: shown, but not hashed', async () => {
    for (const format of ['jpeg', 'png'] as const) {
      const whole = await picture(6, 800, 600).toFormat(format).toBuffer();
      const { facts, thumbnail } = await decodeWhole(whole.subarray(0, Math.floor(whole.length * 0.6)));
      expect(facts, format).toMatchObject({ damaged: true, width: 800, height: 600, blockhash: null });
      expect(thumbnail).not.toBeNull();
    }
  });

  test('flipped bits never crash it, whatever comes out', async () => {
    const whole = await picture(7, 300, 200).jpeg().toBuffer();
    for (let n = 0; n < 40; n++) {
      const bytes = Buffer.from(whole);
      const at = 2 + ((n * 7919) % (bytes.length - 2));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (n % 8));
      expect(['photo', 'broken']).toContain((await decode(bytes)).kind);
    }
  });

  test.each([
    ['nothing', Buffer.alloc(0), 'The file is empty.'],
    ['text', Buffer.from('no picture'), 'It is named like a photo, but its content is no image format that is known.'],
    ['only the start of a JPEG', Buffer.from('ffd8ffe0', 'hex'), /^The picture is damaged and cannot be decoded: /],
  ])('%s is refused with a reason', async (_, bytes, reason) => {
    const decoded = await decode(bytes);
    expect(decoded).toMatchObject({ kind: 'broken', reason: expect.stringMatching(reason) });
  });

  test('an SVG named .jpg is refused, and what it refers to is not loaded', async () => {
    const requests: string[] = [];
    const server = http.createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, 'secret.png'), await picture(9, 50, 50).png().toBuffer());
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"><image href="secret.png" width="50" height="50"/><image href="http://127.0.0.1:${port}/x.png"/></svg>`;
    const file = path.join(folder, 'x.jpg');
    fs.writeFileSync(file, svg);
    expect(await decodePhoto(loaded, file)).toMatchObject({
      kind: 'broken',
      reason: 'It is an SVG drawing, not a photo.',
    });
    // Also where our own look at the content would let it pass, the decoder itself refuses.
    await expect(loaded(Buffer.from(svg)).png().toBuffer()).rejects.toThrow(/unsupported image format/);
    expect(requests).toEqual([]);
  });

  test('a small file that claims to be enormous is not decoded', async () => {
    const started = performance.now();
    const decoded = await decode(hugePng(40_000, 40_000), 'bomb.png');
    expect(decoded).toMatchObject({ kind: 'broken', reason: 'The picture has more than 120 million pixels.' });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('a picture of absurd length is refused with a reason', async () => {
    const line = { create: { width: 1_100_000, height: 2, channels: 3 as const, background: '#808080' } };
    const decoded = await decode(await sharp(line).png().toBuffer(), 'line.png');
    expect(decoded).toMatchObject({ kind: 'broken', reason: expect.stringContaining('more than 1000000 pixels') });
  });

  test('a HEIC that is broken is kept by its bytes, as damaged', async () => {
    const rubbish = Buffer.concat([
      Buffer.from('0000001866747970686569630000000', 'hex'),
      Buffer.from('\0mif1heic rubbish'),
    ]);
    expect(await decodeWhole(rubbish, 'broken.heic')).toMatchObject({
      thumbnail: null,
      facts: { format: 'heic', width: 0, height: 0, damaged: true },
    });
    expect(await decodeWhole(heic.subarray(0, heic.length - 200), 'cut.heic')).toMatchObject({
      thumbnail: null,
      facts: { format: 'heic', width: 320, height: 240, damaged: true, blockhash: null, features: null },
    });
  });

  test('a HEIC in a codec that is not decoded here is kept by its bytes, and is not damaged', async () => {
    const avif = await picture(3, 320, 240).avif().toBuffer();
    const brand = avif.indexOf('avif', 0, 'latin1');
    const named = Buffer.from(avif.toString('latin1').replaceAll('avif', 'heic'), 'latin1');
    expect(brand).toBe(8);
    expect(await decodeWhole(named, 'odd.heic')).toMatchObject({
      thumbnail: null,
      facts: { format: 'heic', width: 320, height: 240, damaged: false },
    });
  });

  test('a small HEIC that claims to be enormous is not decoded', async () => {
    const claims = Buffer.from(heic);
    const size = claims.indexOf('ispe', 0, 'latin1') + 8;
    expect([claims.readUInt32BE(size), claims.readUInt32BE(size + 4)]).toEqual([320, 240]);
    claims.writeUInt32BE(30_000, size);
    claims.writeUInt32BE(30_000, size + 4);
    expect(await decode(claims, 'bomb.heic')).toMatchObject({
      kind: 'broken',
      reason: 'The picture has more than 120 million pixels.',
    });
  });

  test('of an animation of 300 frames only the first is decoded', async () => {
    const started = performance.now();
    const { facts } = await decodeWhole(await animation(300, 'gif'), 'film.gif');
    expect(facts).toMatchObject({ format: 'gif', width: 160, height: 120, damaged: false });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif', 'heic'] as const)(
    'a %s that is cut off or has flipped bits comes out as something valid',
    async (format) => {
      const whole = format === 'heic' ? heic : await picture(7, 96, 64).toFormat(format).toBuffer();
      for (let n = 0; n < 24; n++) {
        const bytes = Buffer.from(n % 2 === 0 ? whole : whole.subarray(0, Math.floor((whole.length * n) / 24)));
        const at = 12 + ((n * 7919) % Math.max(1, bytes.length - 12));
        if (n % 2 === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << (n % 8));
        const decoded = await decode(bytes);
        expect(v.is(DecoderMessageSchema, { type: 'done', job: 1, decoded, cpu: 0 }), `${format} ${n}`).toBe(true);
      }
    },
  );

  test('a file too large to decode is kept by its bytes', async () => {
    const file = path.join(temporaryFolder(), 'huge.jpg');
    const head = await picture(1, 64, 64)
      .withExif({ IFD0: { Make: 'Maker', Model: 'One' } })
      .jpeg()
      .toBuffer();
    fs.writeFileSync(file, head);
    fs.truncateSync(file, 513 * 1024 * 1024);
    const decoded = await decodePhoto(loaded, file);
    expect(decoded).toMatchObject({
      kind: 'photo',
      thumbnail: null,
      facts: { format: 'jpeg', size: 513 * 1024 * 1024, blockhash: null, camera: 'Maker One' },
    });
    const hash = createHash('sha256');
    await pipeline(fs.createReadStream(file), hash);
    expect(decoded.kind === 'photo' ? decoded.facts.id : '').toBe(hash.digest('hex'));
  });

  test('a format without a decoder is kept by its bytes', async () => {
    const bmp = Buffer.concat([
      Buffer.from('424d3a0000000000000036000000280000000100000001000000010018000000000004000000', 'hex'),
      Buffer.alloc(20),
    ]);
    const decoded = await decodeWhole(bmp, 'old.bmp');
    expect(decoded).toMatchObject({ thumbnail: null, facts: { format: 'bmp', width: 0, height: 0, blockhash: null } });
  });

  test('what is no regular file is refused without waiting for it', async () => {
    const folder = temporaryFolder();
    const pipe = path.join(folder, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    expect(await decodePhoto(loaded, pipe)).toMatchObject({
      kind: 'inaccessible',
      reason: 'It is not a regular file.',
    });
    const link = path.join(folder, 'link.jpg');
    fs.symlinkSync('/etc/hostname', link);
    expect(await decodePhoto(loaded, link)).toMatchObject({
      kind: 'inaccessible',
      reason: 'It is a link, which is not followed.',
    });
    expect(await decodePhoto(loaded, path.join(folder, 'none.jpg'))).toEqual({ kind: 'gone' });
  });
});

/** A film of as many frames that differ. */
async function animation(frames: number, format: 'gif' | 'webp'): Promise<Buffer> {
  const [width, height] = [160, 120];
  const pixels = Buffer.alloc(width * height * 3 * frames, 'any pattern that is no multiple of a row ');
  const image = sharp(pixels, { raw: { width, height: height * frames, channels: 3, pageHeight: height } });
  return format === 'gif' ? image.gif({ effort: 1 }).toBuffer() : image.webp({ effort: 0 }).toBuffer();
}

/** A valid PNG of one colour: a few kilobytes that unpack to gigabytes. */
function hugePng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc((width / 8 + 1) * 100));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(data: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
