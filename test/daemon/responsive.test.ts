import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { jpeg } from '../support/pictures.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/daemons.ts';

const photos = 10_000;

describe('a daemon that scans 10,000 photos', () => {
  it(
    'answers all the while, tells how far it is, and knows them again after a restart',
    { timeout: 300_000 },
    async () => {
      const friends = new Friends();
      const folder = friends.folder('many');
      // Bytes after the end of the picture make files that differ and decode alike.
      const pictures = await Promise.all([1, 2, 3, 4].map((seed) => jpeg({ seed, width: 96, height: 72 })));
      for (let n = 0; n < photos; n++) {
        const directory = path.join(folder, String(Math.floor(n / 500)));
        if (n % 500 === 0) fs.mkdirSync(directory);
        fs.writeFileSync(
          path.join(directory, `${n}.jpg`),
          Buffer.concat([pictures[n % 4] ?? Buffer.alloc(0), Buffer.from(`#${n}`)]),
        );
      }
      const daemon = await friends.serve(folder);
      const waits: number[] = [];
      let told = 0;
      await waitFor(
        'the scan is done',
        async () => {
          const asked = performance.now();
          const { scanning, photos: counts } = await daemon.client.status();
          waits.push(performance.now() - asked);
          if (scanning !== null && scanning.total === photos && scanning.rate > 0 && scanning.secondsLeft !== null)
            told++;
          return scanning === null && counts.local === photos;
        },
        240_000,
      );
      expect(told).toBeGreaterThan(3);
      const sorted = waits.toSorted((a, b) => a - b);
      expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(100);
      expect(sorted.at(-1)).toBeLessThan(2000);

      expect(await daemon.end('SIGTERM')).toBe(0);
      const started = performance.now();
      const again = await friends.serve(folder);
      await waitFor('the folder was looked at again', async () => {
        const { scanning, photos: counts } = await again.client.status();
        return scanning === null && counts.local === photos;
      });
      // Hashing and decoding them again would take many times as long.
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );
});
