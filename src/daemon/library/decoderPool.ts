import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { AppError } from '../../protocol/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Decoded, DecodeJob } from './decoderMessages.ts';
import { DecoderMessageSchema, sharpVariable } from './decoderMessages.ts';

export interface DecoderPoolOptions {
  /** Milliseconds that one file may take, by the wall clock. */
  wallLimit?: number;
  /** Processes at most. */
  size?: number;
}

/** A file that no decoder could answer for: it took too long, or crashed the decoder twice. */
export interface DecodeFailed {
  kind: 'failed';
  reason: string;
}

const defaultWallLimit = 30_000;
/** Bytes that are read in a millisecond at least. */
const slowestDisk = 5_000;
/** Milliseconds from starting a process to its `ready`. */
const startLimit = 60_000;
/** Milliseconds after which a process without work is ended: sharp holds some 60 MB. */
const idleLimit = 20_000;
const maxProcesses = 4;
/** Bytes of what a decoder said last that go to the log when it crashes. */
const keptComplaint = 2_000;

/** All that a decoder may know of our environment. */
const passedVariables = [
  'ELECTRON_RUN_AS_NODE',
  'LD_LIBRARY_PATH',
  'SystemRoot',
  'windir',
  'TMPDIR',
  'TEMP',
  'TMP',
  sharpVariable,
];

/** One process for each processor but one, which is left to the person at the machine. */
function defaultSize(): number {
  return Math.min(maxProcesses, Math.max(1, os.availableParallelism() - 1));
}

/** Processes that decode files, started when there is work and ended when there is none for a while. */
export class DecoderPool implements Disposable {
  /** Processes at most: as many `decode` calls make progress at once. */
  readonly size: number;
  readonly #wallLimit: number;
  readonly #logger: Logger;
  readonly #idle: Decoder[] = [];
  readonly #busy = new Set<Decoder>();
  readonly #waiting: (() => void)[] = [];
  #disposed = false;
  #jobs = 0;
  #cpuOfEnded = 0;

  constructor(logger: Logger, options: DecoderPoolOptions = {}) {
    this.#logger = logger;
    this.size = options.size ?? defaultSize();
    this.#wallLimit = options.wallLimit ?? defaultWallLimit;
  }

  /** Files that were asked for since the start. */
  get jobs(): number {
    return this.#jobs;
  }

  /** CPU time of all processes up to their last answer, in microseconds. */
  get cpu(): number {
    return [...this.#idle, ...this.#busy].reduce((sum, decoder) => sum + decoder.cpu, this.#cpuOfEnded);
  }

  /** Ids of the running processes. */
  get pids(): number[] {
    return [...this.#idle, ...this.#busy].flatMap((decoder) => decoder.pid ?? []);
  }

  /**
   * Reads and decodes one file. Waits while all processes are busy.
   * @param path absolute path of a file
   * @param size bytes; what slow disks need to read them is added to the limit
   * @throws AppError `unsupported-runtime` when no decoder can be started, `cancelled` when the pool is disposed
   */
  async decode(path: string, size = 0): Promise<Decoded | DecodeFailed> {
    this.#jobs++;
    for (let crashes = 0, unstarted = 0; ;) {
      const answer = await this.#decodeOnce(path, this.#wallLimit + size / slowestDisk);
      // Both may be the machine's doing (out of memory) as well as the file's or the installation's: there is another chance.
      if (answer === 'crashed') {
        if (++crashes === 2) return { kind: 'failed', reason: 'It crashed the decoder.' };
      } else if (typeof answer === 'object' && answer.kind === 'unstarted') {
        if (++unstarted === 2) {
          throw new AppError('unsupported-runtime', `The picture decoder cannot be started: ${answer.why}`);
        }
      } else {
        return answer;
      }
    }
  }

  async #decodeOnce(path: string, limit: number): Promise<Decoded | DecodeFailed | Unstarted | 'crashed'> {
    const decoder = await this.#take();
    try {
      const decoded = await decoder.decode(path, limit);
      if (decoded === 'late') {
        this.#logger.warn(`the decoder was ended after ${limit} ms with one file`);
        return { kind: 'failed', reason: `It took longer than ${Math.round(limit / 1000)} seconds to decode.` };
      }
      if (decoded === 'crashed' && !this.#disposed) this.#logger.warn('a decoder crashed', decoder.complaint);
      this.#refuseWhenDisposed();
      return decoded;
    } finally {
      this.#giveBack(decoder);
    }
  }

  async #take(): Promise<Decoder> {
    while (this.#idle.length === 0 && this.#busy.size >= this.size) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#refuseWhenDisposed();
    const decoder = this.#idle.pop() ?? new Decoder((gone) => this.#forget(gone));
    this.#busy.add(decoder);
    return decoder;
  }

  #giveBack(decoder: Decoder): void {
    if (this.#busy.delete(decoder)) {
      if (decoder.running && !this.#disposed) {
        this.#idle.push(decoder);
        decoder.restUntilEnded(idleLimit);
      } else {
        this.#cpuOfEnded += decoder.cpu;
        decoder[Symbol.dispose]();
      }
    }
    this.#waiting.shift()?.();
  }

  #forget(decoder: Decoder): void {
    const at = this.#idle.indexOf(decoder);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.#cpuOfEnded += decoder.cpu;
  }

