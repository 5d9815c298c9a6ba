import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Option } from 'commander';
import type { Command } from 'commander';
import { AppError, systemCodeOf, toAppError } from '../../protocol/errors.ts';
import type { FolderState } from '../../protocol/state.ts';
import { folderState } from '../../protocol/state.ts';
import { connectToDaemon } from '../../client/connection.ts';
import { readDaemonFile } from '../../client/daemonFile.ts';
import { launchDaemon } from '../../client/launch.ts';
import { findRuntime, isSupported } from '../../client/runtime.ts';
import type { GlobalOptions } from '../context.ts';
import { globalOptions, homeOf, interruptible, writeResult } from '../context.ts';
import { tiedToParent, runTied } from '../tiedProcess.ts';
import type { Terminal } from '../terminal.ts';

/**
 * The options of the daemon, for help and to find the folder among the arguments. What they take is read and checked by
 * the daemon itself, which gets the arguments untouched.
 */
const daemonOptions: readonly (readonly [flags: string, description: string])[] = [
  ['--port <number>', 'listen on exactly this port (the first free one from 5000)'],
  ['--listen <address>', 'IP address to listen on (127.0.0.1: only this computer)'],
  ['--join <multiaddr...>', 'join by the peer at this address; may be given more than once'],
  ['--network <name>', 'name of the network (default)'],
  ['--name <name>', 'name that friends see (made from user and folder)'],
  ['--copies <number>', 'copies of each photo that are wanted (2); they are counted, made in a later version'],
  ['--quota <bytes>', 'space given to photos of others (no limit); used in a later version'],
  ['--grace <seconds>', 'how long a friend may be away before copies are made again; used in a later version'],
  ['--dedupe <mode>', 'what to do about redundant originals: review or automatic (review); used in a later version'],
  ['--similarity <step>', 'how readily photos count as look-alikes: strict, normal or loose (normal)'],
  ['--exclude <glob...>', 'files to leave out; may be given more than once'],
  ['--share', 'share the folder again where its marker went missing'],
  ['--while-connected', 'leave when the last window or command has gone'],
];

/** Names of the options that the help of `photo-organizer daemon` lists, without the dashes. */
export const daemonOptionNames: readonly string[] = daemonOptions.map(([flags]) => new Option(flags).name());

/** `photo-organizer daemon FOLDER` */
export function addDaemonCommand(program: Command, terminal: Terminal): void {
  const daemon = program
    .command('daemon')
    .description('serve a folder until it is told to leave')
    .argument('[folder]', 'the photo folder')
    .option('--detach', 'return when it is ready, and let it run on')
    .allowUnknownOption()
    .allowExcessArguments();
  for (const [flags, description] of daemonOptions) daemon.addOption(repeatable(new Option(flags, description)));
  daemon.action(async (_folder: unknown, options: { detach?: boolean }, command: Command) => {
    const given = globalOptions(command);
    if (options.detach === true) await detach(command, given, terminal);
    // Whatever a dependency of the daemon still holds: it has left.
    else process.exit(await serve(daemonArguments(program)));
  });
}

/** One value each time the option is given; commander would take all arguments up to the next option. */
function repeatable(option: Option): Option {
  if (!option.variadic) return option;
  option.variadic = false;
  return option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
}

/** Everything that was typed after `daemon`, and before it what a daemon takes too. */
function daemonArguments(program: Command): string[] {
  const [, ...rest] = program.args;
  return [...optionArguments(program), ...rest];
}

/** The options that were given to `command` as arguments. */
function optionArguments(command: Command): string[] {
  return command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === true) return [`--${option.name()}`];
    return (Array.isArray(value) ? value : [value]).flatMap((one) =>
      typeof one === 'string' ? [`--${option.name()}=${one}`] : [],
    );
  });
}

