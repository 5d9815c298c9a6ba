import { once } from 'node:events';
import readline from 'node:readline';
import { expect, test } from 'vitest';
import { endTree, runCommand, spawnTree } from '../../tools/processes.ts';
import { waitFor } from '../support/waitFor.ts';

/** Starts a child that outlives requests to end, and says its process id. */
const parent = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('ending a process ends what it started, too', async () => {
  const child = spawnTree(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(readline.createInterface({ input: child.stdout }), 'line')) as [string];
  expect(lives(Number(line))).toBe(true);
  await endTree(child);
  expect(child.signalCode ?? child.exitCode).not.toBeNull();
  await waitFor('the grandchild to be gone', () => !lives(Number(line)));
});

test('a command gives its exit code, and 1 when it is cut short', async () => {
  expect(await runCommand(process.execPath, ['-e', 'process.exit(7)'])).toBe(7);
  const stop = new AbortController();
  const endless = runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { signal: stop.signal });
  stop.abort();
  expect(await endless).toBe(1);
});
