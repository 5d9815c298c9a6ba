import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { controlProtocolVersion } from '../protocol/control.ts';
import { AppError, toAppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { connectToDaemon } from './connection.ts';
import { delay } from './delay.ts';
import type { Runtime } from './runtime.ts';
import { daemonEnvironment } from './runtime.ts';
import { startupError } from './startupLog.ts';
import type { DaemonClient } from './types.ts';

export interface LaunchOptions {
  state: FolderState;
  runtime: Runtime;
  /** Absolute path of `dist/daemon.js`. */
  daemonScript: string;
  /** Options for the daemon beside folder and state folder, which come from `state`. */
  args?: readonly string[];
  /** Aborting it ends the daemon that was started, unless it was ready by then. */
  signal?: AbortSignal;
  /** Milliseconds until the daemon must be ready. */
  timeout?: number;
}

const defaultTimeout = 20_000;

/** Milliseconds between two looks whether the daemon is ready: first and, growing, at most. */
const firstInterval = 20;
const maxInterval = 250;

/** Milliseconds between two starts while another daemon holds the folder. */
const relaunchInterval = 500;

/** Where a daemon that is starting writes; its log proper begins once it holds the folder. */
export function startupLogFile(state: FolderState): string {
  return path.join(state.directory, 'startup.log');
}

/**
 * Starts a daemon that outlives this process and waits until it answers. When another one got there first, that one is
 * waited for.
 * @throws AppError with the daemon's own words when it ends before it is ready, `timeout`, `cancelled`
 */
export async function launchDaemon(options: LaunchOptions): Promise<void> {
  using _client = await launchAndConnect(options, undefined);
}

export interface ConnectOrLaunchOptions extends Omit<LaunchOptions, 'runtime'> {
  /** Asked only when a daemon has to be started. */
  runtime: () => Promise<Runtime>;
  /** Version of this product. */
  version?: string;
}

/**
 * A connection to the daemon of a folder, which is started when none runs. One that speaks an older version of the control
 * API is asked to retire first.
 * @throws AppError as {@link connectToDaemon} and {@link launchDaemon}
 */
export async function connectOrLaunch(options: ConnectOrLaunchOptions): Promise<DaemonClient> {
  const { state, signal, version } = options;
  const connect = { ...(signal === undefined ? {} : { signal }), ...(version === undefined ? {} : { version }) };
  try {
    return await connectToDaemon(state, connect);
  } catch (error) {
    if (isOlderDaemon(error)) await retire(state, error.data.protocol, signal);
    else if (!AppError.is(error, 'daemon-unreachable')) throw error;
  }
  return launchAndConnect({ ...options, runtime: await options.runtime() }, version);
}

type VersionMismatch = AppError & { readonly data: { readonly protocol: number } };

function isOlderDaemon(error: unknown): error is VersionMismatch {
  if (!AppError.is(error, 'version-mismatch')) return false;
  const { data } = error;
  return (
    typeof data === 'object' &&
    data !== null &&
    'protocol' in data &&
    typeof data.protocol === 'number' &&
    data.protocol < controlProtocolVersion
  );
}

/** `hello` and `stop` are the same in every version, so that an older daemon can always be asked to go. */
async function retire(state: FolderState, protocol: number, signal: AbortSignal | undefined): Promise<void> {
  const own = signal === undefined ? {} : { signal };
  using client = await connectToDaemon(state, { ...own, protocol });
  await client.stop(own);
}

async function launchAndConnect(options: LaunchOptions, version: string | undefined): Promise<DaemonClient> {
  const { state, signal } = options;
  if (signal?.aborted) throw new AppError('cancelled', 'Cancelled.', { cause: signal.reason });
  const timeout = options.timeout ?? defaultTimeout;
  const deadline = performance.now() + timeout;
  let child = await DaemonChild.start(options);
  let lastStart = performance.now();
  let held: AppError | undefined;
  try {
    for (let interval = firstInterval; ; interval = Math.min(interval * 1.5, maxInterval)) {
      const client = await connectIfReady(state, version, signal);
      if (client !== undefined) {
        child.release();
        return client;
      }
      const failure = await child.failure();
      // Another daemon holds the folder. It is about to be ready, or about to leave: then it is our turn.
      if (failure !== undefined && failure.code !== 'already-running') throw failure;
      held = failure ?? held;
      if (performance.now() > deadline) throw held ?? notReady(state, timeout);
      await delay(interval, signal);
      if (failure !== undefined && performance.now() - lastStart > relaunchInterval) {
        child = await DaemonChild.start(options);
        lastStart = performance.now();
      }
    }
  } catch (error) {
    child.end();
    throw error;
  }
}

function notReady(state: FolderState, timeout: number): AppError {
  return new AppError(
    'timeout',
    `The daemon was not ready after ${Math.round(timeout / 1000)} seconds: see ${startupLogFile(state)} and ${state.logFile}.`,
  );
}

/** Milliseconds for one attempt at a daemon that may be busy starting. */
const attemptLimit = 5_000;

async function connectIfReady(
  state: FolderState,
  version: string | undefined,
  signal: AbortSignal | undefined,
): Promise<DaemonClient | undefined> {
  try {
    return await connectToDaemon(state, {
      timeout: attemptLimit,
      ...(signal === undefined ? {} : { signal }),
      ...(version === undefined ? {} : { version }),
    });
  } catch (error) {
    // `refused`: the file of a daemon that was killed, with its old token, beside the socket of the one that is starting.
    if (AppError.is(error, 'daemon-unreachable', 'refused', 'timeout')) return undefined;
    throw error;
  }
}

/** Bytes of a startup log that is begun anew: daemons write some lines each. */
const maxStartupLog = 64 * 1024;

/** The process of a daemon from its start until it is ready; then it belongs to nobody. */
class DaemonChild {
  readonly #process: ChildProcess;
  readonly #state: FolderState;
  /** Where in the startup log its output begins, in bytes. */
  readonly #logStart: number;
  #end: { readonly exit: string } | { readonly error: Error } | undefined;

  private constructor(process: ChildProcess, state: FolderState, logStart: number) {
    this.#process = process;
    this.#state = state;
    this.#logStart = logStart;
    process.once('error', (error) => (this.#end ??= { error }));
    process.once(
      'exit',
      (code, signal) => (this.#end ??= { exit: code === null ? `signal ${signal}` : `exit code ${code}` }),
    );
  }

  static async start({ state, runtime, daemonScript, args = [] }: LaunchOptions): Promise<DaemonChild> {
    try {
      await fs.mkdir(state.directory, { recursive: true, mode: 0o700 });
      // Appended to: several windows may start a daemon at once, and each reads there why its own one ended.
      await using log = await fs.open(startupLogFile(state), 'a', 0o600);
      const { size } = await log.stat();
      const logStart = size > maxStartupLog ? 0 : size;
      if (logStart < size) await log.truncate();
      const process_ = spawn(runtime.command, [daemonScript, state.folder, '--home', state.home, ...args, '--json'], {
        // The folder may be unmounted while the daemon runs: it must not be anybody's current directory.
        cwd: state.directory,
        detached: true,
        env: daemonEnvironment(process.env, runtime.environment),
        stdio: ['ignore', log.fd, log.fd],
        windowsHide: true,
      });
      return new DaemonChild(process_, state, logStart);
    } catch (error) {
      throw toAppError(error);
    }
  }

  /** Why the daemon ended; undefined while it runs. */
  async failure(): Promise<AppError | undefined> {
    if (this.#end === undefined) return undefined;
    if ('error' in this.#end) {
      const { error } = this.#end;
      return new AppError('unsupported-runtime', `The daemon could not be started: ${error.message}`, { cause: error });
    }
    const file = startupLogFile(this.#state);
    const output = (await fs.readFile(file)).subarray(this.#logStart).toString('utf8');
    return startupError(output, this.#end.exit, file);
  }

  /** Lets the daemon live on by itself. */
  release(): void {
    this.#process.unref();
  }

  /** Ends the daemon if it still runs: nobody waits for it. */
  end(): void {
    if (this.#end === undefined) this.#process.kill('SIGTERM');
    this.#process.unref();
  }
}
