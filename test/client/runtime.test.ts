import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { RuntimeFacts } from '../../src/client/runtime.ts';
import { chooseRuntime, daemonEnvironment, findRuntime, isSupported } from '../../src/client/runtime.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const base: RuntimeFacts = {
  platform: 'linux',
  explicit: undefined,
  self: { path: '/self', version: '22.13.0', electron: false },
  found: [],
};
const electron = { path: '/electron', version: '24.15.0', electron: true };

test('knows which versions run the daemon', () => {
  const supported = ['22.13.0', '22.13.1', '22.20.0', '24.0.0', '100.0.0', 'v24.1.0', '25.0.0-nightly'];
  const not = ['22.12.9', '20.99.99', '8.0.0', '', '24', '24.1', 'twenty', '22.13.0.1', '-24.0.0'];
  expect(supported.filter((version) => !isSupported(version))).toEqual([]);
  expect(not.filter(isSupported)).toEqual([]);
});

test('what a person set comes first and stands alone', () => {
  const explicit = { path: '/set', version: '24.0.0' };
  expect(chooseRuntime({ ...base, explicit })).toEqual({
    command: '/set',
    version: '24.0.0',
    kind: 'node',
    environment: {},
  });
  for (const version of ['20.1.0', undefined]) {
    expect(() => chooseRuntime({ ...base, explicit: { path: '/set', version } })).toThrow(
      expect.objectContaining({
        code: 'unsupported-runtime',
        message: expect.stringMatching(/\/set.*photoOrganizer\.daemon\.nodePath/),
      }),
    );
  }
});

test('this Node.js is used as it is when it is new enough, though others were found', () => {
  const found = [{ path: '/other', version: '30.0.0' }];
  expect(chooseRuntime({ ...base, found }).command).toBe('/self');
});

test('an old Node.js or an Electron looks for a newer Node.js, the first that will do', () => {
  const found = [
    { path: '/broken', version: undefined },
    { path: '/old', version: '20.0.0' },
    { path: '/good', version: '22.14.0' },
    { path: '/better', version: '24.0.0' },
  ];
  for (const self of [{ ...base.self, version: '20.9.0' }, electron]) {
    expect(chooseRuntime({ ...base, self, found })).toEqual({
      command: '/good',
      version: '22.14.0',
      kind: 'node',
      environment: {},
    });
  }
});

test('Electron serves as Node.js when there is no other, on Linux with image code in WebAssembly', () => {
  const found = [{ path: '/old', version: '20.0.0' }];
  const on = (platform: NodeJS.Platform) => chooseRuntime({ ...base, self: electron, platform, found });
  expect(on('linux')).toEqual({
    command: '/electron',
    version: '24.15.0',
    kind: 'electron',
    environment: { ELECTRON_RUN_AS_NODE: '1', PHOTO_ORGANIZER_SHARP: 'wasm' },
  });
  expect(on('darwin').environment).toEqual({ ELECTRON_RUN_AS_NODE: '1' });
  expect(on('win32').environment).toEqual({ ELECTRON_RUN_AS_NODE: '1' });
});

test('says what to install when nothing will do', () => {
  const old = { ...base.self, version: '20.9.0' };
  const thrown = (self: RuntimeFacts['self']) => {
    try {
      return chooseRuntime({ ...base, self });
    } catch (error) {
      return error;
    }
  };
  expect(thrown(old)).toMatchObject({ code: 'unsupported-runtime', message: expect.stringContaining('nodejs.org') });
  expect(thrown({ ...electron, version: '20.9.0' })).toMatchObject({
    code: 'unsupported-runtime',
    message: expect.stringMatching(/nodejs\.org.*photoOrganizer\.daemon\.nodePath/),
  });
});

