import path from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { defaultHome } from '../protocol/state.ts';
import { connectToDaemon } from '../client/connection.ts';
import { resolvePhotoFolder } from '../client/folder.ts';
import { plainJson } from '../client/sanitize.ts';
import type { DaemonClient } from '../client/types.ts';
import type { Terminal } from './terminal.ts';

/** A daemon that is there and silent is as little reachable as none: for scripts, both are one exit code. */
async function reach(state: FolderState, signal: AbortSignal): Promise<DaemonClient> {
  try {
    return await connectToDaemon(state, { signal });
  } catch (error) {
    if (AppError.is(error, 'timeout')) throw new AppError('daemon-unreachable', error.message, { cause: error });
    throw error;
  }
}

/** Options that every command takes. */
export interface GlobalOptions {
  home?: string;
  folder?: string;
  json?: boolean;
  logLevel?: string;
}

/** What a command that talks to a daemon gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly json: boolean;
  /** The current directory. */
  readonly directory: string;
  /** Aborted by Ctrl+C. */
  readonly signal: AbortSignal;
  readonly state: FolderState;
  readonly client: DaemonClient;
  /** Writes the result: `value` with `--json`, else the lines for people. */
  readonly result: (value: unknown, lines: () => readonly string[]) => Promise<void>;
}

/** The options of a command together with those before it. */
export function globalOptions(command: Command): GlobalOptions {
  // Of an option given twice the later one counts: not what commander's optsWithGlobals does.
  return { ...command.parent?.opts<GlobalOptions>(), ...command.opts<GlobalOptions>() };
}

/**
 * The state folder that was named, else this user's.
 * @throws AppError `usage` when it was named, and is empty: a variable that is not set must not mean the current directory
 */
export function homeOf({ home }: GlobalOptions): string {
  if (home === '') throw new AppError('usage', '--home takes a folder, and is empty.');
  return home === undefined ? defaultHome() : path.resolve(home);
}

/**
 * Connects to the daemon that the options mean, does `work`, and closes the connection.
 * @throws AppError of the connection or of the work
 */
export async function withDaemon(
  command: Command,
  terminal: Terminal,
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const options = globalOptions(command);
  const json = options.json ?? false;
  if (options.folder === '') throw new AppError('usage', '--folder takes a folder, and is empty.');
  await interruptible(async (signal) => {
    const directory = currentDirectory();
    const state = await resolvePhotoFolder(homeOf(options), options.folder ?? directory);
    using client = await reach(state, signal);
    await work({
      terminal,
      json,
      directory,
      signal,
      state,
      client,
      result: (value, lines) => writeResult(terminal, json, value, lines),
    });
  });
}

/** Writes the one result of a command. */
export async function writeResult(
  terminal: Terminal,
  json: boolean,
  value: unknown,
  lines: () => readonly string[],
): Promise<void> {
  await terminal.write(
    json
      ? `${plainJson(value)}\n`
      : lines()
          .map((line) => `${line}\n`)
          .join(''),
  );
}

/** Runs `work` with a signal that SIGINT and SIGTERM abort; a second one ends the process at once, as without us. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new AppError('not-a-folder', 'The current directory is gone: change to another one.', { cause: error });
  }
}
