import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { readManifest } from '../build/bundles.ts';
import { quietSettings } from './settings.ts';

/** How long the server may take to listen, in ms. */
const startPatience = 60_000;
/** How long the extension host may take to deactivate its extensions after the window is closed, in ms. */
const leavePatience = 8_000;
/** How much of the server's output is kept for error messages, in characters. */
const keptOutput = 200_000;

export interface ServerOptions {
  /** Where the server keeps settings, logs and extensions; by default a temporary folder that ends with it. */
  readonly dataDirectory?: string;
  /** Folder with installed extensions; by default `extensions` in the data folder. */
  readonly extensionsDirectory?: string;
  /** Unpacked extensions that shall be there as if they were installed. Only seen by the first start on a data folder. */
  readonly installed?: readonly string[];
  /** VS Code's own extensions that are wanted; themes and the image preview by default. */
  readonly builtins?: readonly string[];
  /** Settings on top of the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment variables on top of this process's own; undefined takes one away. They reach the extensions. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Whether every folder is trusted without a question; true by default. */
  readonly trusting?: boolean;
  /** Lets a window load an extension under test from where it lies; hides notifications and refuses modal dialogs. */
  readonly testDriver?: boolean;
}

/** A running VS Code server, listening on the loopback interface for whoever knows its token. */
export interface CodeServer extends AsyncDisposable {
  readonly port: number;
  readonly dataDirectory: string;
  /** Address of a window on `folder` (absolute path). */
  windowAddress(folder?: string, payload?: readonly (readonly [string, string])[]): string;
  /** A path of this machine as the windows of the server call it. */
  remoteUri(file: string): string;
  /** What the server printed last. */
  output(): string;
  /** How an extension host ended (`code, signal`), once one has. */
  extensionHostEnd(): string | undefined;
  /** Rejects when the server process ends by itself; never resolves. */
  readonly failed: Promise<never>;
  /** Ends the server; extensions of windows that are closed already get their time to deactivate. */
  close(): Promise<void>;
}

/** VS Code's own extensions that a window needs for looking at photos. */
const defaultBuiltins = ['theme-defaults', 'theme-seti', 'media-preview'];

/**
 * Starts the VS Code server that comes with the npm package `code-server`.
 * @throws Error with the server's output when it does not start
 */
export async function startServer(options: ServerOptions = {}): Promise<CodeServer> {
  const main = serverMain();
  const dataDirectory = options.dataDirectory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-code-'));
  const extensions = options.extensionsDirectory ?? path.join(dataDirectory, 'extensions');
  const builtins = path.join(dataDirectory, 'builtin');
  const token = randomBytes(16).toString('hex');
  writeSettings(dataDirectory, { ...quietSettings, ...options.settings });
  linkBuiltins(builtins, path.resolve(main, '../../extensions'), options.builtins ?? defaultBuiltins);
  for (const folder of options.installed ?? []) linkExtension(extensions, folder);

  const child = spawn(
    process.execPath,
    [
      main,
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--connection-token',
      token,
      '--accept-server-license-terms',
      '--telemetry-level',
      'off',
      '--server-data-dir',
      dataDirectory,
      '--extensions-dir',
      extensions,
      '--builtin-extensions-dir',
      builtins,
      // Otherwise the extension host lingers after its window is gone.
      '--reconnection-grace-time',
      '0',
      ...(options.trusting === false ? [] : ['--disable-workspace-trust']),
      ...(options.testDriver ? ['--enable-smoke-test-driver'] : []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // No sockets of earlier runs, no look-ups in an extension gallery.
        XDG_RUNTIME_DIR: dataDirectory,
        EXTENSIONS_GALLERY: '{"serviceUrl":""}',
        ...options.environment,
      },
    },
  );

  let output = '';
  const hosts = new ExtensionHosts();
  let closing = false;
  const listening = Promise.withResolvers<number>();
  const failure = Promise.withResolvers<never>();
  // Whoever waits for it is told; that nobody waits is no error.
  failure.promise.catch(() => undefined);
  const read = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutput);
    const port = /Extension host agent listening on (\d+)/.exec(output)?.[1];
    if (port !== undefined) listening.resolve(Number(port));
    hosts.read(output);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = once(child, 'exit').then(([code, signal]) => {
    const error = new Error(`The VS Code server ended (${String(signal ?? code)}).\n${output}`);
    listening.reject(error);
    if (!closing) failure.reject(error);
  }, listening.reject);

  const end = async () => {
    closing = true;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    }
    if (options.dataDirectory === undefined) {
      await fs.promises.rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
    }
  };

  const timer = setTimeout(() => {
    listening.reject(new Error(`The VS Code server did not listen within ${startPatience / 1000} s.\n${output}`));
  }, startPatience);
  let port: number;
  try {
    port = await listening.promise;
  } catch (error) {
    await end();
    throw error;
  } finally {
    clearTimeout(timer);
  }

  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      // Extension hosts deactivate their extensions after their window is gone: not to be cut short.
      await Promise.race([hosts.allEnded(), exited, delay(leavePatience, undefined, { ref: false })]);
      await end();
    })();
    return closed;
  };
  const remoteUri = (file: string) => `vscode-remote://127.0.0.1:${port}${pathToFileURL(file).pathname}`;
  return {
    port,
    dataDirectory,
    windowAddress(folder, payload = []) {
      const address = new URL(`http://127.0.0.1:${port}/`);
      address.searchParams.set('tkn', token);
      if (folder === undefined) address.searchParams.set('ew', 'true');
      else address.searchParams.set('folder', decodeURIComponent(pathToFileURL(folder).pathname));
      if (payload.length > 0) address.searchParams.set('payload', JSON.stringify(payload));
      return address.href;
    },
    remoteUri,
    output: () => output,
    extensionHostEnd: () => hosts.lastEnd,
    failed: failure.promise,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Follows the extension hosts of a server by what it prints about them. */
class ExtensionHosts {
  /** How the last one that ended did so. */
  lastEnd: string | undefined;
  private living = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param output all that the server printed, whole lines or not */
  read(output: string): void {
    const ends = [...output.matchAll(/Extension Host Process exited with (code: \w+, signal: \w+)/g)];
    this.living = [...output.matchAll(/Launched Extension Host Process/g)].length - ends.length;
    this.lastEnd = ends.at(-1)?.[1] ?? this.lastEnd;
    if (this.living <= 0) for (const resolve of this.waiting.splice(0)) resolve();
  }

  async allEnded(): Promise<void> {
    if (this.living > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/** The server's script in the npm package. */
export function serverMain(): string {
  const manifest = createRequire(import.meta.url).resolve('code-server/package.json');
  return path.join(path.dirname(manifest), 'lib', 'vscode', 'out', 'server-main.js');
}

function writeSettings(dataDirectory: string, settings: Readonly<Record<string, unknown>>): void {
  for (const scope of ['User', 'Machine']) {
    const folder = path.join(dataDirectory, 'data', scope);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings, undefined, 2));
  }
}

function linkBuiltins(directory: string, source: string, names: readonly string[]): void {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  for (const name of names) fs.symlinkSync(path.join(source, name), path.join(directory, name), 'junction');
}

function linkExtension(directory: string, folder: string): void {
  const { publisher, name, version } = readManifest(folder);
  fs.mkdirSync(directory, { recursive: true });
  fs.symlinkSync(folder, path.join(directory, `${publisher}.${name}-${version}`), 'junction');
}
