import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { writePictures } from '../support/pictures.ts';
import { waitFor } from '../support/waitFor.ts';
import type { RunningDaemon } from './support/daemons.ts';
import { Friends, sha256, strayFiles } from './support/daemons.ts';

async function centralAt({ client }: RunningDaemon): Promise<string> {
  return (await client.status()).central.peerId;
}

function agreeOn(central: RunningDaemon, daemons: RunningDaemon[], limit: number): Promise<boolean> {
  return waitFor(
    'everybody has the same central',
    async () => (await Promise.all(daemons.map(centralAt))).every((peerId) => peerId === central.ready.peerId),
    limit,
  );
}

function mesh(daemons: RunningDaemon[]): Promise<boolean> {
  return waitFor('everybody sees everybody', async () => {
    const views = await Promise.all(daemons.map(({ client }) => client.peers()));
    return views.every((peers) => peers.filter((peer) => peer.online).length === daemons.length);
  });
}

/** Three daemons in the order of their ports. */
async function three(
  friends: Friends,
  folders: readonly string[],
): Promise<[RunningDaemon, RunningDaemon, RunningDaemon]> {
  const daemons: RunningDaemon[] = [];
  for (const folder of folders) daemons.push(await friends.serve(folder));
  const [first, second, third] = daemons.toSorted((a, b) => a.ready.port - b.ready.port);
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('three folders make three daemons');
  await mesh(daemons);
  return [first, second, third];
}

describe('when the central', () => {
  it('is killed while it serves a photo, nothing is lost, the next-lowest port takes over, and a daemon on the freed port joins', async () => {
    const friends = new Friends();
    const folders = ['a', 'b', 'c'].map((name) => friends.folder(name));
    for (const [index, folder] of folders.entries()) await writePictures(folder, 2, 100 * index);
    const [central, second, third] = await three(friends, folders);

    // Large enough to be killed in the middle: what follows the picture in a file does not change the picture.
    const [picture] = await writePictures(central.folder, 1, 50, 'large-');
    if (picture === undefined) throw new Error('no picture was made');
    fs.appendFileSync(picture, Buffer.alloc(200 * 1024 * 1024, 7));
    const large = path.basename(picture);
    const id = sha256(picture);
    fs.copyFileSync(picture, path.join(second.folder, large));
    await waitFor(
      'the large photo is known at two peers',
      async () => (await third.client.list({})).photos.find((photo) => photo.id === id)?.holders.length === 2,
      60_000,
    );
    const termBefore = (await third.client.status()).term;

    const target = path.join(friends.folder('fetched'), large);
    const incoming = path.join(third.folder, '.photo-organizer', `incoming-${third.ready.peerId.slice(-8)}`);
    const fetching = third.client.fetch({ photo: id, target });
    await waitFor('the fetch is under way', () => fs.existsSync(incoming) && fs.readdirSync(incoming).length > 0);
    await central.end('SIGKILL');
    await agreeOn(second, [second, third], 5000);
    expect((await third.client.status()).term).toBeGreaterThan(termBefore);
    expect((await third.client.peers()).find((peer) => peer.peerId === central.ready.peerId)).toMatchObject({
      online: false,
      central: false,
    });

    expect(await fetching).toMatchObject({ id, path: target });
    expect(sha256(target)).toBe(id);
    expect(fs.readdirSync(path.dirname(target))).toEqual([large]);
    expect(fs.readdirSync(incoming)).toEqual([]);
    for (const folder of folders) expect(strayFiles(folder)).toEqual([]);
    expect((await second.client.list({})).photos).toHaveLength(7);

    const again = await friends.serve(central.folder, '--port', String(central.ready.port));
    await mesh([again, second, third]);
    await agreeOn(again, [again, second, third], 10_000);
    const terms = await waitFor('everybody has the same term', async () => {
      const seen = new Set(
        await Promise.all([again, second, third].map(async ({ client }) => (await client.status()).term)),
      );
      return seen.size === 1 ? [...seen] : undefined;
    });
    expect(terms[0]).toBeGreaterThan(termBefore + 1);
  });

  it('leaves cleanly, it exits with 0 and is succeeded at once', async () => {
    const friends = new Friends();
    const [central, second, third] = await three(
      friends,
      ['a', 'b', 'c'].map((name) => friends.folder(name)),
    );
    await agreeOn(central, [central, second, third], 5000);
    expect(await central.end('SIGINT')).toBe(0);
    await agreeOn(second, [second, third], 2000);
  });

  it('stops answering without a word, it is succeeded, and steps back into one network when it wakes', async () => {
    const friends = new Friends();
    const [central, second, third] = await three(
      friends,
      ['a', 'b', 'c'].map((name) => friends.folder(name)),
    );
    central.child.kill('SIGSTOP');
    await agreeOn(second, [second, third], 5000);
    central.child.kill('SIGCONT');
    await mesh([central, second, third]);
    await agreeOn(central, [central, second, third], 10_000);
  });
});