/** A program named `node` in a folder of its own. */
function program(script: string): string {
  const file = path.join(temporaryFolder(), 'node');
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

test('asks what a person set for its version, without the environment of an editor', async () => {
  const seen = path.join(temporaryFolder(), 'seen');
  const node = program(`echo "$1 [$ELECTRON_RUN_AS_NODE]" > ${seen}; echo v24.3.0`);
  const environment = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  expect(await findRuntime({ nodePath: node, environment })).toMatchObject({ command: node, version: '24.3.0' });
  expect(fs.readFileSync(seen, 'utf8')).toBe('--version []\n');
});

test('what a person set and is no Node.js is an error: missing, a folder, silent, chatty, failing', async () => {
  const root = temporaryFolder();
  const wrong = [
    path.join(root, 'missing'),
    root,
    program('true'),
    program('echo v24.0.0 is what I am'),
    program('echo v24.0.0; exit 1'),
    program('yes v24.0.0'),
    program('echo v20.0.0'),
  ];
  for (const nodePath of wrong) {
    await expect(findRuntime({ nodePath }), nodePath).rejects.toMatchObject({ code: 'unsupported-runtime' });
  }
});

test('a program that hangs is given up when the person cancels', async () => {
  const controller = new AbortController();
  const finding = findRuntime({ nodePath: program('exec sleep 60'), signal: controller.signal });
  controller.abort();
  await expect(finding).rejects.toMatchObject({ code: 'cancelled' });
});

test('this process is asked nothing when it will do', async () => {
  const marker = path.join(temporaryFolder(), 'started');
  const trap = program(`touch ${marker}; echo v99.0.0`);
  const runtime = await findRuntime({ preferred: [trap], environment: { PATH: path.dirname(trap) } });
  expect(runtime).toMatchObject({ command: process.execPath, kind: 'node' });
  expect(fs.existsSync(marker)).toBe(false);
});

test('the first Node.js that will do is taken: preferred ones, then PATH in its order', async () => {
  const broken = program('exit 1');
  const old = program('echo v20.1.0');
  const good = program('echo v22.13.0');
  const marker = path.join(temporaryFolder(), 'started');
  const trap = program(`touch ${marker}; echo v99.0.0`);
  const folders = ['/nowhere', '.', ...[broken, old, good, trap].map((file) => path.dirname(file))];
  const environment = { PATH: folders.join(path.delimiter) };
  expect(await findRuntime({ self: electron, environment })).toMatchObject({ command: good, version: '22.13.0' });
  expect(await findRuntime({ self: electron, environment, preferred: [old, '/nowhere/node'] })).toMatchObject({
    command: good,
  });
  expect(fs.existsSync(marker)).toBe(false);
  expect(await findRuntime({ self: electron, environment, preferred: [trap] })).toMatchObject({ command: trap });
});

test('a PATH full of programs that will not do is given up', async () => {
  const counter = path.join(temporaryFolder(), 'count');
  const useless = Array.from({ length: 9 }, () => program(`echo x >> ${counter}; exit 1`));
  const environment = { PATH: useless.map((file) => path.dirname(file)).join(path.delimiter) };
  expect(await findRuntime({ self: electron, environment })).toMatchObject({ command: '/electron', kind: 'electron' });
  expect(fs.readFileSync(counter, 'utf8').length / 2).toBeLessThan(9);
});

test('a daemon inherits nothing of an editor or debugger', () => {
  const environment = daemonEnvironment(
    {
      PATH: '/bin',
      HOME: '/home/ana',
      NODE_OPTIONS: '--inspect',
      ELECTRON_RUN_AS_NODE: '1',
      ELECTRON_NO_ASAR: '1',
      VSCODE_IPC_HOOK: '/tmp/x',
      NODE_CHANNEL_FD: '3',
      PHOTO_ORGANIZER_HOME: '/state',
      UNSET: undefined,
    },
    { PHOTO_ORGANIZER_SHARP: 'wasm' },
  );
  expect(environment).toEqual({
    PATH: '/bin',
    HOME: '/home/ana',
    PHOTO_ORGANIZER_HOME: '/state',
    NODE_NO_WARNINGS: '1',
    PHOTO_ORGANIZER_SHARP: 'wasm',
  });
});
