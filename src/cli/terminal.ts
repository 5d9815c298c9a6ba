import { once } from 'node:events';
import util from 'node:util';

/** Where a command writes: standard output for its result, standard error for everything else. */
export interface Terminal {
  /** Columns of the terminal; undefined when the result goes to a file or another program. */
  readonly width: number | undefined;
  /** Whether a person watches standard error, so that progress is worth drawing. */
  readonly watched: boolean;
  /** Writes to standard output; resolves when more can be written without piling up. */
  write(text: string): Promise<void>;
  /** Whether anything was written to standard output. */
  readonly used: boolean;
  /** Writes to standard error. */
  writeError(text: string): void;
  /** Marks text, where standard output shows colours and nobody set NO_COLOR. */
  style(format: Style, text: string): string;
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  let used = false;
  return {
    get width() {
      return isTerminal(stdout) ? stdout.columns : undefined;
    },
    get watched() {
      return isTerminal(stderr);
    },
    get used() {
      return used;
    },
    async write(text) {
      used = true;
      if (!stdout.write(text)) await once(stdout, 'drain');
    },
    writeError(text) {
      stderr.write(text);
    },
    style(format, text) {
      // `hasColors` heeds NO_COLOR, FORCE_COLOR and TERM.
      return isTerminal(stdout) && stdout.hasColors() ? util.styleText(format, text) : text;
    },
  };
}

/** @types/node calls it a terminal in any case, but `isTTY` is undefined for files and pipes. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}
