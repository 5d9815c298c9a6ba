import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a process that was asked to end may take before it is made to, in ms. */
const gracePeriod = 5_000;

/** Starts a process as the head of a group of its own, so that {@link endTree} reaches what it starts in turn. */
export function spawnTree(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(command, args, { ...options, detached: process.platform !== 'win32' });
}

/** Ends a process of {@link spawnTree} and everything in its group: asks first, then insists. */
export async function endTree(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exit = once(child, 'exit');
    signalTree(child, 'SIGTERM');
    await Promise.race([exit, delay(gracePeriod, undefined, { ref: false })]);
  }
  signalTree(child, 'SIGKILL');
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: nobody of the group is left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Runs a command to its end, its output going where ours goes.
 * @param signal ends the command and all that it started
 * @returns its exit code; 1 when a signal ended it
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal; readonly cwd?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  options.signal?.throwIfAborted();
  const child = spawnTree(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.environment },
  });
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const aborted = Promise.withResolvers<'aborted'>();
  const abort = () => aborted.resolve('aborted');
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const end = await Promise.race([exit, aborted.promise]);
    return end === 'aborted' ? 1 : (end[0] ?? 1);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await endTree(child);
  }
}
