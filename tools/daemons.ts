import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { DaemonFileSchema, foldersDirectory } from '../src/protocol/state.ts';
import { inRoot } from './paths.ts';
import { endTree, runCommand, spawnTree } from './processes.ts';

/** How long a daemon may take until it is ready, in ms. */
const startPatience = 60_000;
/** How long a daemon may take to leave its network, in ms. */
const leavePatience = 10_000;

/** The built `photo-organizer` command of this checkout. */
const ownCommand = inRoot('dist', 'cli.js');

const ReadySchema = v.object({
  event: v.literal('ready'),
  peerId: v.string(),
  port: v.number(),
  addresses: v.array(v.string()),
  control: v.string(),
  pid: v.number(),
});

/** A daemon that serves a folder for a tool or a test, and ends with it. */
export interface ServedFolder extends AsyncDisposable {
  readonly folder: string;
  readonly ready: v.InferOutput<typeof ReadySchema>;
  /** Milliseconds from the start of the command until the daemon was ready. */
  readonly startTime: number;
  /** Lets the daemon leave its network, then makes sure that its process is gone. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly folder: string;
  /** The state folder. */
  readonly home: string;
  readonly name: string;
  /** More options of `photo-organizer daemon`. */
  readonly options?: readonly string[];
  /** Script of the command; by default the one that was built here. */
  readonly command?: string;
  /** Environment variables on top of this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs `photo-organizer daemon` until it is ready.
 * @throws Error with what the command said when it is not
 */
export async function serveFolder(serve: ServeOptions): Promise<ServedFolder> {
  const { folder, home, name, options = [], command = ownCommand, environment = {} } = serve;
  const started = performance.now();
  const args = ['--home', home, '--json', 'daemon', folder, '--name', name, ...options];
  const child = spawnTree(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000)));
  const stop = () => stopDaemon(child);
  try {
    const ready = v.parse(ReadySchema, JSON.parse(await firstLine(child)));
    return { folder, ready, startTime: performance.now() - started, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`The daemon of ${folder} did not start. ${said.trim()}`, { cause: error });
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('No output to read.');
  const lines = readline.createInterface({ input: child.stdout });
  const line = once(lines, 'line').then(([text]) => String(text));
  const end = once(child, 'exit').then(([code]): never => {
    throw new Error(`It ended (${String(code)}).`);
  });
  const timeout = delay(startPatience, undefined, { ref: false }).then((): never => {
    throw new Error(`It was not ready within ${startPatience / 1000} s.`);
  });
  return Promise.race([line, end, timeout]);
}

async function stopDaemon(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([exit, delay(leavePatience, undefined, { ref: false })]);
  }
  await endTree(child);
}

/**
 * Runs a `photo-organizer` command on the daemon of `folder` and gives its answer.
 * @throws Error with the command's own sentence
 */
export async function ask(home: string, folder: string, args: readonly string[]): Promise<unknown> {
  const all = [ownCommand, '--home', home, '--folder', folder, '--json', ...args];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, all, {
      maxBuffer: 64 * 1024 * 1024,
      timeout: 300_000,
    });
    return JSON.parse(stdout);
  } catch (error) {
    const sentence = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`photo-organizer ${args.join(' ')}: ${sentence || String(error)}`, { cause: error });
  }
}

/** Runs a `photo-organizer` command on the daemon of `folder` and lets people see it and its answer. */
export async function show(home: string, folder: string, args: readonly string[]): Promise<void> {
  console.log(`\n$ photo-organizer ${args.join(' ')}`);
  const code = await runCommand(process.execPath, [ownCommand, '--home', home, '--folder', folder, ...args]);
  if (code !== 0) throw new Error(`photo-organizer ${args.join(' ')} ended with exit code ${code}.`);
}

/** Ends every daemon that has its state in `home`, whoever started it: asks first, then insists. */
export async function endDaemons(home: string): Promise<void> {
  await Promise.all(daemonsOf(home).map(endProcess));
}

function daemonsOf(home: string): number[] {
  const folders = foldersDirectory(home);
  if (!fs.existsSync(folders)) return [];
  return fs.readdirSync(folders).flatMap((key) => {
    try {
      const file = fs.readFileSync(path.join(folders, key, 'daemon.json'), 'utf8');
      return [v.parse(DaemonFileSchema, JSON.parse(file)).pid];
    } catch {
      // No daemon serves this folder, or it has just removed its file.
      return [];
    }
  });
}

async function endProcess(pid: number): Promise<void> {
  const deadline = Date.now() + leavePatience;
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; ; signal = 0) {
    try {
      process.kill(pid, Date.now() > deadline ? 'SIGKILL' : signal);
    } catch {
      // ESRCH: it is gone.
      return;
    }
    await delay(100);
  }
}