/** Runs the daemon in this process, or in a newer Node.js when this one is too old for it. */
async function serve(argv: readonly string[]): Promise<number> {
  if (isSupported(process.versions.node)) {
    tiedToParent();
    const module: unknown = await import(pathToFileURL(await daemonScript()).href);
    if (!isDaemonModule(module))
      throw new AppError('internal', 'dist/daemon.js is not a daemon: run npm run build again.');
    return module.runDaemon(argv);
  }
  const runtime = await findRuntime({ preferred: checkoutNodes() });
  return runTied(runtime, [commandScript(), 'daemon', ...argv]);
}

interface DaemonModule {
  runDaemon(argv: readonly string[]): Promise<number>;
}

function isDaemonModule(module: unknown): module is DaemonModule {
  return (
    typeof module === 'object' && module !== null && 'runDaemon' in module && typeof module.runDaemon === 'function'
  );
}

async function detach(command: Command, given: GlobalOptions, terminal: Terminal): Promise<void> {
  const state = await detachedState(command, given);
  const args = optionArguments(command).filter((argument) => !/^--(?:detach$|json$|home=)/.test(argument));
  if (given.logLevel !== undefined && !args.some((argument) => argument.startsWith('--log-level='))) {
    args.push(`--log-level=${given.logLevel}`);
  }
  const file = await interruptible(async (signal) => {
    await refuseSecond(state, signal);
    const runtime = await findRuntime({ preferred: checkoutNodes(), signal });
    await launchDaemon({ state, runtime, daemonScript: await daemonScript(), args, signal });
    return readDaemonFile(state);
  });
  if (file === undefined) {
    throw new AppError('daemon-unreachable', `The daemon left right after it was ready: see ${state.logFile}.`);
  }
  const { peerId, port, addresses, control, pid } = file;
  await writeResult(terminal, given.json ?? false, { event: 'ready', peerId, port, addresses, control, pid }, () => [
    ...addresses,
    'ready',
  ]);
}

async function detachedState(command: Command, given: GlobalOptions): Promise<FolderState> {
  const [folder, ...rest] = command.args;
  const unknown = command.args.find((argument) => argument.startsWith('-'));
  if (unknown !== undefined) throw new AppError('usage', `Unknown option '${unknown}'.`);
  if (folder === undefined || folder === '') {
    throw new AppError('usage', 'Which folder? Say: photo-organizer daemon FOLDER');
  }
  if (rest.length > 0) throw new AppError('usage', `One daemon serves one folder, but there is also "${rest[0]}".`);
  try {
    return folderState(homeOf(given), await fs.realpath(folder));
  } catch (error) {
    const code = systemCodeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw toAppError(error);
    throw new AppError('not-a-folder', `There is no folder ${path.resolve(folder)}: check the path.`, { cause: error });
  }
}

/** Two daemons with different options for one folder cannot both be had: say so instead of taking the other for ours. */
async function refuseSecond(state: FolderState, signal: AbortSignal): Promise<void> {
  try {
    using client = await connectToDaemon(state, { signal });
    throw new AppError(
      'already-running',
      `A daemon (process ${client.hello.pid}) already serves ${state.folder}: end it first with photo-organizer --folder "${state.folder}" stop.`,
    );
  } catch (error) {
    if (!AppError.is(error, 'daemon-unreachable')) throw error;
  }
}

function commandScript(): string {
  return fileURLToPath(import.meta.url);
}

/** Beside this command; looked up at run time, so that no other command loads it. */
async function daemonScript(): Promise<string> {
  const file = path.join(path.dirname(commandScript()), 'daemon.js');
  try {
    await fs.access(file);
  } catch (error) {
    throw new AppError('internal', `${file} is missing: run npm run build, or install again.`, { cause: error });
  }
  return file;
}

/** The Node.js that this package brings along on some platforms. */
function checkoutNodes(): string[] {
  return [path.join(path.dirname(commandScript()), '..', 'node_modules', '.bin', 'node')];
}