  #refuseWhenDisposed(): void {
    if (this.#disposed) throw new AppError('cancelled', 'The photo library is being closed.');
  }

  /** Ends all processes; what is under way fails as cancelled. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const decoder of [...this.#idle, ...this.#busy]) decoder[Symbol.dispose]();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** The process ended before it was ready, without a reason of its own. */
interface Unstarted {
  kind: 'unstarted';
  why: string;
}

type Answer = Decoded | Unstarted | 'late' | 'crashed';

/** One decoder process. */
class Decoder implements Disposable {
  readonly #child: ChildProcess;
  readonly #ready: Promise<Unstarted | undefined>;
  readonly #ended: (decoder: Decoder) => void;
  #running = true;
  #complaint = '';
  #cpu = 0;
  #job = 0;
  #answer: ((answer: Answer) => void) | undefined;
  #started: ((failure?: AppError | Unstarted) => void) | undefined;
  #rest: NodeJS.Timeout | undefined;

  /** @param ended called once when the process is no more */
  constructor(ended: (decoder: Decoder) => void) {
    this.#ended = ended;
    this.#ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new AppError('timeout', 'The decoder did not start.')), startLimit);
      this.#started = (failure) => {
        clearTimeout(timer);
        this.#started = undefined;
        if (failure instanceof AppError) reject(failure);
        else resolve(failure);
      };
    });
    this.#child = fork(entry(), [], {
      serialization: 'advanced',
      env: decoderEnvironment(),
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-keptComplaint);
    });
    this.#child.on('message', (message) => this.#hear(message));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('exit', () => this.#end());
  }

  get running(): boolean {
    return this.#running;
  }
  get pid(): number | undefined {
    return this.#running ? this.#child.pid : undefined;
  }
  /** Microseconds. */
  get cpu(): number {
    return this.#cpu;
  }
  /** The end of what it wrote to stderr. */
  get complaint(): string {
    return this.#complaint;
  }

  /** @throws AppError when the process cannot be started */
  async decode(path: string, wallLimit: number): Promise<Answer> {
    clearTimeout(this.#rest);
    const unstarted = await this.#ready;
    if (unstarted !== undefined) return unstarted;
    if (!this.#running) return 'crashed';
    const job: DecodeJob = { job: ++this.#job, path };
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Answer>((resolve) => {
        this.#answer = resolve;
        timer = setTimeout(() => {
          resolve('late');
          this[Symbol.dispose]();
        }, wallLimit);
        // A process that dies meanwhile is noticed by its exit.
        this.#child.send(job, () => {});
      });
    } finally {
      clearTimeout(timer);
      this.#answer = undefined;
    }
  }

  /** Ends the process if no job comes within `milliseconds`. */
  restUntilEnded(milliseconds: number): void {
    this.#rest = setTimeout(() => this[Symbol.dispose](), milliseconds);
    this.#rest.unref();
  }

  #hear(message: unknown): void {
    const heard = v.safeParse(DecoderMessageSchema, message);
    if (!heard.success) return this[Symbol.dispose]();
    switch (heard.output.type) {
      case 'ready':
        return this.#started?.();
      case 'unable':
        return this.#fail(new AppError('unsupported-runtime', heard.output.reason));
      case 'done':
        this.#cpu = heard.output.cpu;
        if (heard.output.job === this.#job) this.#answer?.(heard.output.decoded);
    }
  }

  #fail(failure: AppError): void {
    this.#started?.(failure);
    this[Symbol.dispose]();
  }

  #end(error?: Error): void {
    if (!this.#running) return;
    this.#running = false;
    clearTimeout(this.#rest);
    const why = error?.message ?? (this.#complaint.trim().split('\n').at(-1) || 'it ended at once');
    this.#started?.({ kind: 'unstarted', why });
    this.#answer?.('crashed');
    this.#ended(this);
  }

  [Symbol.dispose](): void {
    // Also a process that hangs in native code or was stopped goes by this one.
    this.#child.kill('SIGKILL');
    this.#end();
  }
}

/** The decoder lies beside this module: as source in a checkout, as a bundle beside the daemon's. */
function entry(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './decoder.ts' : './decoder.js', import.meta.url));
}

function decoderEnvironment(): NodeJS.ProcessEnv {
  const passed = Object.fromEntries(
    passedVariables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const electron = process.versions['electron'] !== undefined;
  if (!electron) return passed;
  const wasm = process.platform === 'linux' ? { [sharpVariable]: 'wasm' } : {};
  return { ...wasm, ...passed, ELECTRON_RUN_AS_NODE: '1' };
}
