import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connectOrLaunch } from '../../src/client/launch.ts';
import { findRuntime } from '../../src/client/runtime.ts';
import type { DaemonClient } from '../../src/client/types.ts';
import type { FolderState } from '../../src/protocol/state.ts';
import { folderState } from '../../src/protocol/state.ts';
import { Friends } from './support/daemons.ts';

const daemonScript = fileURLToPath(new URL('../../dist/daemon.js', import.meta.url));

/** A folder whose daemon, if one is left, is stopped when the test ends. */
function folder(): { state: FolderState; open: (...args: string[]) => Promise<DaemonClient> } {
  const friends = new Friends();
  const state = folderState(friends.home, friends.folder('ana'));
  const clients: DaemonClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client[Symbol.dispose]();
    await friends.run(['stop', '--folder', state.folder]);
    await friends.end();
  });
  return {
    state,
    async open(...args) {
      const client = await connectOrLaunch({ state, daemonScript, args, runtime: () => findRuntime() });
      clients.push(client);
      return client;
    },
  };
}

test('windows that open at once share one daemon', async () => {
  const { open } = folder();
  const clients = await Promise.all([open(), open(), open()]);
  expect(new Set(clients.map(({ hello }) => hello.pid)).size).toBe(1);
  expect(new Set((await Promise.all(clients.map((client) => client.status()))).map(({ peerId }) => peerId)).size).toBe(
    1,
  );
});

test('a daemon that was just told to leave is followed by a new one', async () => {
  const { open } = folder();
  const first = await open();
  await first.stop();
  const second = await open('--name', 'The second');
  expect(second.hello.pid).not.toBe(first.hello.pid);
  expect(second.hello.peerId).toBe(first.hello.peerId);
  expect(await second.status()).toMatchObject({ name: 'The second' });
});

test('a daemon that was killed is followed by a new one', async () => {
  const { state, open } = folder();
  const first = await open();
  const closed = new Promise<void>((resolve) => void first.onClosed(resolve));
  process.kill(first.hello.pid, 'SIGKILL');
  await closed;
  expect(fs.existsSync(state.daemonFile)).toBe(true);
  const second = await open();
  expect(second.hello.pid).not.toBe(first.hello.pid);
});

test('a daemon that cannot serve says why', async () => {
  const { state, open } = folder();
  await expect(open('--port', '99999')).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('--port'),
  });
  fs.rmSync(state.folder, { recursive: true });
  await expect(open()).rejects.toMatchObject({
    code: 'not-a-folder',
    message: expect.stringContaining(path.basename(state.folder)),
  });
});
