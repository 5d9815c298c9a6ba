import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeFor, toAppError } from '../protocol/errors.ts';
import { failureOf } from '../protocol/failure.ts';
import type { DaemonFile } from '../protocol/state.ts';
import type { DaemonArguments } from './arguments.ts';
import { parseDaemonArguments } from './arguments.ts';
import { Daemon } from './daemon.ts';

/** Milliseconds that a daemon may take to leave before the process ends all the same. */
const leaveLimit = 8000;
/** Milliseconds without a client after which a daemon ends that serves only while somebody is connected. */
const idleLimit = 10_000;
/** The same for the first client, which may have to wait for the start. */
const firstClientLimit = 60_000;

/**
 * Serves a folder until SIGINT, SIGTERM or `stop`.
 * @param argv arguments of `photo-organizer daemon`, see {@link parseDaemonArguments}
 * @returns the exit code
 */
export async function runDaemon(argv: readonly string[]): Promise<number> {
  let daemon: Daemon;
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    // Also while it still starts: whatever hangs, a daemon that was told to leave is gone in the end.
    setTimeout(() => process.exit(1), leaveLimit).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const options = parseDaemonArguments(argv, process.env);
    let idleTimer = options.whileConnected ? setTimeout(stop, firstClientLimit) : undefined;
    daemon = await Daemon.start(options, {
      onStop: stop,
      onClients: (connected) => {
        clearTimeout(idleTimer);
        if (options.whileConnected && !connected) idleTimer = setTimeout(stop, idleLimit);
      },
    });
    announce(options, daemon.file);
  } catch (error) {
    const failure = toAppError(error);
    console.error(`photo-organizer: ${failure.message}`);
    if (argv.includes('--json')) console.log(JSON.stringify(failureOf(failure)));
    return exitCodeFor(failure.code);
  }
  // One stray rejection in a dependency must not take a person's photos off the network; it is logged, and it is a bug.
  process.on('unhandledRejection', (error) => daemon.logger.error('unhandled rejection', error));
  process.on('uncaughtException', (error) => {
    daemon.logger.error('uncaught exception: the daemon ends', error);
    process.exitCode = 1;
    stop();
  });
  await new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await daemon[Symbol.asyncDispose]();
  return Number(process.exitCode ?? 0);
}

/** Tells whoever started the daemon that it is ready, and where. */
function announce(options: DaemonArguments, file: DaemonFile): void {
  if (options.json) {
    const { peerId, port, addresses, control, pid } = file;
    console.log(JSON.stringify({ event: 'ready', peerId, port, addresses, control, pid }));
    return;
  }
  for (const address of file.addresses) console.log(address);
  console.log('ready');
}

/** Whether this module is the program (dist/daemon.js), not a part of the `photo-organizer` command. */
function isProgram(): boolean {
  const program = process.argv[1];
  return program !== undefined && fs.realpathSync(program) === fs.realpathSync(fileURLToPath(import.meta.url));
}

if (isProgram()) process.exit(await runDaemon(process.argv.slice(2)));
