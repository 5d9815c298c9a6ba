import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ResponseError } from 'vscode-jsonrpc/node';
import type { PhotoSummary } from '../../src/protocol/control.ts';
import { appErrorRpcCode, fetchRequest, listRequest, peersRequest, showRequest } from '../../src/protocol/control.ts';
import type { FolderState } from '../../src/protocol/state.ts';
import { refuse, serveControl, sharedFolder } from '../support/controlServer.ts';
import { waitFor } from '../support/waitFor.ts';

/** The command against a control API whose answers are the test's: what no daemon of ours would say, or not soon enough. */
const command = fileURLToPath(new URL('../../bin/photo-organizer', import.meta.url));

interface Running {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  /** Exit code and signal. */
  ended: Promise<[number | null, NodeJS.Signals | null]>;
}

function start(state: FolderState, ...args: string[]): Running {
  const child = spawn(command, ['--home', state.home, ...args], {
    cwd: state.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const running: Running = {
    child,
    stdout: '',
    stderr: '',
    ended: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (running.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (running.stderr += text));
  return running;
}

async function run(state: FolderState, ...args: string[]): Promise<Running & { code: number | null }> {
  const running = start(state, ...args);
  const [code] = await running.ended;
  return { ...running, code };
}

function photo(n: number, more: Partial<PhotoSummary> = {}): PhotoSummary {
  return {
    id: n.toString(16).padStart(64, '0'),
    blockhash: null,
    name: `IMG_${n}.jpg`,
    size: 1000 + n,
    width: 640,
    height: 480,
    format: 'jpeg',
    takenAt: '2018-07-25T16:34:23',
    holders: [{ peerId: '12D3KooW', name: 'Ana', online: true, kind: 'original' }],
    group: null,
    keeper: true,
    ...more,
  };
}

/** Answers `list` out of so many photos. */
async function collection(photos: readonly PhotoSummary[]): Promise<FolderState> {
  const state = sharedFolder();
  await serveControl(state, (rpc) => {
    rpc.onRequest(listRequest, ({ offset = 0, limit = 100 }) => ({
      total: photos.length,
      photos: photos.slice(offset, offset + limit),
    }));
  });
  return state;
}

test('a collection of many pages is one JSON array, and 50 lines for people', async () => {
  const photos = Array.from({ length: 2500 }, (_one, n) => photo(n));
  const state = await collection(photos);
  const all = await run(state, 'list', '--json');
  expect(all.code).toBe(0);
  expect(JSON.parse(all.stdout)).toEqual(photos);
  const people = await run(state, 'list');
  const lines = people.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(52);
  expect(lines.at(-1)).toBe('… and 2,450 more: see them with --limit or --offset.');
});

test('who reads the list may stop reading', async () => {
  const state = await collection(Array.from({ length: 20_000 }, (_one, n) => photo(n)));
  const running = start(state, 'list', '--json');
  await once(running.child.stdout ?? running.child, 'data');
  running.child.stdout?.destroy();
  expect(await running.ended).toEqual([0, null]);
  expect(running.stderr).toBe('');
});

test('names that peers chose cannot write on the terminal', async () => {
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31mevil\u202egpj\nname';
  const holders = [{ peerId: '12D3', name: evil, online: false, kind: 'replica' as const }];
  const state = await collection([photo(1, { name: evil, holders, keeper: false })]);
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
  const people = await run(state, 'list');
  expect(people.stdout).not.toMatch(harmful);
  expect(people.stdout.trimEnd().split('\n')[1]).toBe(
    '0000000000  evilgpj name  2018-07-25 16:34  1.0 kB  640 x 480  evilgpj name (replica, offline)  redundant',
  );
  const program = await run(state, 'list', '--json');
  expect(program.stdout).not.toMatch(harmful);
  expect(JSON.parse(program.stdout)).toMatchObject([{ name: evil, holders }]);
});

test('Ctrl+C cancels a fetch in the daemon, waits for its word, and exits with 130', async () => {
  const state = sharedFolder();
  const cancelled: string[] = [];
  let asked = 0;
  await serveControl(state, (rpc) => {
    rpc.onRequest(fetchRequest, ({ target }, token) => {
      asked += 1;
      return new Promise<never>((_resolve, reject) => {
        token.onCancellationRequested(() => {
          cancelled.push(target);
          reject(new ResponseError(appErrorRpcCode, 'Cancelled: nothing was written.', { code: 'cancelled' }));
        });
      });
    });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const running = start(state, 'fetch', 'abcdef', '-o', 'x.jpg', '--json');
    const before = asked;
    await waitFor('the fetch to begin', () => asked > before);
    running.child.kill(signal);
    expect(await running.ended).toEqual([130, null]);
    expect(running.stderr).toBe('photo-organizer: Cancelled: nothing was written.\n');
    expect(JSON.parse(running.stdout)).toMatchObject({ error: { code: 'cancelled' } });
  }
  expect(cancelled).toEqual([path.join(state.folder, 'x.jpg'), path.join(state.folder, 'x.jpg')]);
});

test('a second Ctrl+C ends the command at once', async () => {
  const state = sharedFolder();
  let asked = false;
  await serveControl(state, (rpc) => {
    rpc.onRequest(fetchRequest, () => {
      asked = true;
      return new Promise<never>(() => {});
    });
  });
  const running = start(state, 'fetch', 'abcdef');
  await waitFor('the fetch to begin', () => asked);
  const again = setInterval(() => running.child.kill('SIGINT'), 100);
  onTestFinished(() => clearInterval(again));
  expect(await running.ended).toEqual([null, 'SIGINT']);
});

test('a daemon that dies in the middle of a command is one sentence and exit code 4', async () => {
  const state = sharedFolder();
  const daemon = await serveControl(state, (rpc) => {
    rpc.onRequest(peersRequest, () => {
      daemon.cut();
      return [];
    });
    rpc.onRequest(showRequest, () => refuse('internal', 'Something is broken.'));
  });
  const dead = await run(state, 'peers');
  expect(dead).toMatchObject({ code: 4, stdout: '' });
  expect(dead.stderr).toMatch(/^photo-organizer: The daemon ended the connection[^\n]*\n$/);
  const verbose = await run(state, 'show', 'abcdef', '--log-level', 'debug');
  expect(verbose.code).toBe(1);
  expect(verbose.stderr).toMatch(/^photo-organizer: Something is broken\.\n[^]*at /);
});
