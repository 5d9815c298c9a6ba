import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connectToDaemon } from '../../src/client/connection.ts';
import { connectOrLaunch, launchDaemon, startupLogFile } from '../../src/client/launch.ts';
import type { Runtime } from '../../src/client/runtime.ts';
import { controlProtocolVersion, stopRequest } from '../../src/protocol/control.ts';
import type { FolderState } from '../../src/protocol/state.ts';
import { daemonFileOf, serveControl, sharedFolder } from '../support/controlServer.ts';
import { waitFor } from '../support/waitFor.ts';

const daemonScript = fileURLToPath(new URL('fixtures/daemon.ts', import.meta.url));
const runtime: Runtime = {
  command: process.execPath,
  version: process.versions.node,
  kind: 'node',
  environment: { TEST_ADDITION: 'yes' },
};

/** A folder in which whatever daemon the test leaves behind is stopped. */
function folder(): FolderState {
  const state = sharedFolder();
  onTestFinished(async () => {
    try {
      using client = await connectToDaemon(state);
      await client.stop();
    } catch {
      // None was left.
    }
  });
  return state;
}

function options(state: FolderState, mode: string) {
  return { state, runtime, daemonScript, args: ['--mode', mode] };
}

function starts(state: FolderState): number {
  return fs.readFileSync(path.join(state.home, 'starts'), 'utf8').length;
}

test('starts a daemon that lives on by itself, with its arguments, environment and folder', async () => {
  const state = folder();
  await launchDaemon(options(state, 'serve'));
  using client = await connectToDaemon(state);
  const seen: unknown = await client.status();
  expect(seen).toMatchObject({
    argv: [state.folder, '--home', state.home, '--mode', 'serve', '--json'],
    cwd: state.directory,
    env: { TEST_ADDITION: 'yes', NODE_NO_WARNINGS: '1' },
  });
  expect(client.hello.pid).not.toBe(process.pid);
  expect(fs.statSync(state.directory).mode & 0o777).toBe(0o700);
  expect(fs.statSync(startupLogFile(state)).mode & 0o777).toBe(0o600);
});

test('a daemon that ends before it is ready tells why in its own words', async () => {
  const state = folder();
  await expect(launchDaemon(options(state, 'fail'))).rejects.toMatchObject({
    code: 'port-taken',
    message: 'Port 5000 is taken.',
  });
  await expect(launchDaemon(options(state, 'crash'))).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringMatching(/exit code 1\): TypeError: not what it should be\. See .*startup\.log\.$/),
  });
  // What others wrote stays: whoever started them has yet to read it.
  expect(fs.readFileSync(startupLogFile(state), 'utf8')).toContain('Port 5000 is taken.');
});

test('a runtime that cannot be started is an error at once', async () => {
  const state = folder();
  const missing = { ...runtime, command: path.join(state.home, 'no-node') };
  await expect(launchDaemon({ ...options(state, 'serve'), runtime: missing })).rejects.toMatchObject({
    code: 'unsupported-runtime',
  });
});

test('a daemon that does not become ready is ended', async () => {
  const state = folder();
  await expect(launchDaemon({ ...options(state, 'hang'), timeout: 1500 })).rejects.toMatchObject({ code: 'timeout' });
  await waitFor('the daemon to be ended', () => fs.existsSync(path.join(state.home, 'asked-to-end')));
});

test('cancelling a start ends the daemon', async () => {
  const state = folder();
  const controller = new AbortController();
  const launching = launchDaemon({ ...options(state, 'hang'), signal: controller.signal });
  launching.catch(() => {});
  await waitFor('the daemon to run', () => fs.existsSync(path.join(state.home, 'hanging')));
  controller.abort();
  await expect(launching).rejects.toMatchObject({ code: 'cancelled' });
  await waitFor('the daemon to be ended', () => fs.existsSync(path.join(state.home, 'asked-to-end')));
  await expect(launchDaemon({ ...options(state, 'serve'), signal: controller.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('a daemon that is leaving is waited for, then it is our turn', async () => {
  const state = folder();
  await launchDaemon(options(state, 'second'));
  expect(starts(state)).toBe(2);
});

test('a daemon of somebody else that never becomes ready is an error in the end', async () => {
  const state = folder();
  await expect(launchDaemon({ ...options(state, 'busy'), timeout: 5000 })).rejects.toMatchObject({
    code: 'already-running',
  });
});

test('a daemon that runs is used, not started again', async () => {
  const state = folder();
  const launch = () => connectOrLaunch({ ...options(state, 'serve'), runtime: async () => runtime });
  using first = await launch();
  using second = await launch();
  expect(second.hello.pid).toBe(first.hello.pid);
  expect(starts(state)).toBe(1);
});

test('what a killed daemon left behind does not keep another from starting', async () => {
  const state = folder();
  fs.mkdirSync(state.directory, { recursive: true });
  fs.writeFileSync(state.daemonFile, JSON.stringify({ ...daemonFileOf(state), token: 'old' }));
  using client = await connectOrLaunch({ ...options(state, 'late'), runtime: async () => runtime });
  expect(client.hello.pid).not.toBe(process.pid);
  expect(fs.existsSync(path.join(state.home, 'refused'))).toBe(true);
});

test('an older daemon is asked to retire, then one of this version is started', async () => {
  const state = folder();
  let asked = 0;
  const old = await serveControl(
    state,
    (rpc) =>
      rpc.onRequest(stopRequest, () => {
        asked += 1;
        setImmediate(() => {
          fs.rmSync(state.daemonFile);
          old.cut();
        });
        return null;
      }),
    controlProtocolVersion - 1,
  );
  using client = await connectOrLaunch({ ...options(state, 'serve'), runtime: async () => runtime });
  expect(asked).toBe(1);
  expect(client.hello.pid).not.toBe(process.pid);
});

test('a newer daemon is left alone', async () => {
  const state = folder();
  const stopped: unknown[] = [];
  let started = false;
  const askedFor = async (): Promise<Runtime> => {
    started = true;
    return runtime;
  };
  await serveControl(
    state,
    (rpc) => rpc.onRequest(stopRequest, () => (stopped.push(1), null)),
    controlProtocolVersion + 1,
  );
  await expect(connectOrLaunch({ ...options(state, 'serve'), runtime: askedFor })).rejects.toMatchObject({
    code: 'version-mismatch',
  });
  expect(stopped).toEqual([]);
  expect(started).toBe(false);
});
