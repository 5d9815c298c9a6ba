import * as vscode from 'vscode';
import { connectToDaemon } from '../client/connection.ts';
import { delay } from '../client/delay.ts';
import { fileExists } from '../client/fileExists.ts';
import { connectOrLaunch } from '../client/launch.ts';
import { crashWindow, maxCrashes, RestartPolicy } from '../client/restartPolicy.ts';
import { findRuntime } from '../client/runtime.ts';
import type { DaemonClient } from '../client/types.ts';
import { AppError, messageOf, toAppError } from '../protocol/errors.ts';
import { markerFileName, privateFolderName } from '../protocol/state.ts';
import { version } from '../protocol/version.ts';
import { Connection } from './connection.ts';
import { daemonArguments } from './daemonArguments.ts';
import { Disposable } from './disposable.ts';
import { diskFolders, isShared, removeMarker, sharedAmong, stateOf } from './folders.ts';
import { readSettings } from './settings.ts';
import type { SessionState } from './state.ts';

export interface SessionOptions {
  /** Absolute path of `dist/daemon.js`. */
  readonly daemonScript: string;
  /** The user's state folder. */
  readonly home: string;
  readonly log: vscode.LogOutputChannel;
}

/** Milliseconds that a daemon gets to leave its network and exit. */
const stopLimit = 15_000;

/** Milliseconds between looks whether a marker that appeared is this user's. */
const markerNoteWaits = [100, 200, 400, 800, 1_600];

/** Milliseconds between two looks whether somebody else started the daemon again. */
const reappearInterval = 2_000;

/**
 * The photo folder of this window and the life of its daemon: which folder, whether it is shared, starting, connecting,
 * starting again after a crash. Everything that a person sees or does goes from its state.
 */
export class Session extends Disposable {
  readonly #options: SessionOptions;
  readonly #stateChanged = this._register(new vscode.EventEmitter<SessionState>());
  readonly #restarts = new RestartPolicy();
  #state: SessionState = { kind: 'noFolder' };
  /** Aborted when what is under way (start, wait, connection) is no longer wanted. */
  #current = new AbortController();
  #starting: Promise<Connection> | undefined;
  #stopping = false;
  #markerWatcher: vscode.Disposable | undefined;

