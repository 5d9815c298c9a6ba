import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { connectToDaemon } from '../../../src/client/connection.ts';
import type { DaemonClient } from '../../../src/client/types.ts';
import { folderState } from '../../../src/protocol/state.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = path.join(root, 'bin', 'photo-organizer');

/** Real photos with clear licences that lie beside the project on some machines; undefined where they do not. */
export const realPhotos = [path.join(root, '..', 'shared', 'photos')].find((folder) => fs.existsSync(folder));

/** How one run of the command ended. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Ready {
  peerId: string;
  port: number;
  addresses: string[];
  control: string;
  pid: number;
}

/** One running `photo-organizer daemon` and the command to talk to it. */
export interface RunningDaemon {
  readonly folder: string;
  readonly child: ChildProcess;
  readonly ready: Ready;
  /** Everything it printed on stderr. */
  stderr(): string;
  run(...args: string[]): Promise<Ran>;
  /** Connected to it; closed when the test ends. */
  readonly client: DaemonClient;
  /** Ends the process and resolves with its exit code (null when a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Friends on one machine: a state folder that all share and their photo folders, gone when the test ends. */
export class Friends {
  readonly base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'friends-')));
  readonly home = path.join(this.base, 'home');
  readonly #children = new Set<ChildProcess>();
  readonly #clients: DaemonClient[] = [];

  constructor() {
    onTestFinished(() => this.end());
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    fs.rmSync(this.base, { recursive: true, force: true });
  }

  /** A new empty photo folder. */
  folder(name: string): string {
    const folder = path.join(this.base, name);
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Runs the command to its end. */
  async run(args: readonly string[], options: { cwd?: string } = {}): Promise<Ran> {
    const child = spawn(command, ['--home', this.home, ...args], {
      cwd: options.cwd ?? this.base,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** Starts a daemon and waits until it is ready. */
  async serve(folder: string, ...args: string[]): Promise<RunningDaemon> {
    // While the client below is connected: a test run that is killed leaves no daemon behind.
    const child = spawn(command, ['--home', this.home, '--json', 'daemon', folder, '--while-connected', ...args], {
      cwd: this.base,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ready = await new Promise<Ready>((resolve, reject) => {
      let stdout = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (!stdout.includes('\n')) return;
        const said = JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as Ready & { event?: string };
        // A failure is one JSON value too: what it was stands in stderr.
        if (said.event === 'ready') resolve(said);
      });
      child.once('close', (code) => reject(new Error(`the daemon ended with ${code}: ${stderr}`)));
    });
    const run = (...command: string[]): Promise<Ran> => this.run(['--folder', folder, ...command]);
    const client = await connectToDaemon(folderState(homeIn(args) ?? this.home, folder));
    this.#clients.push(client);
    return {
      folder,
      child,
      ready,
      stderr: () => stderr,
      run,
      client,
      async end(signal) {
        const ended = once(child, 'exit');
        child.kill(signal);
        const [code] = (await ended) as [number | null];
        return code;
      },
    };
  }
}

function homeIn(args: readonly string[]): string | undefined {
  const at = args.indexOf('--home');
  return at < 0 ? undefined : args[at + 1];
}

/** Lowercase hex SHA-256 of a file. */
export function sha256(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** Names of the files that a half-done write could have left anywhere below `folder` (nothing of the product's own folder). */
export function strayFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.photo-organizer') && /\.(part|tmp)$|^\./.test(path.basename(name)));
}
