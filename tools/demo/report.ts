import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import type { ServedFolder } from '../daemons.ts';
import { ask, show } from '../daemons.ts';

/** How long nothing may change while the daemons get to know each other's photos, in ms. */
const standstillPatience = 90_000;
/** How often the daemons are asked, in ms. */
const pollInterval = 400;
/** Photos that the report lists. */
const listed = 12;

const StatusSchema = v.object({
  scanning: v.nullable(v.object({ done: v.number(), total: v.number() })),
  photos: v.object({ local: v.number(), collection: v.number() }),
});
const PeersSchema = v.array(v.object({ online: v.boolean() }));
const PhotosSchema = v.array(
  v.object({
    id: v.string(),
    name: v.string(),
    size: v.number(),
    holders: v.array(v.object({ peerId: v.string(), name: v.string(), online: v.boolean() })),
  }),
);
const FetchSchema = v.object({ path: v.string(), size: v.number(), seconds: v.number() });

/**
 * Waits until all daemons have read their folders and list the same collection.
 * @returns how many photos it has
 * @throws Error when nothing changes for too long, or by the signal
 */
export async function waitForOneCollection(
  home: string,
  served: readonly ServedFolder[],
  signal: AbortSignal,
): Promise<number> {
  let last = '';
  for (let changed = Date.now(); ;) {
    signal.throwIfAborted();
    const states = await Promise.all(
      served.map(async ({ folder }) => ({
        status: v.parse(StatusSchema, await ask(home, folder, ['status'])),
        online: v.parse(PeersSchema, await ask(home, folder, ['peers'])).filter(({ online }) => online).length,
      })),
    );
    const collections = new Set(states.map(({ status }) => status.photos.collection));
    const settled = states.every(({ status, online }) => status.scanning === null && online === served.length);
    const [collection] = collections;
    if (settled && collections.size === 1 && collection !== undefined && (await haveSameList(home, served)))
      return collection;
    const now = states.map(({ status }) => `${status.photos.local} of ${status.photos.collection}`).join(', ');
    if (now !== last) {
      console.log(`  photos of their own, of all they know: ${now}`);
      [last, changed] = [now, Date.now()];
    }
    if (Date.now() - changed > standstillPatience) {
      throw new Error(`The daemons did not come to know one collection: ${now} for ${standstillPatience / 1000} s.`);
    }
    await delay(pollInterval, undefined, { signal });
  }
}

async function haveSameList(home: string, served: readonly ServedFolder[]): Promise<boolean> {
  const lists = await Promise.all(served.map(async ({ folder }) => allPhotos(home, folder)));
  return (
    new Set(
      lists.map((photos) =>
        photos
          .map(({ id }) => id)
          .sort()
          .join(),
      ),
    ).size === 1
  );
}

async function allPhotos(home: string, folder: string) {
  return v.parse(PhotosSchema, await ask(home, folder, ['list']));
}

/** Shows the peers and the collection as the command shows them. */
export async function reportCollection(home: string, first: ServedFolder): Promise<void> {
  await show(home, first.folder, ['status']);
  await show(home, first.folder, ['peers']);
  await show(home, first.folder, ['list', '--limit', String(listed)]);
}

/**
 * Fetches a photo that only others hold to another folder and compares it byte by byte with the holder's file.
 * @throws Error when there is none to fetch, or when it differs
 */
export async function reportFetch(home: string, first: ServedFolder, target: string): Promise<void> {
  const photos = await allPhotos(home, first.folder);
  const photo = photos.find(
    ({ holders }) =>
      holders.some(({ online }) => online) && holders.every(({ peerId }) => peerId !== first.ready.peerId),
  );
  if (photo === undefined) {
    throw new Error(
      'The friends have no photo that the first folder lacks, so there is nothing to fetch: give folders with different photos.',
    );
  }
  fs.mkdirSync(target, { recursive: true });
  const fetched = v.parse(FetchSchema, await ask(home, first.folder, ['fetch', photo.id, '-o', target]));
  const hash = await sha256(fetched.path);
  const rate = fetched.size / 1e6 / Math.max(fetched.seconds, 0.001);
  console.log(`\n$ photo-organizer fetch ${photo.id.slice(0, 12)} -o ${target}`);
  console.log(`${photo.name} from ${photo.holders.map(({ name }) => name).join(' or ')}`);
  console.log(
    `  ${fetched.path}: ${(fetched.size / 1e6).toFixed(2)} MB in ${(fetched.seconds * 1000).toFixed(0)} ms (${rate.toFixed(0)} MB/s)`,
  );
  console.log(`  id       ${photo.id}`);
  console.log(`  sha256   ${hash}${hash === photo.id ? '   identical' : ''}`);
  if (hash !== photo.id) throw new Error(`The fetched file ${fetched.path} is not the photo ${photo.id}.`);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(file), hash);
  return hash.digest('hex');
}
