import { isIP } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import type { SimilarityStep } from '../protocol/control.ts';
import { similaritySteps } from '../protocol/control.ts';
import { AppError, messageOf } from '../protocol/errors.ts';
import { defaultCopies } from '../protocol/photo.ts';
import { defaultHome, NetworkNameSchema } from '../protocol/state.ts';
import { DisplayNameSchema } from '../protocol/wire.ts';
import type { LogLevel } from './base/logger.ts';
import { logLevels } from './base/logger.ts';

/** What a daemon was asked to do, checked. */
export interface DaemonArguments {
  /** Absolute path as given (not yet resolved: the folder may not exist). */
  folder: string;
  home: string;
  /** Exactly this port; undefined: the first free one from 5000. */
  port: number | undefined;
  /** IP address to listen on. */
  listen: string;
  /** Multiaddrs of peers to join by. */
  join: string[];
  network: string;
  /** Undefined: made from folder and user. */
  name: string | undefined;
  copies: number;
  /** Bytes that this peer gives to the network, null for no limit. */
  quota: number | null;
  /** Seconds that a peer may be away before its copies are made again elsewhere. */
  grace: number;
  dedupe: 'review' | 'automatic';
  /** How readily two photos count as look-alikes. */
  similarity: SimilarityStep;
  exclude: string[];
  /** A person chose to share this folder (again): write the marker even where it went missing. */
  share: boolean;
  /** Leave when the last window or command that was connected has gone. */
  whileConnected: boolean;
  json: boolean;
  logLevel: LogLevel;
}

const whole = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
};

const port = whole(1, 65_535);
const copies = whole(1, 10);
const bytes = whole(0, Number.MAX_SAFE_INTEGER);
const seconds = whole(0, 10 * 365 * 24 * 3600);

/**
 * Reads the arguments of `photo-organizer daemon` (without the word `daemon`).
 * @throws AppError `usage` with a sentence that names the wrong argument
 */
export function parseDaemonArguments(argv: readonly string[], environment: NodeJS.ProcessEnv): DaemonArguments {
  const { values, positionals } = parse(argv);
  const [folder, ...rest] = positionals;
  // Empty is what a script passes whose variable is not set: it must not come to mean the current directory.
  if (folder === undefined || folder === '') {
    throw new AppError('usage', 'Which folder? Say: photo-organizer daemon FOLDER');
  }
  if (values.home === '') throw new AppError('usage', '--home takes a folder, and is empty.');
  if (rest.length > 0) throw new AppError('usage', `One daemon serves one folder, but there is also "${rest[0]}".`);
  const listen = values.listen ?? '127.0.0.1';
  if (isIP(listen) === 0) {
    throw new AppError('usage', `--listen takes an IP address such as 127.0.0.1 or 0.0.0.0, not "${listen}".`);
  }
  for (const address of values.join ?? []) {
    if (!address.startsWith('/')) {
      throw new AppError('usage', `--join takes a multiaddr such as /ip4/127.0.0.1/tcp/5000, not "${address}".`);
    }
  }
  return {
    folder: path.resolve(folder),
    home: values.home === undefined ? defaultHome(environment) : path.resolve(values.home),
    port: number('--port', values.port, port, 'a port from 1 to 65535'),
    listen,
    join: values.join ?? [],
    network: checked(
      '--network',
      values.network ?? 'default',
      NetworkNameSchema,
      'a name of letters, digits, spaces, dots and dashes',
    ),
    name:
      values.name === undefined
        ? undefined
        : checked('--name', values.name.trim(), DisplayNameSchema, 'a name of 1 to 64 characters'),
    copies: number('--copies', values.copies, copies, 'a number from 1 to 10') ?? defaultCopies,
    quota: number('--quota', values.quota, bytes, 'a number of bytes') ?? null,
    grace: number('--grace', values.grace, seconds, 'a number of seconds') ?? 24 * 3600,
    dedupe: choice('--dedupe', values.dedupe ?? 'review', ['review', 'automatic']),
    similarity: choice('--similarity', values.similarity ?? 'normal', similaritySteps),
    exclude: values.exclude ?? [],
    share: values.share ?? false,
    whileConnected: values['while-connected'] ?? false,
    json: values.json ?? false,
    logLevel: choice('--log-level', values['log-level'] ?? 'info', logLevels),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        listen: { type: 'string' },
        join: { type: 'string', multiple: true },
        network: { type: 'string' },
        name: { type: 'string' },
        copies: { type: 'string' },
        quota: { type: 'string' },
        grace: { type: 'string' },
        dedupe: { type: 'string' },
        similarity: { type: 'string' },
        exclude: { type: 'string', multiple: true },
        share: { type: 'boolean' },
        'while-connected': { type: 'boolean' },
        home: { type: 'string' },
        json: { type: 'boolean' },
        'log-level': { type: 'string' },
      },
    });
  } catch (error) {
    // node:util's sentences name the option; the hints after the first full stop are about its own syntax.
    throw new AppError('usage', `${messageOf(error).split(/\.\s/)[0]}. See photo-organizer daemon --help.`, {
      cause: error,
    });
  }
}

function number(
  option: string,
  text: string | undefined,
  read: (text: string) => number | undefined,
  wanted: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = read(text);
  if (value === undefined) throw new AppError('usage', `${option} takes ${wanted}, not "${text}".`);
  return value;
}

function checked<T>(option: string, text: string, schema: v.GenericSchema<string, T>, wanted: string): T {
  const result = v.safeParse(schema, text);
  if (!result.success) throw new AppError('usage', `${option} takes ${wanted}, not "${text}".`);
  return result.output;
}

function choice<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === text);
  if (found === undefined) throw new AppError('usage', `${option} takes ${choices.join(' or ')}, not "${text}".`);
  return found;
}
