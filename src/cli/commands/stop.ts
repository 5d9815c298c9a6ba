import fs from 'node:fs';
import type { Command } from 'commander';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';
import type { FolderState } from '../../protocol/state.ts';
import { delay } from '../../client/delay.ts';
import { plainText } from '../../client/sanitize.ts';
import type { DaemonClient } from '../../client/types.ts';
import { withDaemon } from '../context.ts';
import type { Terminal } from '../terminal.ts';

/** Milliseconds that a daemon gets to leave the network and end. */
const leaveLimit = 15_000;
/** Milliseconds after its last word until its process is gone. */
const exitLimit = 2_000;
const interval = 25;

/** `photo-organizer stop` */
export function addStopCommand(program: Command, terminal: Terminal): void {
  program
    .command('stop')
    .description('ask the daemon to leave the network and exit')
    .action((_options: unknown, command: Command) =>
      withDaemon(command, terminal, async ({ client, signal, state, result }) => {
        const { pid } = client.hello;
        await stopAndWait(client, state, signal);
        await result({ stopped: true, pid, folder: state.folder }, () => [
          `The daemon of ${plainText(state.folder)} has stopped.`,
        ]);
      }),
    );
}

/** Resolves when another daemon may be started for the folder. */
async function stopAndWait(client: DaemonClient, state: FolderState, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  client.onClosed(() => closed.abort());
  await client.stop({ signal });
  const left = await waitUntil(() => closed.signal.aborted && !fs.existsSync(state.daemonFile), leaveLimit, signal);
  if (!left) {
    throw new AppError(
      'timeout',
      `The daemon of ${state.folder} was asked to leave but still runs as process ${client.hello.pid}: see ${client.hello.logFile}.`,
    );
  }
  // Its lock goes with the process. One whose parent does not collect it looks alive for ever: that is no reason to fail.
  await waitUntil(() => !isAlive(client.hello.pid), exitLimit, signal);
}

async function waitUntil(condition: () => boolean, limit: number, signal: AbortSignal): Promise<boolean> {
  for (const deadline = performance.now() + limit; !condition(); await delay(interval, signal)) {
    if (performance.now() > deadline) return false;
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) !== 'ESRCH';
  }
}