  readonly onDidChangeState = this.#stateChanged.event;

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    this._register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#inBackground(() => this.begin())));
    this._register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#inBackground(() => this.#reconsider())));
    this._register({ dispose: () => this.#leave() });
  }

  /** The user's state folder. */
  get home(): string {
    return this.#options.home;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The connection, while there is one. */
  get connection(): Connection | undefined {
    return this.#state.kind === 'running' ? this.#state.connection : undefined;
  }

  get folder(): vscode.WorkspaceFolder | undefined {
    return this.#state.kind === 'noFolder' ? undefined : this.#state.folder;
  }

  /** The connection, waited for while the daemon starts; undefined when none is under way. */
  async whenSettled(): Promise<Connection | undefined> {
    while (this.#starting !== undefined) {
      try {
        return await this.#starting;
      } catch (error) {
        // Superseded by another start: that one counts. Any other failure is in the state, and said there.
        if (!AppError.is(error, 'cancelled')) return undefined;
      }
      await Promise.resolve();
    }
    return this.connection;
  }

  /** Looks at the folders of the window and starts the daemon when the one that counts is shared. */
  async begin(): Promise<void> {
    const folders = diskFolders();
    const folder = (await sharedAmong(this.home, folders))[0] ?? folders[0];
    await this.use(folder);
  }

  /** Makes `folder` the one that counts in this window. */
  async use(folder: vscode.WorkspaceFolder | undefined): Promise<void> {
    this.#leave();
    this.#restarts.reset();
    if (folder === undefined) return this.#enter({ kind: 'noFolder' });
    if (!vscode.workspace.isTrusted) return this.#enter({ kind: 'untrusted', folder });
    const { signal } = this.#current;
    const shared = await isShared(this.home, folder);
    if (signal.aborted) return;
    this.#watchMarker(folder);
    if (!shared) return this.#enter({ kind: 'notShared', folder });
    await this.#startOrFail(folder, false);
  }

  /**
   * Starts the daemon of the folder, or connects to the one that runs.
   * @param share whether a person has just chosen to share the folder
   * @throws AppError that says why it could not be done
   */
  async start(share = false): Promise<Connection> {
    const { folder } = this;
    if (folder === undefined || !vscode.workspace.isTrusted) {
      throw new AppError('usage', vscode.l10n.t('Open a folder with photos, and trust it, first.'));
    }
    const running = this.connection ?? this.#starting;
    if (running !== undefined) return running;
    this.#restarts.reset();
    this.#leave();
    this.#watchMarker(folder);
    return this.#start(folder, share);
  }

  /**
   * Asks the daemon to leave and waits until it is gone.
   * @throws AppError when it cannot be reached or does not go
   */
  async stop(): Promise<void> {
    const { folder, connection } = this;
    if (folder === undefined) return;
    if (connection === undefined) {
      this.#leave();
      if (this.#state.kind === 'starting' || this.#state.kind === 'failed') this.#rest(folder);
      return;
    }
    this.#stopping = true;
    try {
      await leave(connection);
    } finally {
      this.#stopping = false;
    }
    this.#leave();
    this.#rest(folder);
  }

  /** @throws AppError as {@link stop} and {@link start} */
  async restart(): Promise<Connection> {
    await this.stop();
    return this.start();
  }

  /**
   * Stops the daemon and forgets that the folder was shared.
   * @throws AppError as {@link stop}
   */
  async stopSharing(): Promise<void> {
    const { folder } = this;
    if (folder === undefined) return;
    await this.stop();
    this.#leave();
    await removeMarker(this.home, folder);
    this.#watchMarker(folder);
    this.#enter({ kind: 'notShared', folder });
  }

  async #reconsider(): Promise<void> {
    const { folder } = this;
    const still = folder !== undefined && diskFolders().some(({ uri }) => uri.toString() === folder.uri.toString());
    if (still && this.#state.kind !== 'notShared') this.#stateChanged.fire(this.#state);
    else await this.begin();
  }

  async #startOrFail(folder: vscode.WorkspaceFolder, share: boolean): Promise<void> {
    try {
      await this.#start(folder, share);
    } catch (error) {
      // The state says it; a notification is only for what a person asked for.
      if (!AppError.is(error, 'cancelled')) this.#options.log.error(messageOf(error));
    }
  }

  #start(folder: vscode.WorkspaceFolder, share: boolean): Promise<Connection> {
    const { signal } = this.#current;
    this.#enter({ kind: 'starting', folder });
    const starting = this.#connect(folder, share, signal)
      .catch((error: unknown) => {
        const failure = signal.aborted ? new AppError('cancelled', 'Cancelled.', { cause: error }) : toAppError(error);
        if (!signal.aborted) this.#enter({ kind: 'failed', folder, error: failure });
        throw failure;
      })
      .finally(() => {
        if (this.#starting === starting) this.#starting = undefined;
      });
    this.#starting = starting;
    return starting;
  }

  async #connect(folder: vscode.WorkspaceFolder, share: boolean, signal: AbortSignal): Promise<Connection> {
    const { home, daemonScript, log } = this.#options;
    const settings = readSettings(folder.uri);
    const client = await connectOrLaunch({
      state: await stateOf(home, folder),
      daemonScript,
      args: daemonArguments(settings, share),
      version,
      signal,
      runtime: async () => {
        const runtime = await findRuntime({ nodePath: settings.nodePath, signal });
        log.info(`The daemon of ${folder.uri.fsPath} runs on ${runtime.command} (${runtime.kind} ${runtime.version}).`);
        return runtime;
      },
    });
    return this.#adopt(folder, client, signal);
  }

  async #adopt(folder: vscode.WorkspaceFolder, client: DaemonClient, signal: AbortSignal): Promise<Connection> {
    const { log } = this.#options;
    const connection = await Connection.open(client, log, signal);
    if (signal.aborted) {
      connection.dispose();
      throw new AppError('cancelled', 'Cancelled.');
    }
    connection.onDidClose(() => this.#inBackground(() => this.#onClosed(folder, connection)));
    log.info(
      `Connected to the daemon of ${folder.uri.fsPath} (process ${client.hello.pid}, log ${client.hello.logFile}).`,
    );
    this.#enter({ kind: 'running', folder, connection });
    return connection;
  }

  async #onClosed(folder: vscode.WorkspaceFolder, connection: Connection): Promise<void> {
    if (this.#stopping || this.connection !== connection) return;
    const { home, log } = this.#options;
    this.#leave();
    const { signal } = this.#current;
    const state = await stateOf(home, folder);
    // A daemon that leaves cleanly takes its file away; after a crash the file is still there.
    const crashed = await fileExists(state.daemonFile);
    if (signal.aborted) return;
    if (!crashed) {
      log.info('The daemon was stopped by somebody else.');
      return this.#rest(folder);
    }
    const decision = this.#restarts.crashed(performance.now());
    if (!decision.restart) {
      const error = new AppError(
        'daemon-unreachable',
        vscode.l10n.t(
          'The photo daemon crashed {0} times within {1} minutes and is not started again: its log says why.',
          maxCrashes,
          crashWindow / 60_000,
        ),
      );
      log.error(error.message);
      return this.#enter({ kind: 'failed', folder, error });
    }
    log.warn(`The daemon ended unexpectedly; it is started again in ${decision.delay} ms.`);
    this.#enter({ kind: 'starting', folder });
    await delay(decision.delay, signal);
    await this.#startOrFail(folder, false);
  }

  /** Stopped: until somebody starts the daemon, here, in another window or by the command. */
  #rest(folder: vscode.WorkspaceFolder): void {
    this.#enter({ kind: 'stopped', folder });
    const { signal } = this.#current;
    this.#inBackground(() => this.#waitForDaemon(folder, signal));
  }

