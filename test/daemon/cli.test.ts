import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { DaemonStatus, FetchResult, PeerSummary, PhotoDetails, PhotoSummary } from '../../src/protocol/control.ts';
import { jpeg, writePictures } from '../support/pictures.ts';
import { waitFor } from '../support/waitFor.ts';
import type { Ran, RunningDaemon } from './support/daemons.ts';
import { Friends, sha256, strayFiles } from './support/daemons.ts';

const commandScript = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The one JSON value that a command printed, and nothing else. */
function valueOf({ code, stdout, stderr }: Ran): unknown {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

/** Checks that a command failed with one sentence, and that `--json` gave the same as a value. */
function expectFailure({ code, stdout, stderr }: Ran, exitCode: number, sentence: RegExp): void {
  expect(stderr).toMatch(/^photo-organizer: \S[^]*\n$/);
  expect(stderr).toMatch(sentence);
  expect(code).toBe(exitCode);
  if (stdout !== '') expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringMatching(sentence) } });
}

/** Waits until a daemon lists so many photos. */
async function collectionOf(daemon: RunningDaemon, count: number): Promise<PhotoSummary[]> {
  return waitFor(`${count} photos in the collection`, async () => {
    const { photos, total } = await daemon.client.list({ limit: 1000 });
    return total === count && photos;
  });
}

interface Pair {
  friends: Friends;
  ana: RunningDaemon;
  rui: RunningDaemon;
  photos: PhotoSummary[];
}

/** Two friends who know each other's photos: Ana has three, Rui two. */
async function pair(): Promise<Pair> {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const [anas, ruis] = [friends.folder('ana'), friends.folder('rui')];
  await writePictures(anas, 3, 1);
  await writePictures(ruis, 2, 50);
  const ana = await friends.serve(anas, '--name', 'Ana');
  const rui = await friends.serve(ruis, '--name', 'Rui');
  await collectionOf(rui, 5);
  return { friends, ana, rui, photos: await collectionOf(ana, 5) };
}

/** One that only Rui holds. */
function ruisPhoto({ photos, rui }: Pair): PhotoSummary {
  const found = photos.find(({ holders }) => holders.every(({ peerId }) => peerId === rui.ready.peerId));
  if (found === undefined) throw new Error('Rui has no photo of his own');
  return found;
}

