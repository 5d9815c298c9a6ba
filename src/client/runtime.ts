import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../protocol/errors.ts';

/** The oldest Node.js that runs the daemon: the first whose `node:sqlite` needs no flag. */
export const minimumNode = '22.13.0';

/** A program and environment that run the daemon. */
export interface Runtime {
  /** Absolute path of the program. */
  readonly command: string;
  /** Version of Node.js in it. */
  readonly version: string;
  readonly kind: 'node' | 'electron';
  /** To be added to the environment of the daemon. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A program and the version of Node.js that it says it is; undefined when it does not run or says something else. */
export interface ProbedNode {
  readonly path: string;
  readonly version: string | undefined;
}

/** All that the choice depends on. */
export interface RuntimeFacts {
  readonly platform: NodeJS.Platform;
  /** What a person set; nothing else is used then. */
  readonly explicit: ProbedNode | undefined;
  /** What runs this code. */
  readonly self: { readonly path: string; readonly version: string; readonly electron: boolean };
  /** Other programs, best first. Need not be given when `self` will do. */
  readonly found: readonly ProbedNode[];
}

/**
 * Chooses what runs the daemon: what a person set; else what runs this, when that is Node.js and new enough; else another
 * Node.js that is new enough; else Electron as Node.js, with image code in WebAssembly on Linux, where the native one
 * and Electron's own libraries crash each other (lovell/sharp#4522).
 * @throws AppError `unsupported-runtime` with what to install or set
 */
export function chooseRuntime(facts: RuntimeFacts): Runtime {
  const { explicit, self, platform } = facts;
  if (explicit !== undefined) {
    const { version } = explicit;
    if (version !== undefined && isSupported(version)) return nodeRuntime(explicit.path, version);
    const reason = version === undefined ? 'does not run as Node.js' : `is Node.js ${version}`;
    throw new AppError(
      'unsupported-runtime',
      `${explicit.path} ${reason}, but the daemon needs Node.js ${minimumNode} or newer: change the setting photoOrganizer.daemon.nodePath, or clear it.`,
    );
  }
  if (!self.electron && isSupported(self.version)) return nodeRuntime(self.path, self.version);
  for (const { path: command, version } of facts.found) {
    if (version !== undefined && isSupported(version)) return nodeRuntime(command, version);
  }
  if (self.electron && isSupported(self.version)) {
    return {
      command: self.path,
      version: self.version,
      kind: 'electron',
      environment: {
        ELECTRON_RUN_AS_NODE: '1',
        ...(platform === 'linux' ? { PHOTO_ORGANIZER_SHARP: 'wasm' } : {}),
      },
    };
  }
  throw new AppError(
    'unsupported-runtime',
    self.electron
      ? `The daemon needs Node.js ${minimumNode} or newer: install it from https://nodejs.org, name it in the setting photoOrganizer.daemon.nodePath, or update VS Code.`
      : `The daemon needs Node.js ${minimumNode} or newer, this is ${self.version}: install a newer one from https://nodejs.org.`,
  );
}

function nodeRuntime(command: string, version: string): Runtime {
  return { command, version, kind: 'node', environment: {} };
}

/** Whether a version of Node.js, such as `22.13.1`, runs the daemon. */
export function isSupported(version: string): boolean {
  const wanted = parseVersion(minimumNode);
  const given = parseVersion(version);
  if (wanted === undefined || given === undefined) return false;
  for (const [index, least] of wanted.entries()) {
    const difference = (given[index] ?? 0) - least;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function parseVersion(text: string): number[] | undefined {
  const match = /^v?(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?:[-+].*)?$/.exec(text);
  return match?.slice(1).map(Number);
}

export interface FindRuntimeOptions {
  /** What a person set: path of a Node.js program. */
  nodePath?: string;
  /** Programs to try before those on PATH, for example the checkout's own. */
  preferred?: readonly string[];
  /** Of this process unless told otherwise: PATH is read from it. */
  environment?: NodeJS.ProcessEnv;
  /** What runs this code; looked up unless given. */
  self?: RuntimeFacts['self'];
  signal?: AbortSignal;
}

/** Programs on PATH that are tried at most: somebody's PATH may have a hundred folders. */
const maxProbes = 6;

/**
 * Looks for what runs the daemon and chooses, see {@link chooseRuntime}. Starts no program when this process will do.
 * @throws AppError `unsupported-runtime`, or `cancelled` by the signal
 */
export async function findRuntime(options: FindRuntimeOptions = {}): Promise<Runtime> {
  const environment = options.environment ?? process.env;
  const self = options.self ?? {
    path: process.execPath,
    version: process.versions.node,
    electron: process.versions['electron'] !== undefined,
  };
  const facts = { platform: process.platform, explicit: undefined, self, found: [] };
  const { nodePath, signal } = options;
  if (nodePath !== undefined && nodePath !== '') {
    return chooseRuntime({ ...facts, explicit: await probeNode(nodePath, environment, signal) });
  }
  if (!self.electron && isSupported(self.version)) return chooseRuntime(facts);
  const candidates = [...(options.preferred ?? []), ...nodesOnPath(environment)];
  const found: ProbedNode[] = [];
  let probes = 0;
  for (const candidate of new Set(candidates)) {
    if (!(await isFile(candidate))) continue;
    const probed = await probeNode(candidate, environment, signal);
    found.push(probed);
    probes += 1;
    if ((probed.version !== undefined && isSupported(probed.version)) || probes === maxProbes) break;
  }
  return chooseRuntime({ ...facts, found });
}

function nodesOnPath(environment: NodeJS.ProcessEnv): string[] {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  return (environment['PATH'] ?? environment['Path'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, program));
}

async function isFile(candidate: string): Promise<boolean> {
  try {
    return (await fs.stat(candidate)).isFile();
  } catch {
    // Not there, or not to be seen: no candidate.
    return false;
  }
}

/** Milliseconds that a program gets to say its version: version managers' shims take their time. */
const probeLimit = 5_000;

async function probeNode(
  command: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<ProbedNode> {
  const version = await new Promise<string | undefined>((resolve, reject) => {
    execFile(
      command,
      ['--version'],
      {
        env: daemonEnvironment(environment, {}),
        timeout: probeLimit,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024,
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout) => {
        if (signal?.aborted) reject(new AppError('cancelled', 'Cancelled.', { cause: signal.reason }));
        // A program that cannot say its version is no Node.js: that is the answer, not a failure.
        else resolve(error === null ? stdout.trim().replace(/^v/, '') : undefined);
      },
    );
  });
  return { path: command, version: version !== undefined && parseVersion(version) ? version : undefined };
}

/** What an editor or debugger puts into the environment for itself, and a daemon that outlives it must not inherit. */
const foreignVariable = /^(?:ELECTRON_.*|VSCODE_.*|NODE_OPTIONS|NODE_CHANNEL_.*|NODE_UNIQUE_ID|NODE_V8_COVERAGE)$/i;

/**
 * The environment of a daemon: `base` without what belongs to an editor or debugger, and with `additions`.
 * Always passed explicitly: Electron's helpers on macOS refuse to inherit one (microsoft/vscode#181580).
 */
export function daemonEnvironment(
  base: NodeJS.ProcessEnv,
  additions: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !foreignVariable.test(name)) environment[name] = value;
  }
  // The last line of the start-up log is shown to people when a start fails: no warnings of Node.js there.
  return { ...environment, NODE_NO_WARNINGS: '1', ...additions };
}
