import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { jpegDigest, rasterDigest } from '../../src/daemon/library/pixelDigest.ts';
import { digestBytes } from '../../src/protocol/features.ts';
import { withSegment } from './support/cameraFiles.ts';
import { picture } from './support/images.ts';

function hex(digest: Uint8Array | null): string | null {
  return digest === null ? null : Buffer.from(digest).toString('hex');
}

function digestOf(jpeg: Buffer, orientation = 1): string | null {
  return hex(jpegDigest(jpeg, orientation));
}

const jfif = Buffer.from('4a46494600010100000100010000', 'hex');
const adobe = Buffer.from('41646f626500640000000000', 'hex');

describe('the digest of a JPEG', () => {
  const made = picture(3, 320, 240);

  test('stays when only notes change', async () => {
    const plain = await made.clone().jpeg().toBuffer();
    const digest = digestOf(plain);
    expect(digest).toMatch(new RegExp(`^[0-9a-f]{${2 * digestBytes}}$`));
    const exif = { IFD2: { DateTimeOriginal: '2018:07:25 16:34:23' } };
    expect(digestOf(await made.clone().withExif(exif).jpeg().toBuffer())).toBe(digest);
    expect(digestOf(withSegment(plain, 0xfe, 'a caption'))).toBe(digest);
    expect(digestOf(withSegment(plain, 0xed, 'Photoshop 3.0\0'))).toBe(digest);
    expect(digestOf(withSegment(plain, 0xe2, 'MPF\0 not a profile'))).toBe(digest);
    expect(digestOf(Buffer.concat([plain, Buffer.from('a film')]))).toBe(digest);
    expect(digestOf(withSegment(plain, 0xe0, jfif))).toBe(digest);
    // A note that looks like the end of the image, in front of it.
    expect(digestOf(withSegment(plain, 0xfe, Buffer.from('ffd9ffda', 'hex')))).toBe(digest);
  });

  test('changes with whatever makes other pixels', async () => {
    const plain = await made.clone().jpeg().toBuffer();
    const flipped = Buffer.from(plain);
    const at = plain.length - 100;
    flipped[at] = (plain[at] ?? 0) ^ 1;
    const different = [
      plain,
      await made.clone().jpeg({ quality: 81 }).toBuffer(),
      await made.clone().jpeg({ progressive: true }).toBuffer(),
      await made.clone().flop().jpeg().toBuffer(),
      await made.clone().withIccProfile('p3').jpeg().toBuffer(),
      withSegment(plain, 0xee, adobe),
      flipped,
    ].map((jpeg) => digestOf(jpeg));
    expect(different).not.toContain(null);
    expect(new Set([...different, digestOf(plain, 6)]).size).toBe(different.length + 1);
  });

  test('tells the colours of components apart where only JFIF does', async () => {
    const plain = await made.clone().jpeg().toBuffer();
    const asAdobeSays = withSegment(plain, 0xee, adobe);
    expect(digestOf(withSegment(asAdobeSays, 0xe0, jfif))).not.toBe(digestOf(asAdobeSays));
    const cmyk = await made.clone().toColourspace('cmyk').jpeg().toBuffer();
    expect(digestOf(cmyk)).not.toBeNull();
  });

  test.each([{}, { progressive: true }])('goes on to the end of the image: %j', async (options) => {
    const jpeg = await made.clone().jpeg(options).toBuffer();
    const digest = digestOf(jpeg);
    expect(digest).not.toBeNull();
    expect(digestOf(Buffer.concat([jpeg, jpeg]))).toBe(digest);
    expect(digestOf(jpeg.subarray(0, jpeg.length - 2))).toBeNull();
    for (const at of [jpeg.length - 3, Math.floor(jpeg.length * 0.7)]) {
      const other = Buffer.from(jpeg);
      other[at] = (jpeg[at] ?? 0) ^ 2;
      expect(digestOf(other), `byte ${at}`).not.toBe(digest);
    }
  });

  test('of several scans does not end in a table between them', async () => {
    const jpeg = await made.clone().jpeg({ progressive: true }).toBuffer();
    const scan = jpeg.indexOf(Buffer.from('ffda', 'hex'));
    const table = jpeg.indexOf(Buffer.from('ffc4', 'hex'), scan);
    expect(table).toBeGreaterThan(scan);
    const note = Buffer.from('fffe0006ffd9ffd9', 'hex');
    const noted = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, table), note, bytes.subarray(table)]);
    const other = Buffer.from(jpeg);
    other[jpeg.length - 10] = (jpeg[jpeg.length - 10] ?? 0) ^ 1;
    expect(digestOf(noted(other))).not.toBe(digestOf(noted(jpeg)));
  });

  test('is null for what is no JPEG, and never throws', async () => {
    const jpeg = await made.clone().jpeg().toBuffer();
    for (const bytes of [Buffer.alloc(0), Buffer.from('ffd8', 'hex'), Buffer.from('ffd8ffda0003', 'hex')]) {
      expect(digestOf(bytes)).toBeNull();
    }
    for (let length = 0; length < 700; length++) expect(digestOf(jpeg.subarray(0, length))).toBeNull();
  });
});

describe('the digest of a raster', () => {
  test('says nothing but the pixels and what their numbers mean', async () => {
    const { data, info } = await sharp(await picture(1, 60, 40).png().toBuffer())
      .raw()
      .toBuffer({ resolveWithObject: true });
    const raster = { width: info.width, height: info.height, channels: info.channels, depth: 'uchar' as const, data };
    const digest = hex(rasterDigest(raster, undefined));
    expect(hex(rasterDigest({ ...raster, data: Buffer.from(data) }, undefined))).toBe(digest);
    const other = Buffer.from(data);
    other[4_000] = (other[4_000] ?? 0) ^ 1;
    const different = [
      rasterDigest({ ...raster, data: other }, undefined),
      rasterDigest({ ...raster, width: 40, height: 60 }, undefined),
      rasterDigest({ ...raster, width: 120, depth: 'ushort' }, undefined),
      rasterDigest(raster, Buffer.from('profile')),
      // As if the profile were the first pixels.
      rasterDigest({ ...raster, data: data.subarray(7) }, data.subarray(0, 7)),
    ].map(hex);
    expect(new Set([digest, ...different]).size).toBe(6);
  });
});
