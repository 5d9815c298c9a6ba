import { describe, expect, test } from 'vitest';
import { isLivePhoto, isMotionHeic, isMotionJpeg } from '../../src/daemon/library/motion.ts';
import { appleNote, box, samsungTrailer, segment, withXmp } from './support/cameraFiles.ts';
import { picture } from './support/images.ts';

describe('a JPEG with a film', () => {
  test.each([
    ['<rdf:Description GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"/>', true],
    ["<rdf:Description GCamera:MotionPhoto = '1'/>", true],
    ['<Camera:MotionPhoto>1</Camera:MotionPhoto>', true],
    ['<rdf:Description GCamera:MicroVideo="1"/>', true],
    ['<rdf:Description GCamera:MotionPhoto="0" GCamera:MotionPhotoVersion="1"/>', false],
    ['<rdf:Description xmp:Rating="1"/>', false],
  ])('is known by XMP %s: %s', async (xmp, expected) => {
    expect(isMotionJpeg(withXmp(await picture(1, 64, 48).jpeg().toBuffer(), xmp))).toBe(expected);
  });

  test('is known by what Samsung writes at its end', async () => {
    const jpeg = await picture(1, 64, 48).jpeg().toBuffer();
    expect(isMotionJpeg(jpeg)).toBe(false);
    expect(isMotionJpeg(Buffer.concat([jpeg, samsungTrailer(0x0a30)]))).toBe(true);
    // A trailer of another kind: a note of the time zone.
    expect(isMotionJpeg(Buffer.concat([jpeg, samsungTrailer(0x0a01)]))).toBe(false);
  });

  test('is not found in what only looks like one', async () => {
    const jpeg = await picture(1, 64, 48).jpeg().toBuffer();
    const comment = segment(0xfe, 'GCamera:MotionPhoto="1"');
    expect(isMotionJpeg(Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]))).toBe(false);
    for (const length of [0, 4, 8, 12]) expect(isMotionJpeg(Buffer.alloc(length, 'SEFT'))).toBe(false);
    const lying = Buffer.concat([jpeg, Buffer.from('ffffffff', 'hex'), Buffer.from('SEFT')]);
    expect(isMotionJpeg(lying)).toBe(false);
  });
});

test('a HEIC with a film has a box for it', () => {
  const heic = Buffer.concat([box('ftyp', Buffer.from('heic\0\0\0\0mif1heic')), box('meta', Buffer.alloc(40))]);
  expect(isMotionHeic(heic)).toBe(false);
  expect(isMotionHeic(Buffer.concat([heic, box('mpvd', Buffer.from('a film'))]))).toBe(true);
  expect(isMotionHeic(Buffer.concat([heic, Buffer.alloc(8)]))).toBe(false);
  for (let length = 0; length < heic.length; length++) expect(isMotionHeic(heic.subarray(0, length))).toBe(false);
});

test('a Live Photo names its film in Apple’s maker note', () => {
  expect(isLivePhoto(appleNote(0x0011))).toBe(true);
  expect(isLivePhoto(appleNote(0x0014))).toBe(false);
  expect(isLivePhoto(Buffer.from('Nikon\0'))).toBe(false);
  for (let length = 0; length < 16; length++) expect(isLivePhoto(appleNote(0x0011).subarray(0, length))).toBe(false);
});
