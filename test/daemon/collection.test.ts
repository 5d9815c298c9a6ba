import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { writePictures } from '../support/pictures.ts';
import { waitFor } from '../support/waitFor.ts';
import type { RunningDaemon } from './support/daemons.ts';
import { Friends, realPhotos, sha256, strayFiles } from './support/daemons.ts';

async function idsAt({ client }: RunningDaemon): Promise<string[]> {
  return (await client.list({})).photos.map((photo) => photo.id);
}

/** Waits until every daemon has scanned and all list the same photos; returns the ids, in order. */
async function oneCollection(daemons: RunningDaemon[], photos: number): Promise<string[]> {
  return waitFor(
    `${daemons.length} daemons know ${photos} photos`,
    async () => {
      const lists = await Promise.all(daemons.map(idsAt));
      const [first] = lists;
      return first?.length === photos && lists.every((list) => list.join() === first.join()) ? first : undefined;
    },
    60_000,
  );
}

describe('three friends', () => {
  it('know one collection, and each can fetch every photo byte for byte', { timeout: 180_000 }, async () => {
    const friends = new Friends();
    const folders = [friends.folder('Inês'), friends.folder('João'), friends.folder('Rui')];
    await fillFolders(folders);
    const expected = new Map<string, string>();
    for (const file of folders.flatMap(photoFiles)) expected.set(sha256(file), file);

    const daemons: RunningDaemon[] = [];
    for (const folder of folders) daemons.push(await friends.serve(folder));
    const ids = await oneCollection(daemons, expected.size);
    expect(new Set(ids)).toEqual(new Set(expected.keys()));

    const lowest = Math.min(...daemons.map(({ ready }) => ready.port));
    for (const [index, { client, ready }] of daemons.entries()) {
      const peers = await client.peers();
      expect(peers.filter((peer) => peer.online)).toHaveLength(3);
      expect(peers.filter((peer) => peer.central).map((peer) => peer.port)).toEqual([lowest]);
      const { central, term, photos } = await client.status();
      expect(central).toMatchObject({ port: lowest, self: ready.port === lowest });
      expect(term).toBeGreaterThan(0);
      expect(photos.collection).toBe(expected.size);
      const target = friends.folder(`fetched-${index}`);
      for (const id of ids) {
        const file = path.join(target, id);
        const fetched = await client.fetch({ photo: id.slice(0, 16), target: file });
        expect(fetched).toMatchObject({ id, path: file, size: fs.statSync(file).size });
        expect(sha256(file)).toBe(id);
      }
      expect(fs.readdirSync(target)).toHaveLength(ids.length);
    }
    for (const folder of folders) expect(strayFiles(folder)).toEqual([]);
  });

  it('see what changes in each other’s folders', async () => {
    const friends = new Friends();
    const [here, there] = [friends.folder('here'), friends.folder('there')];
    await writePictures(here, 2, 1);
    await writePictures(there, 2, 11);
    const daemon = await friends.serve(here);
    const other = await friends.serve(there);
    await oneCollection([daemon, other], 4);

    const [added] = await writePictures(there, 1, 21, 'new-');
    if (added === undefined) throw new Error('no picture was made');
    await oneCollection([daemon, other], 5);
    const id = sha256(added);
    expect(await daemon.client.show(id.slice(0, 8))).toMatchObject({
      id,
      name: 'new-0021.jpg',
      width: 320,
      height: 240,
      format: 'jpeg',
      paths: [],
      holders: [{ peerId: other.ready.peerId, online: true, kind: 'original' }],
    });
    fs.rmSync(added);
    await oneCollection([daemon, other], 4);
  });

  it('keep the photos of a friend who is away in the list, and fetch them when the friend is back', async () => {
    const friends = new Friends();
    const [here, there] = [friends.folder('here'), friends.folder('there')];
    await writePictures(here, 2, 1);
    await writePictures(there, 3, 11);
    const daemon = await friends.serve(here);
    const other = await friends.serve(there);
    await oneCollection([daemon, other], 5);
    expect(await other.end('SIGTERM')).toBe(0);
    await waitFor('the friend is offline', async () => (await daemon.client.peers()).some((peer) => !peer.online));
    const { photos } = await daemon.client.list({});
    expect(photos).toHaveLength(5);
    const away = photos.find((photo) => photo.holders.every((holder) => !holder.online));
    if (away === undefined) throw new Error('nothing is away');
    const refused = await daemon.run('fetch', away.id, '-o', friends.base);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/online/);
    expect(fs.existsSync(path.join(friends.base, away.name))).toBe(false);

    const back = await friends.serve(there);
    expect(back.ready.peerId).toBe(other.ready.peerId);
    await oneCollection([daemon, back], 5);
    expect((await daemon.client.fetch({ photo: away.id, target: friends.base })).from).toEqual([back.ready.peerId]);
  });
});

/** Real photos where they are, each in one folder and a few in two; made ones elsewhere. */
async function fillFolders(folders: string[]): Promise<void> {
  if (realPhotos === undefined) {
    for (const [index, folder] of folders.entries()) await writePictures(folder, 12, 100 * index);
    return;
  }
  const photos = fs
    .readdirSync(realPhotos, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|tif|avif|heic)$/i.test(name))
    .sort();
  for (const [index, photo] of photos.entries()) {
    const holders = index % 5 === 0 ? [index % 3, (index + 1) % 3] : [index % 3];
    for (const holder of holders) {
      const folder = folders[holder];
      if (folder === undefined) continue;
      const target = path.join(folder, photo);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.copyFileSync(path.join(realPhotos, photo), target);
    }
  }
}

function photoFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.photo-organizer'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}