test('status, peers, list and show say the same to programs and to people', async () => {
  const { ana, rui, photos } = await pair();
  const status = valueOf(await ana.run('status', '--json')) as DaemonStatus;
  expect(status).toMatchObject({
    peerId: ana.ready.peerId,
    name: 'Ana',
    folder: ana.folder,
    port: ana.ready.port,
    addresses: ana.ready.addresses,
    network: 'default',
    health: 'ok',
    photos: { local: 3, collection: 5 },
    bytes: { quota: null },
  });
  expect(status.central.self).toBe(status.central.peerId === ana.ready.peerId);
  const statusText = await ana.run('status');
  expect(statusText).toMatchObject({ code: 0, stderr: '' });
  expect(statusText.stdout).toMatch(/^Folder +\//);
  expect(statusText.stdout).toContain('3 here, 5 in the collection');

  const peers = valueOf(await ana.run('peers', '--json')) as PeerSummary[];
  expect(peers.map(({ name, self, online, photos: count }) => ({ name, self, online, count }))).toEqual(
    expect.arrayContaining([
      { name: 'Ana', self: true, online: true, count: 3 },
      { name: 'Rui', self: false, online: true, count: 2 },
    ]),
  );
  expect((await ana.run('peers')).stdout).toMatch(/^NAME +PORT[^]*Rui +\d+ +2 +/m);

  expect(valueOf(await ana.run('list', '--json')) as PhotoSummary[]).toEqual(photos);
  const listText = (await ana.run('list')).stdout.trimEnd().split('\n');
  expect(listText).toHaveLength(6);
  for (const { id, name } of photos)
    expect(listText.filter((line) => line.startsWith(id.slice(0, 10)))[0]).toContain(name);

  const [first] = photos;
  if (first === undefined) throw new Error('no photos');
  const details = valueOf(await rui.run('show', first.id.slice(0, 8).toUpperCase(), '--json')) as PhotoDetails;
  expect(details).toMatchObject({ id: first.id, name: first.name, camera: null, damaged: false });
  expect((await rui.run('show', first.id)).stdout).toMatch(new RegExp(`^Name +${first.name}\\nId +${first.id}\\n`));
});

test('list filters, pages, and says when nothing matches', async () => {
  const { ana, photos } = await pair();
  const list = async (...args: string[]) => valueOf(await ana.run('list', '--json', ...args)) as PhotoSummary[];
  expect(await list('--limit', '2')).toEqual(photos.slice(0, 2));
  expect(await list('--offset', '2', '--limit', '2')).toEqual(photos.slice(2, 4));
  expect(await list('--limit', '0')).toEqual([]);
  expect((await list('--peer', 'rui')).map(({ name }) => name).sort()).toEqual(['IMG_0050.jpg', 'IMG_0051.jpg']);
  expect((await list('--query', '0051')).map(({ name }) => name)).toEqual(['IMG_0051.jpg']);
  expect(await list('--query', 'nothing like it')).toEqual([]);
  expect((await ana.run('list', '--query', 'nothing like it')).stdout).toBe('No photos match.\n');
  const short = (await ana.run('list', '--limit', '2')).stdout;
  expect(short.trimEnd().split('\n')).toHaveLength(4);
  expect(short).toContain('… and 3 more');
  expect((await ana.run('list', '--offset', '9')).stdout).toBe('There are only 5: give a smaller --offset.\n');
  expectFailure(await ana.run('list', '--peer', 'Zoe', '--json'), 3, /Zoe/);
});

test('fetch brings a photo byte for byte: beside us, to the folder, to a file, to a directory', async () => {
  const stand = await pair();
  const { friends, ana, rui } = stand;
  const { id, name } = ruisPhoto(stand);
  const sub = path.join(ana.folder, 'sub');
  const outside = friends.folder('outside');
  fs.mkdirSync(sub);
  const fetch = async (cwd: string, ...args: string[]) =>
    valueOf(
      await friends.run(['fetch', id.slice(0, 10), '--json', '--folder', ana.folder, ...args], { cwd }),
    ) as FetchResult;

  const first = await fetch(sub);
  expect(first).toMatchObject({ id, path: path.join(sub, name), from: [rui.ready.peerId] });
  expect(first.seconds).toBeGreaterThanOrEqual(0);
  expect(sha256(first.path)).toBe(id);
  expect(fs.statSync(first.path).size).toBe(first.size);
  for (const [cwd, args, target] of [
    [outside, [], path.join(ana.folder, name)],
    [outside, ['-o', '.'], path.join(outside, name)],
    [outside, ['--output=deep.jpg'], path.join(outside, 'deep.jpg')],
    [outside, ['-o', '../ana/sub/'], path.join(sub, name)],
  ] as const) {
    const { path: written } = await fetch(cwd, ...args);
    expect(written).toBe(target);
    expect(sha256(written)).toBe(id);
  }
  expect(strayFiles(ana.folder)).toEqual([]);
  expect(fs.readdirSync(outside).sort()).toEqual([name, 'deep.jpg'].sort());
  const people = await ana.run('fetch', id, '-o', path.join(outside, 'people.jpg'));
  expect(people.stdout).toMatch(/people\.jpg \([\d.]+ kB in .*, from (this peer|Rui)\)\n$/);
  expect(people.stderr).toBe('');
});

test('fetch replaces nothing unless it is told to, and says which folder is missing', async () => {
  const stand = await pair();
  const { ana, friends } = stand;
  const { id } = ruisPhoto(stand);
  const file = path.join(friends.folder('outside'), 'mine.txt');
  fs.writeFileSync(file, 'mine');
  expectFailure(await ana.run('fetch', id, '-o', file), 5, /mine\.txt/);
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  expect((valueOf(await ana.run('fetch', id, '-o', file, '--force', '--json')) as FetchResult).path).toBe(file);
  expect(sha256(file)).toBe(id);
  // The same bytes are no conflict.
  expect((await ana.run('fetch', id, '-o', file)).code).toBe(0);
  expectFailure(await ana.run('fetch', id, '-o', '/no/such/folder/x.jpg', '--json'), 1, /\/no\/such\/folder/);
  expectFailure(await ana.run('fetch', id, '-o', `${path.dirname(file)}/none/`), 1, /none/);
});

test('ids that are unknown, ambiguous or held by nobody who is online', async () => {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const [anas, ruis] = [friends.folder('ana'), friends.folder('rui')];
  const alike = await twoWithOnePrefix();
  for (const [n, bytes] of alike.entries()) fs.writeFileSync(path.join(ruis, `alike${n}.jpg`), bytes);
  const ana = await friends.serve(anas, '--name', 'Ana');
  const rui = await friends.serve(ruis, '--name', 'Rui');
  const photos = await collectionOf(ana, 2);
  const prefix = photos[0]?.id.slice(0, 6) ?? '';

  for (const command of ['show', 'fetch']) {
    expectFailure(await ana.run(command, '000000000000', '--json'), 3, /000000000000/);
    const ambiguous = await ana.run(command, prefix, '--json');
    expectFailure(ambiguous, 2, new RegExp(prefix));
    for (const { id } of photos) expect(ambiguous.stderr).toContain(id.slice(0, 10));
    expect(JSON.parse(ambiguous.stdout)).toMatchObject({
      error: {
        code: 'ambiguous',
        data: { candidates: expect.arrayContaining(photos.map(({ id }) => expect.objectContaining({ id }))) },
      },
    });
  }
  expect(await rui.end('SIGTERM')).toBe(0);
  await waitFor('Rui to be offline', async () =>
    (await ana.client.peers()).some(({ name, online }) => name === 'Rui' && !online),
  );
  const missed = await ana.run('fetch', photos[0]?.id ?? '', '-o', path.join(anas, 'x.jpg'));
  expectFailure(missed, 1, /online|offline/);
  expect(fs.existsSync(path.join(anas, 'x.jpg'))).toBe(false);
  expect((await ana.run('list')).stdout).toContain('Rui (offline)');
});

/** Two different photos whose ids begin with the same six digits. */
async function twoWithOnePrefix(): Promise<[Buffer, Buffer]> {
  const picture = await jpeg({ seed: 7, width: 32, height: 32 });
  const seen = new Map<string, Buffer>();
  for (let n = 0; ; n++) {
    // Bytes after the end of a JPEG are no part of the picture.
    const bytes = Buffer.concat([picture, Buffer.from(String(n))]);
    const prefix = createHash('sha256').update(bytes).digest('hex').slice(0, 6);
    const other = seen.get(prefix);
    if (other !== undefined) return [other, bytes];
    seen.set(prefix, bytes);
  }
}

test('a folder without a daemon, without sharing, or that is none', async () => {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const folder = friends.folder('ana');
  const run = (...args: string[]) => friends.run([...args, '--folder', folder]);
  for (const command of [
    ['status'],
    ['peers'],
    ['list', '--json'],
    ['show', 'abcdef'],
    ['fetch', 'abcdef'],
    ['duplicates', '--json'],
    ['dedupe'],
    ['keep', 'abcdef'],
    ['stop'],
  ]) {
    expectFailure(await run(...command), 4, /not in a shared photo folder/);
  }
  const ana = await friends.serve(folder);
  expect(await ana.end('SIGINT')).toBe(0);
  expectFailure(await run('status', '--json'), 4, /No daemon serves .*start it with photo-organizer daemon/);
  const missing = path.join(friends.base, 'missing');
  expectFailure(await friends.run(['status', '--folder', missing]), 1, /There is no folder/);
  expectFailure(await friends.run(['daemon', missing, '--json']), 1, /There is no folder/);
  expectFailure(await friends.run(['daemon', missing, '--detach']), 1, /There is no folder/);
  fs.writeFileSync(missing, '');
  expectFailure(await friends.run(['daemon', missing]), 1, /is not a folder/);
  expectFailure(await friends.run(['daemon', missing, '--detach', '--json']), 1, /is not a folder/);
  for (const wrong of [['--port', '0'], ['--copies=x'], ['--bogus'], ['second folder']]) {
    expectFailure(await friends.run(['daemon', folder, ...wrong]), 2, /./);
    expectFailure(await friends.run(['daemon', folder, ...wrong, '--detach', '--json']), 2, /./);
  }
});

test('one daemon a folder: a second one is told where the first is, the first goes on', async () => {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const ana = await friends.serve(friends.folder('ana'));
  const link = path.join(friends.base, 'link');
  fs.symlinkSync(ana.folder, link);
  for (const folder of [ana.folder, link]) {
    for (const more of [[], ['--detach'], ['--json'], ['--detach', '--json']]) {
      expectFailure(await friends.run(['daemon', folder, ...more]), 1, /already serves/);
    }
  }
  expect((valueOf(await friends.run(['status', '--json'], { cwd: link })) as DaemonStatus).peerId).toBe(
    ana.ready.peerId,
  );
});

test('a detached daemon lives on with its options until it is stopped, and then another may start', async () => {
  const friends = new Friends();
  const folder = friends.folder('ana');
  onTestFinished(async () => {
    await friends.run(['stop', '--folder', folder]);
    await friends.end();
  });
  const args = ['daemon', '--name', 'Ana daemon', folder, '--detach'];
  const ready = valueOf(await friends.run([...args, '--json'])) as Record<string, unknown>;
  expect(Object.keys(ready).sort()).toEqual(['addresses', 'control', 'event', 'peerId', 'pid', 'port']);
  expect(ready['event']).toBe('ready');
  const status = valueOf(await friends.run(['status', '--json', '--folder', folder])) as DaemonStatus;
  expect(status).toMatchObject({ name: 'Ana daemon', port: ready['port'], peerId: ready['peerId'] });

  const stopped = await friends.run(['stop', '--json', '--folder', folder]);
  expect(valueOf(stopped)).toEqual({ stopped: true, pid: ready['pid'], folder });
  expect(() => process.kill(Number(ready['pid']), 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  expectFailure(await friends.run(['stop', '--folder', folder]), 4, /No daemon serves/);

  const again = await friends.run(args);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).toMatch(/^(\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+\n)+ready\n$/);
  const people = await friends.run(['stop', '--folder', folder]);
  expect(people).toEqual({ code: 0, stdout: `The daemon of ${folder} has stopped.\n`, stderr: '' });
});

test('options before and after the command mean the same, and of two the later counts', async () => {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const ana = await friends.serve(friends.folder('ana'));
  const peerId = (ran: Ran) => (valueOf(ran) as DaemonStatus).peerId;
  expect(peerId(await friends.run(['--folder', ana.folder, '--json', 'status']))).toBe(ana.ready.peerId);
  expect(peerId(await friends.run(['--folder', '/', 'status', `--folder=${ana.folder}`, '--json']))).toBe(
    ana.ready.peerId,
  );
  const elsewhere = await friends.run(['status', '--home', path.join(friends.base, 'other'), '--folder', ana.folder]);
  expectFailure(elsewhere, 4, /No daemon serves/);
});

/** Makes the command believe that it runs in a Node.js which is too old for the daemon. */
const oldNode =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.9.0"}})';

test('in an old Node.js the daemon runs in a newer one that lives and dies with the command', async () => {
  const friends = new Friends();
  onTestFinished(() => friends.end());
  const folder = friends.folder('ana');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const child = spawn(
      process.execPath,
      ['--import', oldNode, commandScript, '--home', friends.home, 'daemon', folder, '--json'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { pid } = JSON.parse(line) as { pid: number };
    expect(pid).not.toBe(child.pid);
    expect((await friends.run(['status', '--folder', folder])).code).toBe(0);
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    expect(code).toBe(signal === 'SIGKILL' ? null : 0);
    await waitFor('the daemon to leave', async () => (await friends.run(['status', '--folder', folder])).code === 4);
    await waitFor('its process to end', () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  }
  const wrong = spawn(process.execPath, ['--import', oldNode, commandScript, 'daemon', folder, '--port', '0'], {
    stdio: 'ignore',
  });
  expect(await once(wrong, 'exit')).toEqual([2, null]);
});
