import { spawn } from 'node:child_process';
import { AppError } from '../protocol/errors.ts';
import type { Runtime } from '../client/runtime.ts';
import { daemonEnvironment } from '../client/runtime.ts';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program in the place of this process: its output is ours, our signals are its, its exit code is returned.
 * @throws AppError `unsupported-runtime` when it cannot be started
 */
export async function runTied(runtime: Runtime, args: readonly string[]): Promise<number> {
  const child = spawn(runtime.command, args, {
    // A session of its own: Ctrl+C reaches it once, forwarded by us, not twice.
    detached: true,
    env: daemonEnvironment(process.env, runtime.environment),
    // The channel closes when this process ends, however it ends: see tiedToParent.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    windowsHide: true,
  });
  const handlers = forwarded.map((signal) => [signal, () => void child.kill(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => {
        reject(
          new AppError('unsupported-runtime', `The daemon could not be started: ${error.message}`, { cause: error }),
        );
      });
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

/** Leaves as on SIGTERM when the process that runs us by {@link runTied} has gone. */
export function tiedToParent(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
