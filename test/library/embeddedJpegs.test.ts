import { expect, test } from 'vitest';
import { embeddedJpegs } from '../../src/daemon/library/embeddedJpegs.ts';
import { dng, sensorData } from './support/cameraFiles.ts';
import { picture } from './support/images.ts';

test('the JPEGs in a file are found wherever they are, the largest first', async () => {
  const [small, large] = await Promise.all([
    picture(1, 160, 120).jpeg().toBuffer(),
    picture(1, 640, 480).jpeg({ progressive: true }).toBuffer(),
  ]);
  const found = embeddedJpegs(dng(1, [small, large, small]));
  expect(found).toHaveLength(3);
  expect(found[0]?.subarray(0, large.length).equals(large)).toBe(true);
  expect(found[1]?.subarray(0, small.length).equals(small)).toBe(true);
});

test('what is not for the eye is left out: the sensor’s data, icons, beginnings without a picture', async () => {
  const icon = await picture(1, 32, 200).jpeg().toBuffer();
  const jpeg = await picture(1, 200, 200).jpeg().toBuffer();
  const frame = jpeg.indexOf('ffc0', 'hex');
  const deep = Buffer.from(jpeg);
  deep[frame + 4] = 12;
  const lossless = Buffer.from(jpeg);
  lossless[frame + 1] = 0xc3;
  const data = [sensorData(), icon, deep, lossless, Buffer.from('ffd8ffffffff', 'hex'), jpeg.subarray(0, frame)];
  expect(embeddedJpegs(Buffer.concat(data))).toEqual([]);
});
