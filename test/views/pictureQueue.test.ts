import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../src/protocol/errors.ts';
import type { GalleryPictureMessage } from '../../src/protocol/gallery.ts';
import { maxGroupBytes, maxPictureBytes } from '../../src/protocol/gallery.ts';
import { PictureQueue, pictureType } from '../../src/views/pictureQueue.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { idForTests } from './samples.ts';

/** Photos 1, 2, ... as files; `open` waits for what the test says. */
function stand(opened: (id: string, signal: AbortSignal | undefined) => Promise<unknown> = async () => undefined) {
  const folder = temporaryFolder();
  const delivered: GalleryPictureMessage[] = [];
  const end = new AbortController();
  const file = (id: string) => path.join(folder, id);
  const queue = new PictureQueue(
    {
      open: async (id, options) => {
        await opened(id, options?.signal);
        return { path: file(id), size: 3 };
      },
    },
    end.signal,
    (message) => delivered.push(message),
  );
  const texts = () => delivered.map(({ id, data }) => [id, Buffer.from(data).toString()]);
  const write = (n: number, text: string) => fs.writeFileSync(file(idForTests(n)), text);
  return { queue, delivered, texts, write, end };
}

const jpeg = (n: number) => ({ id: idForTests(n), format: 'jpeg' as const });

test('photos come whole, one after the other, with their type and in a buffer of their own', async () => {
  const { queue, delivered, texts, write } = stand();
  write(1, 'one');
  write(2, 'two');
  await queue.want([jpeg(1), { id: idForTests(2), format: 'webp' }]);
  expect(texts()).toEqual([
    [idForTests(1), 'one'],
    [idForTests(2), 'two'],
  ]);
  expect(delivered.map(({ mime }) => mime)).toEqual(['image/jpeg', 'image/webp']);
  expect(delivered[0]?.data.byteLength).toBe(3);
});

test('what is wanted now ends what was wanted before', async () => {
  const aborted: string[] = [];
  const { queue, texts, write } = stand(async (id, signal) => {
    if (id !== idForTests(1)) return;
    await new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        aborted.push(id);
        reject(new AppError('cancelled', 'Cancelled.'));
      });
    });
  });
  write(3, 'three');
  const first = queue.want([jpeg(1), jpeg(2)]);
  await queue.want([jpeg(3)]);
  await first;
  expect(aborted).toEqual([idForTests(1)]);
  expect(texts()).toEqual([[idForTests(3), 'three']]);
});

test('one that cannot be had, shown or held is delivered without bytes, and the next one comes', async () => {
  const { queue, texts, write, delivered } = stand(async (id) => {
    if (id === idForTests(1)) throw new AppError('no-holder-online', 'Nobody.');
  });
  write(2, 'raw');
  write(4, 'four');
  await queue.want([jpeg(1), { id: idForTests(2), format: 'raw' }, jpeg(3), jpeg(4)]);
  expect(texts()).toEqual([
    [idForTests(1), ''],
    [idForTests(2), ''],
    [idForTests(3), ''],
    [idForTests(4), 'four'],
  ]);
  expect(delivered[1]?.mime).toBe('');
});

test('a photo of too many bytes is not read', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'large');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, maxPictureBytes);
  const delivered: GalleryPictureMessage[] = [];
  const queue = new PictureQueue(
    { open: async () => ({ path: file, size: maxPictureBytes }) },
    new AbortController().signal,
    (message) => delivered.push(message),
  );
  await queue.want([jpeg(1)]);
  expect(delivered[0]?.data.byteLength).toBe(0);
});

test('photos of a group are held together to a number of bytes', async () => {
  const folder = temporaryFolder();
  const size = maxPictureBytes - 1;
  const file = path.join(folder, 'large');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, size);
  const sizes: number[] = [];
  const queue = new PictureQueue(
    { open: async () => ({ path: file, size }) },
    new AbortController().signal,
    ({ data }) => sizes.push(data.byteLength),
  );
  await queue.want([1, 2, 3, 4, 5].map(jpeg));
  expect(sizes).toEqual([size, size, size, size, 0]);
  expect(4 * size).toBeLessThanOrEqual(maxGroupBytes);
});

test('nothing comes after the connection has ended', async () => {
  const { queue, texts, write, end } = stand();
  write(1, 'one');
  end.abort();
  await queue.want([jpeg(1)]);
  expect(texts()).toEqual([]);
});

test('only what every browser shows has a type', () => {
  expect(['jpeg', 'png', 'webp', 'avif', 'gif'].map((format) => pictureType(format as 'jpeg'))).not.toContain(
    undefined,
  );
  expect((['tiff', 'heic', 'raw', 'jxl', 'jp2', 'bmp'] as const).map(pictureType)).toEqual(
    Array.from({ length: 6 }, () => undefined),
  );
});
