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
import { ContentFactsSchema } from '../../src/daemon/library/decoderMessages.ts';
import type { Sharp } from '../../src/daemon/library/sharpBinding.ts';
import { loadSharp } from '../../src/daemon/library/sharpBinding.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { distance, picture, sha256 } from './support/images.ts';

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

    test('a phone’s HEIC is kept with its metadata and upright size', async () => {
      const { facts, thumbnail } = await decodeWhole(fs.readFileSync(path.join(realPhotos, 'phone/heic-iphone7.heic')));
      expect(thumbnail).toBeNull();
      expect(facts).toMatchObject({
        format: 'heic',
        width: 4032,
        height: 3024,
        blockhash: null,
        takenAt: '2019-10-20T18:34:30+02:00',
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

  test('a HEIC with a broken container is kept by its bytes', async () => {
    const heic = Buffer.concat([
      Buffer.from('0000001866747970686569630000000', 'hex'),
      Buffer.from('\0mif1heic rubbish'),
    ]);
    const decoded = await decodeWhole(heic, 'broken.heic');
    expect(decoded).toMatchObject({ thumbnail: null, facts: { format: 'heic', width: 0, height: 0 } });
  });

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
