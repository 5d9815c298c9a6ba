import { describe, expect, test } from 'vitest';
import type { GalleryThumbnailsMessage } from '../../src/protocol/gallery.ts';
import { ThumbnailQueue } from '../../src/views/thumbnailQueue.ts';
import { Thumbnails } from '../../src/views/thumbnails.ts';
import { waitFor } from '../support/waitFor.ts';
import { idForTests } from './samples.ts';

const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => idForTests(from + n));
const picture = (id: string) => ({ id, mime: 'image/webp', data: Buffer.from(id).toString('base64') });

/** Answers when it is told to. */
function slowDaemon() {
  const asked: string[][] = [];
  const answers: (() => void)[] = [];
  return {
    asked,
    answerNext: () => answers.shift()?.(),
    client: {
      thumbnails: (batch: readonly string[]) => {
        asked.push([...batch]);
        return new Promise<ReturnType<typeof picture>[]>((resolve) => answers.push(() => resolve(batch.map(picture))));
      },
    },
  };
}

describe('the queue of a gallery', () => {
  const queueOf = (daemon: ReturnType<typeof slowDaemon>, signal = new AbortController().signal) => {
    const delivered: GalleryThumbnailsMessage[] = [];
    const failed: unknown[] = [];
    const queue = new ThumbnailQueue(
      daemon.client,
      signal,
      (message) => delivered.push(message),
      (error) => failed.push(error),
    );
    return { queue, delivered, failed };
  };

  test('asks for two small batches at a time', async () => {
    const daemon = slowDaemon();
    const { queue, delivered } = queueOf(daemon);
    queue.want(ids(0, 100));
    expect(daemon.asked.map(({ length }) => length)).toEqual([32, 32]);
    daemon.answerNext();
    await waitFor('the third batch', () => daemon.asked.length === 3);
    expect(delivered[0]?.ids).toEqual(ids(0, 32));
  });

  test('forgets what is wanted no more, and asks for nothing twice', async () => {
    const daemon = slowDaemon();
    const { queue, delivered } = queueOf(daemon);
    queue.want(ids(0, 200));
    queue.want([...ids(0, 10), ...ids(500, 10)]);
    daemon.answerNext();
    daemon.answerNext();
    await waitFor('what is wanted now', () => daemon.asked.length === 3);
    expect(daemon.asked[2]).toEqual(ids(500, 10));
    daemon.answerNext();
    await waitFor('all', () => delivered.length === 3);
    queue.want(ids(500, 10));
    expect(daemon.asked).toHaveLength(4);
  });

  test('says when the daemon fails, and works on', async () => {
    const daemon = slowDaemon();
    let fails = true;
    const { queue, failed, delivered } = queueOf({
      ...daemon,
      client: {
        thumbnails: (batch) => (fails ? Promise.reject(new Error('gone')) : Promise.resolve(batch.map(picture))),
      },
    });
    queue.want(ids(0, 5));
    await waitFor('the failure', () => failed.length === 1);
    fails = false;
    await waitFor('thumbnails', () => {
      queue.want(ids(0, 5));
      return delivered.length > 0;
    });
  });
});

describe('thumbnails for lists', () => {
  test('come in batches that the daemon takes, once', async () => {
    const asked: number[] = [];
    const client = {
      thumbnails: async (batch: readonly string[]) => {
        asked.push(batch.length);
        return batch.map(picture);
      },
    };
    const thumbnails = new Thumbnails();
    const { signal } = new AbortController();
    let arrivals = 0;
    await thumbnails.load(client, ids(0, 130), signal, () => arrivals++);
    expect(asked).toEqual([64, 64, 2]);
    expect(arrivals).toBe(3);
    expect(thumbnails.get(idForTests(129))).toBe(`data:image/webp;base64,${picture(idForTests(129)).data}`);
    await thumbnails.load(client, ids(0, 130), signal);
    expect(asked).toHaveLength(3);
  });

  test('do not fill the memory: the ones used last stay', async () => {
    const big = 'x'.repeat(1_000_000);
    const client = {
      thumbnails: async (batch: readonly string[]) => batch.map((id) => ({ id, mime: 'image/webp', data: big })),
    };
    const thumbnails = new Thumbnails();
    const { signal } = new AbortController();
    await thumbnails.load(client, ids(0, 10), signal);
    expect(thumbnails.get(idForTests(0))).toBeDefined();
    await thumbnails.load(client, ids(10, 10), signal);
    const kept = ids(0, 20).filter((id) => thumbnails.get(id) !== undefined);
    expect(kept).toHaveLength(11);
    expect(kept).toContain(idForTests(19));
    expect(kept).toContain(idForTests(0));
    expect(kept).not.toContain(idForTests(1));
  });
});
