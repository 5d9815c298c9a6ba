import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/waitFor.ts';
import { writePictures } from '../support/pictures.ts';
import type { RunningDaemon } from './support/daemons.ts';
import { Friends, sha256, strayFiles } from './support/daemons.ts';

const centralOf = async (daemon: RunningDaemon): Promise<number> => (await daemon.status()).central.port;
const mesh = (daemons: RunningDaemon[]): Promise<boolean> =>
  waitFor('everybody sees everybody', async () => {
    const views = await Promise.all(daemons.map((daemon) => daemon.peers()));
    return views.every((peers) => peers.filter((peer) => peer.online).length === daemons.length);
  });

describe('when the central', () => {
  it('is killed in the middle of serving a photo, nothing is lost, the next-lowest port takes over, and port 5000 joins again', async () => {
    const friends = new Friends();
    const folders = [friends.folder('a'), friends.folder('b'), friends.folder('c')];
    for (const [index, folder] of folders.entries()) await writePictures(folder, 2, 100 * index);
    // Large enough to be killed in the middle: noise behind a picture is still that picture.
    const [a, b] = folders;
    const [picture] = await writePictures(a ?? '', 1, 50, 'large-');
    if (a === undefined || b === undefined || picture === undefined) throw new Error('no folders');
    fs.appendFileSync(picture, Buffer.alloc(400 * 1024 * 1024, 7));
    const large = path.basename(picture);
    const id = sha256(picture);
    fs.copyFileSync(picture, path.join(b, large));

    const daemons: RunningDaemon[] = [];
    for (const folder of folders) daemons.push(await friends.serve(folder));
    const [central, second, third] = daemons;
    if (central === undefined || second === undefined || third === undefined) throw new Error('no daemons');
    await mesh(daemons);
    await waitFor('the large photo is known at both', async () => (await third.list()).find((photo) => photo.id === id)?.holders.length === 2, 60_000);
    const termBefore = (await third.status()).term;

    const target = path.join(friends.folder('fetched'), large);
    const incoming = path.join(third.folder, '.photo-organizer', 'incoming');
    const fetching = third.run('fetch', id, '-o', target);
    await waitFor('the fetch is under way', () => fs.existsSync(incoming) && fs.readdirSync(incoming).length > 0);
    await central.end('SIGKILL');
    const killedAt = Date.now();

    await waitFor('5001 is central everywhere', async () => (await centralOf(second)) === 5001 && (await centralOf(third)) === 5001, 5000);
    expect(Date.now() - killedAt).toBeLessThan(5000);
    expect((await third.status()).term).toBeGreaterThan(termBefore);
    const fetched = await fetching;
    expect(fetched).toMatchObject({ code: 0 });
    expect(sha256(target)).toBe(id);
    expect(fs.readdirSync(path.dirname(target))).toEqual([large]);
    expect(fs.readdirSync(incoming)).toEqual([]);
    for (const folder of folders) expect(strayFiles(folder)).toEqual([]);
    expect((await second.list()).length).toBe(7);

    const again = await friends.serve(a);
    expect(again.ready.port).toBe(5000);
    await mesh([again, second, third]);
    await waitFor('5000 is central everywhere', async () => (await Promise.all([again, second, third].map(centralOf))).every((port) => port === 5000));
    const terms = await Promise.all([again, second, third].map(async (daemon) => (await daemon.status()).term));
    expect(new Set(terms).size).toBe(1);
    expect(terms[0]).toBeGreaterThan(termBefore + 1);
  });

  it('leaves cleanly, it exits with 0 and is succeeded at once', async () => {
    const friends = new Friends();
    const central = await friends.serve(friends.folder('a'));
    const second = await friends.serve(friends.folder('b'));
    await mesh([central, second]);
    expect(await centralOf(second)).toBe(5000);
    expect(await central.end('SIGINT')).toBe(0);
    await waitFor('5001 is central', async () => (await centralOf(second)) === 5001, 2000);
    expect((await second.peers()).find((peer) => peer.port === 5000)).toMatchObject({ online: false, central: false });
  });
});
