import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { DecodeFailed } from '../../src/daemon/library/decoderPool.ts';
import { DecoderPool } from '../../src/daemon/library/decoderPool.ts';
import type { Decoded } from '../../src/daemon/library/decoderMessages.ts';
import { DecoderMessageSchema } from '../../src/daemon/library/decoderMessages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { appleNote, box, dng, samsungTrailer, sensorData, withMakerNote, withXmp } from './support/cameraFiles.ts';
import { heic, heicInP3, picture } from './support/images.ts';
import { mutated } from './support/mutations.ts';

// Files of every format, broken in many ways, through real decoder processes. The ordinary run takes some hundreds; for
// more: PHOTO_ORGANIZER_FUZZ=10000 npx vitest run --project unit test/library/decoderFuzz.test.ts
// Every mutation has a number from which it is made, so that the one that a failure names can be had again.

const mutations = Number(process.env['PHOTO_ORGANIZER_FUZZ'] ?? 800);
/** Milliseconds for one file; what comes on top is the start of another decoder. */
const wallLimit = 10_000;
const margin = 20_000;

async function seeds(): Promise<Map<string, Buffer>> {
  const scene = picture(3, 96, 64);
  const exif = {
    IFD0: { Make: 'Maker', Model: 'One' },
    IFD2: { DateTimeOriginal: '2018:07:25 16:34:23', SubSecTimeOriginal: '123' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '40/1 38/1 30/1', GPSLongitudeRef: 'W', GPSLongitude: '8/1 39/1 0/1' },
  };
  const jpeg = await scene.clone().withExif(exif).jpeg().toBuffer();
  const frames = Buffer.alloc(48 * 32 * 3 * 5, 'any pattern that is no multiple of a row ');
  const film = sharp(frames, { raw: { width: 48, height: 32 * 5, channels: 3, pageHeight: 32 } });
  return new Map([
    ['photo.jpg', jpeg],
    ['progressive.jpg', await scene.clone().withIccProfile('p3').jpeg({ progressive: true }).toBuffer()],
    ['cmyk.jpg', await scene.clone().toColourspace('cmyk').jpeg().toBuffer()],
    ['motion.jpg', Buffer.concat([withXmp(jpeg, 'GCamera:MotionPhoto="1"'), samsungTrailer(0x0a30)])],
    ['live.jpg', withMakerNote(jpeg, appleNote(0x0011))],
    ['photo.png', await scene.clone().withExif(exif).png().toBuffer()],
    ['deep.png', await scene.clone().toColourspace('rgb16').png({ progressive: true }).toBuffer()],
    ['indexed.png', await scene.clone().png({ palette: true }).toBuffer()],
    ['photo.webp', await scene.clone().withExif(exif).webp().toBuffer()],
    ['alpha.webp', await scene.clone().ensureAlpha(0.5).webp({ lossless: true }).toBuffer()],
    ['film.webp', await film.clone().webp().toBuffer()],
    ['photo.avif', await scene.clone().withExif(exif).avif().toBuffer()],
    ['photo.tif', await scene.clone().withExif(exif).tiff({ compression: 'lzw' }).toBuffer()],
    ['tiled.tif', await scene.clone().tiff({ compression: 'jpeg', tile: true, pyramid: true }).toBuffer()],
    ['photo.gif', await scene.clone().gif().toBuffer()],
    ['film.gif', await film.clone().gif().toBuffer()],
    ['photo.heic', heic],
    ['motion.heic', Buffer.concat([heicInP3, box('mpvd', Buffer.from('a film'))])],
    ['raw.dng', dng(6, [jpeg, await picture(4, 160, 120).jpeg().toBuffer()], [4000, 3000])],
    ['raw.raf', Buffer.concat([Buffer.from('FUJIFILMCCD-RAW 0201'), Buffer.alloc(80), jpeg, sensorData()])],
    ['raw.cr3', Buffer.concat([box('ftyp', Buffer.from('crx \0\0\0\x01crx isom')), box('mdat', jpeg)])],
    ['photo.jxl', Buffer.concat([Buffer.from('ff0a', 'hex'), Buffer.alloc(200, 'jxl')])],
    ['photo.jp2', Buffer.concat([Buffer.from('0000000c6a5020200d0a870a', 'hex'), Buffer.alloc(200, 'jp2')])],
    [
      'photo.bmp',
      Buffer.concat([Buffer.from('424d3a0000000000000036000000280000000100000001000000', 'hex'), Buffer.alloc(40)]),
    ],
  ]);
}

function isAnswer(decoded: Decoded | DecodeFailed): boolean {
  if (decoded.kind === 'failed') return decoded.reason.startsWith('It took longer');
  return (
    (decoded.kind === 'photo' || decoded.kind === 'broken') &&
    v.is(DecoderMessageSchema, { type: 'done', job: 1, decoded, cpu: 0 })
  );
}

test(
  `${mutations} broken files are answered for in time, and none is touched`,
  async () => {
    const originals = await seeds();
    const names = [...originals.keys()];
    const folder = temporaryFolder();
    const pool = new DecoderPool(silentLogger, { size: 2, wallLimit });
    onTestFinished(() => pool[Symbol.dispose]());
    for (const [name, bytes] of originals) {
      const file = path.join(folder, name);
      fs.writeFileSync(file, bytes);
      expect(await pool.decode(file), name).toMatchObject({ kind: 'photo', facts: { size: bytes.length } });
    }

    const wrong: string[] = [];
    const kinds = new Map<string, number>();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let n = next++; n < mutations; n = next++) {
        const name = names[n % names.length] ?? '';
        const bytes = mutated(originals, name, n);
        const file = path.join(folder, `${n}-${name}`);
        fs.writeFileSync(file, bytes);
        // A time of its own, so that a write would show even if it wrote the same.
        fs.utimesSync(file, 1_000_000_000, 1_000_000_000 + n);
        const started = performance.now();
        const decoded = await pool.decode(file, bytes.length);
        const took = performance.now() - started;
        if (!isAnswer(decoded) && bytes.length > 0)
          wrong.push(`${n} of ${name}: ${JSON.stringify(decoded).slice(0, 300)}`);
        if (took > wallLimit + margin) wrong.push(`${n} of ${name} took ${Math.round(took)} ms`);
        if (!fs.readFileSync(file).equals(bytes)) wrong.push(`${n} of ${name} was changed`);
        if (fs.statSync(file).mtimeMs !== 1000 * (1_000_000_000 + n)) wrong.push(`${n} of ${name} was written to`);
        fs.rmSync(file);
        kinds.set(decoded.kind, (kinds.get(decoded.kind) ?? 0) + 1);
      }
    };
    await Promise.all([work(), work()]);
    expect(wrong).toEqual([]);
    // It is no test of anything if everything is refused at the first byte.
    expect(kinds.get('photo') ?? 0).toBeGreaterThan(mutations / 4);
    expect(kinds.get('broken') ?? 0).toBeGreaterThan(0);
    // Nothing so small takes so long, but on a machine that is very busy.
    expect(kinds.get('failed') ?? 0).toBeLessThanOrEqual(mutations / 100);
    expect(fs.readdirSync(folder).sort()).toEqual([...names].sort());
    for (const [name, bytes] of originals) {
      expect(await pool.decode(path.join(folder, name)), name).toMatchObject({
        kind: 'photo',
        facts: { size: bytes.length },
      });
    }
  },
  60_000 + 100 * mutations,
);
