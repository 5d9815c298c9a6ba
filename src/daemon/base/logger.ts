import fs from 'node:fs';
import path from 'node:path';

export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where a daemon says what it does. Keys, tokens and photo bytes never go in here. */
export interface Logger {
  error(message: string, detail?: unknown): void;
  warn(message: string, detail?: unknown): void;
  info(message: string, detail?: unknown): void;
  debug(message: string, detail?: unknown): void;
  trace(message: string, detail?: unknown): void;
  /** The same log, each line marked with the room it comes from. */
  child(room: string): Logger;
}

/** Bytes after which the file is moved to `<file>.1` (and that to `<file>.2`). */
const rotateAtBytes = 4 * 1024 * 1024;
const keptFiles = 2;

/** Log of a daemon: lines `ISO time level [room] message`, in a file that rotates. */
export class FileLogger implements Logger, Disposable {
  readonly #file: string;
  readonly #level: number;
  #descriptor: number | undefined;
  #bytes = 0;

  /** @throws when the file cannot be opened */
  constructor(file: string, level: LogLevel) {
    this.#file = file;
    this.#level = logLevels.indexOf(level);
    this.#open();
  }

  #open(): void {
    fs.mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    this.#descriptor = fs.openSync(this.#file, 'a', 0o600);
    this.#bytes = fs.fstatSync(this.#descriptor).size;
  }

  #rotate(): void {
    this[Symbol.dispose]();
    for (let n = keptFiles; n > 0; n--) {
      const from = n === 1 ? this.#file : `${this.#file}.${n - 1}`;
      if (fs.existsSync(from)) fs.renameSync(from, `${this.#file}.${n}`);
    }
    this.#open();
  }

  write(level: LogLevel, room: string, message: string, detail: unknown): void {
    if (logLevels.indexOf(level) > this.#level || this.#descriptor === undefined) return;
    const line = `${new Date().toISOString()} ${level} [${room}] ${oneLine(message)}${detail === undefined ? '' : ` ${describe(detail)}`}\n`;
    try {
      this.#bytes += fs.writeSync(this.#descriptor, line);
      if (this.#bytes > rotateAtBytes) this.#rotate();
    } catch {
      // A full disk must not stop a daemon because it cannot say so: the same failure reaches people through its health.
    }
  }

  child(room: string): Logger {
    return new RoomLogger(this, room);
  }

  error(message: string, detail?: unknown): void {
    this.write('error', 'daemon', message, detail);
  }
  warn(message: string, detail?: unknown): void {
    this.write('warn', 'daemon', message, detail);
  }
  info(message: string, detail?: unknown): void {
    this.write('info', 'daemon', message, detail);
  }
  debug(message: string, detail?: unknown): void {
    this.write('debug', 'daemon', message, detail);
  }
  trace(message: string, detail?: unknown): void {
    this.write('trace', 'daemon', message, detail);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

class RoomLogger implements Logger {
  readonly #target: FileLogger;
  readonly #room: string;

  constructor(target: FileLogger, room: string) {
    this.#target = target;
    this.#room = room;
  }
  error(message: string, detail?: unknown): void {
    this.#target.write('error', this.#room, message, detail);
  }
  warn(message: string, detail?: unknown): void {
    this.#target.write('warn', this.#room, message, detail);
  }
  info(message: string, detail?: unknown): void {
    this.#target.write('info', this.#room, message, detail);
  }
  debug(message: string, detail?: unknown): void {
    this.#target.write('debug', this.#room, message, detail);
  }
  trace(message: string, detail?: unknown): void {
    this.#target.write('trace', this.#room, message, detail);
  }
  child(room: string): Logger {
    return new RoomLogger(this.#target, `${this.#room}/${room}`);
  }
}

/** A log that keeps nothing: for tests and benchmarks of one part. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  trace() {},
  child: () => silentLogger,
};

function describe(detail: unknown): string {
  if (detail instanceof Error) return oneLine(detail.stack ?? detail.message);
  return oneLine(typeof detail === 'string' ? detail : (JSON.stringify(detail) ?? String(detail)));
}

/** What a peer or a file name says must not forge lines or move the cursor of a terminal that shows the log. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, (found) => (found === '\n' ? ' | ' : ' '));
}
