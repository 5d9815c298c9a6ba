import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { controlProtocolVersion, helloRequest, statusRequest } from '../../src/protocol/control.ts';
import { folderState, markerPath } from '../../src/protocol/state.ts';
import { writePictures } from '../support/pictures.ts';
import { waitFor } from '../support/waitFor.ts';
import { Friends } from './support/daemons.ts';

describe('one daemon per folder', () => {
  it('refuses a second one in a sentence that names the first', async () => {
    const friends = new Friends();
    const folder = friends.folder('photos');
    const daemon = await friends.serve(folder);
    const second = await friends.run(['daemon', folder]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      new RegExp(`already serves ${folder} \\(process ${daemon.ready.pid}, port ${daemon.ready.port}\\)`),
    );
    const link = path.join(friends.base, 'same-folder');
    fs.symlinkSync(folder, link);
    expect((await friends.run(['daemon', link])).stderr).toMatch(/already serves/);
    expect((await daemon.client.status()).health).toBe('ok');
  });

  it('that is stopped in its tracks is not reachable, which the command says instead of waiting for ever', async () => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    daemon.child.kill('SIGSTOP');
    const silent = await daemon.run('status');
    expect(silent.code).toBe(4);
    expect(silent.stderr).toMatch(/does not answer/);
  });

  it('lets exactly one of several that start at the same moment serve', async () => {
    const friends = new Friends();
    const folder = friends.folder('photos');
    const started = await Promise.allSettled(Array.from({ length: 4 }, () => friends.serve(folder)));
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of started) {
      if (one.status === 'rejected') expect(String(one.reason)).toMatch(/already serves/);
    }
  });

  it('starts again where one was killed, with the same identity, the next term and no second network', async () => {
    const friends = new Friends();
    const folder = friends.folder('photos');
    const first = await friends.serve(folder);
    const { term } = await first.client.status();
    await first.end('SIGKILL');
    expect(fs.existsSync(folderState(friends.home, folder).daemonFile)).toBe(true);
    const unreachable = await friends.run(['--folder', folder, 'status']);
    expect(unreachable.code).toBe(4);
    const second = await friends.serve(folder);
    expect(second.ready.peerId).toBe(first.ready.peerId);
    expect((await second.client.status()).term).toBeGreaterThan(term);
    expect(await second.end('SIGTERM')).toBe(0);
    expect(fs.existsSync(folderState(friends.home, folder).daemonFile)).toBe(false);
  });
});