  async #waitForDaemon(folder: vscode.WorkspaceFolder, signal: AbortSignal): Promise<void> {
    const state = await stateOf(this.#options.home, folder);
    for (;;) {
      await delay(reappearInterval, signal);
      if (!(await fileExists(state.daemonFile))) continue;
      try {
        await this.#adopt(folder, await connectToDaemon(state, { version, signal }), signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        // The file of a dead daemon, or one that is just leaving: look again.
        this.#options.log.debug(`No connection yet: ${messageOf(error)}`);
      }
    }
  }

  /** A marker that this user writes in another window, or by the command, counts here too. */
  #watchMarker(folder: vscode.WorkspaceFolder): void {
    const pattern = new vscode.RelativePattern(folder, `${privateFolderName}/${markerFileName}`);
    const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, true, true);
    const listening = watcher.onDidCreate(() => this.#inBackground(() => this.#markerAppeared(folder)));
    this.#markerWatcher?.dispose();
    this.#markerWatcher = vscode.Disposable.from(watcher, listening);
  }

  /** The daemon that writes a marker notes a moment later that it was this user's. */
  async #markerAppeared(folder: vscode.WorkspaceFolder): Promise<void> {
    const { signal } = this.#current;
    for (const wait of markerNoteWaits) {
      if (this.#state.kind !== 'notShared') return;
      if (await isShared(this.home, folder)) return this.use(folder);
      await delay(wait, signal);
    }
  }

  /** Ends what is under way, without touching the daemon. */
  #leave(): void {
    this.#current.abort();
    this.#current = new AbortController();
    this.#starting = undefined;
    this.connection?.dispose();
    this.#markerWatcher?.dispose();
    this.#markerWatcher = undefined;
  }

  #enter(state: SessionState): void {
    if (this._isDisposed) return;
    this.#state = state;
    this.#stateChanged.fire(state);
  }

  #inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!AppError.is(error, 'cancelled')) this.#options.log.error(messageOf(error));
    });
  }
}

/** Asks the daemon to go and waits until it has ended the connection, which it does last. */
async function leave({ client, signal: ended }: Connection): Promise<void> {
  const limit = AbortSignal.timeout(stopLimit);
  try {
    await client.stop({ signal: limit });
    await delay(stopLimit, AbortSignal.any([limit, ended]));
  } catch (error) {
    if (ended.aborted) return;
    if (!limit.aborted) throw error;
    throw new AppError('timeout', vscode.l10n.t('The photo daemon does not end: its log says what it is doing.'), {
      cause: error,
    });
  }
}