describe('a port', () => {
  it('that a stranger has is skipped, or named when it was asked for', async () => {
    const friends = new Friends();
    const stranger = net.createServer((socket) => socket.end('220 I am not a peer\r\n'));
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    try {
      const refused = await friends.run(['daemon', friends.folder('a'), '--port', String(address.port)]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(String(address.port));
      expect(refused.stderr.trim().split('\n')).toHaveLength(1);
      const free = await friends.serve(friends.folder('a'));
      expect(free.ready.port).not.toBe(address.port);
    } finally {
      stranger.close();
    }
  });
});

describe('a folder', () => {
  it.each([
    ['that is not there', (base: string) => path.join(base, 'nowhere'), /no folder/],
    ['that is a file', (base: string) => path.join(base, 'file.jpg'), /not a folder/],
  ])('%s is refused in a sentence', async (_case, make, sentence) => {
    const friends = new Friends();
    fs.writeFileSync(path.join(friends.base, 'file.jpg'), 'x');
    const refused = await friends.run(['daemon', make(friends.base)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(sentence);
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('that may not be written is refused in a sentence', async () => {
    const friends = new Friends();
    const folder = friends.folder('read-only');
    // Permissions do not hold for root; an immutable file system does.
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', folder]).status === 0;
    if (!mounted) fs.chmodSync(folder, 0o500);
    try {
      const refused = await friends.run(['daemon', folder]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/permission|read-only/i);
      expect(refused.stderr).toContain(folder);
    } finally {
      if (mounted) spawnSync('umount', [folder]);
      else fs.chmodSync(folder, 0o700);
    }
  });

  it('whose marker vanishes loses no photo from the collection, and is shared again only by a person', async () => {
    const friends = new Friends();
    const folder = friends.folder('photos');
    const [picture] = await writePictures(folder, 3, 1);
    const daemon = await friends.serve(folder);
    await waitFor('the photos are known', async () => (await daemon.client.status()).photos.local === 3);

    // What an unmounted disk looks like: an empty folder without a marker.
    const marker = fs.readFileSync(markerPath(folder));
    fs.rmSync(markerPath(folder));
    fs.rmSync(picture ?? '');
    await daemon.client.rescan();
    const status = await waitFor('the daemon says so', async () => {
      const now = await daemon.client.status();
      return now.health === 'error' ? now : undefined;
    });
    expect(status.problems.join()).toMatch(/marker|mounted|unavailable/i);
    expect(status.photos).toMatchObject({ local: 3, collection: 3 });

    await daemon.end('SIGTERM');
    const refused = await friends.run(['daemon', folder]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/is gone.*--share/);
    // What another disk at the same place looks like.
    const other = marker.toString().replace(/"folderId": "[^"]*"/, `"folderId": "${randomUUID()}"`);
    fs.writeFileSync(markerPath(folder), other);
    expect((await friends.run(['daemon', folder])).stderr).toMatch(/another folder now.*--share/);
    fs.writeFileSync(markerPath(folder), marker);
    const back = await friends.serve(folder);
    await waitFor('the missing photo is noticed now', async () => (await back.client.status()).photos.local === 2);
    await back.end('SIGTERM');
    fs.rmSync(markerPath(folder));
    await (await friends.serve(folder, '--share')).end('SIGTERM');
    expect(fs.existsSync(markerPath(folder))).toBe(true);
  });
});

describe('the control socket', () => {
  it('is for this user alone, and for clients that say hello with the token', async () => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    expect(fs.statSync(daemon.ready.control).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(daemon.ready.control)).mode & 0o777).toBe(0o700);
    const state = folderState(friends.home, daemon.folder);
    for (const secret of [state.daemonFile, state.keyFile, path.join(friends.home, 'networks', 'default.json')]) {
      expect(fs.statSync(secret).mode & 0o777).toBe(0o600);
    }

    const socket = net.connect(daemon.ready.control);
    const rpc = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
    rpc.listen();
    await expect(rpc.sendRequest(statusRequest)).rejects.toMatchObject({ data: { code: 'refused' } });
    const hello = { protocol: controlProtocolVersion, version: '0', token: '0'.repeat(64) };
    await expect(rpc.sendRequest(helloRequest, hello)).rejects.toMatchObject({ data: { code: 'refused' } });
    await expect(rpc.sendRequest(helloRequest, { ...hello, protocol: 99 })).rejects.toMatchObject({
      data: { code: 'version-mismatch' },
    });
    await expect(rpc.sendRequest('hello', ['rubbish'])).rejects.toMatchObject({ data: { code: 'usage' } });
    await expect(rpc.sendRequest(statusRequest)).rejects.toMatchObject({ data: { code: 'refused' } });
    rpc.dispose();
    socket.destroy();
  });

  it.each([
    ['bytes that are no message', 'GET / HTTP/1.1\r\n\r\n'],
    ['a message that is no JSON', 'Content-Length: 5\r\n\r\n{{{{{'],
    ['a length without end', `Content-Length: 99999999999999999999\r\n\r\n${'x'.repeat(1000)}`],
    ['half a message', 'Content-Length: 500\r\n\r\n{"jsonrpc":'],
  ])('survives %s', async (_case, bytes) => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    const socket = net.connect(daemon.ready.control);
    socket.on('error', () => socket.destroy());
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
    expect((await daemon.client.status()).health).toBe('ok');
  });

  it('checks what it is asked, and tells what is wrong', async () => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    await expect(daemon.client.show('xyz')).rejects.toMatchObject({ code: 'usage' });
    await expect(daemon.client.show('abcdef')).rejects.toMatchObject({ code: 'not-found' });
    await expect(daemon.client.list({ limit: -1 })).rejects.toMatchObject({ code: 'usage' });
    await expect(daemon.client.list({ after: 'yesterday' })).rejects.toMatchObject({ code: 'usage' });
    await expect(daemon.client.thumbnails(Array.from({ length: 65 }, () => '0'.repeat(64)))).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

describe('a state folder', () => {
  it('inside the photo folder is no part of the photos', async () => {
    const friends = new Friends();
    const folder = friends.folder('photos');
    await writePictures(folder, 1, 1);
    const home = path.join(folder, 'state');
    fs.mkdirSync(path.join(home, 'viewed'), { recursive: true });
    fs.chmodSync(home, 0o755);
    await writePictures(path.join(home, 'viewed'), 2, 10);
    const daemon = await friends.serve(folder, '--home', home);
    await waitFor('the folder was scanned', async () => (await daemon.client.status()).photos.local > 0);
    await daemon.client.rescan();
    expect((await daemon.client.status()).photos.local).toBe(1);
    expect(fs.statSync(home).mode & 0o777).toBe(0o755);
    expect(fs.statSync(path.join(home, 'folders')).mode & 0o777).toBe(0o700);
  });
});

describe('a daemon', () => {
  it('that serves only while somebody is connected ends by itself', { timeout: 60_000 }, async () => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    const ended = once(daemon.child, 'exit');
    daemon.client[Symbol.dispose]();
    expect(await ended).toEqual([0, null]);
  });

  it('is stopped by the command, leaves nothing running and can be started again', async () => {
    const friends = new Friends();
    const daemon = await friends.serve(friends.folder('photos'));
    const ended = once(daemon.child, 'exit');
    expect(await daemon.run('stop')).toMatchObject({ code: 0 });
    expect(await ended).toEqual([0, null]);
    await (await friends.serve(daemon.folder)).end('SIGTERM');
  });
});
