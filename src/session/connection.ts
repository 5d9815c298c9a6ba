import * as vscode from 'vscode';
import type { DaemonClient } from '../client/types.ts';
import type { ChangedTopic, DaemonStatus, PeerSummary } from '../protocol/control.ts';
import { AppError, messageOf } from '../protocol/errors.ts';
import { Disposable } from './disposable.ts';

/**
 * The second lifetime beside that of the extension: one connection to the daemon, and what every view wants to know of it.
 * Status and peers are kept up to date here, so that views read them without waiting.
 */
export class Connection extends Disposable {
  readonly client: DaemonClient;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = this._register(new vscode.EventEmitter<ReadonlySet<ChangedTopic>>());
  readonly #closed = this._register(new vscode.EventEmitter<void>());
  readonly #ended = new AbortController();
  readonly #stale = new Set<ChangedTopic>();
  #refreshing = false;
  #status: DaemonStatus;
  #peers: readonly PeerSummary[];

  /** Something changed; for `status` and `peers` the new values are here already. */
  readonly onDidChange = this.#changed.event;
  /** The daemon ended the connection. Not fired by dispose. */
  readonly onDidClose = this.#closed.event;

  private constructor(
    client: DaemonClient,
    status: DaemonStatus,
    peers: readonly PeerSummary[],
    log: vscode.LogOutputChannel,
  ) {
    super();
    this.client = client;
    this.#status = status;
    this.#peers = peers;
    this.#log = log;
    this._register({ dispose: client.onChanged((topics) => this.#onChanged(topics)) });
    this._register({ dispose: client.onClosed(() => this.#onClosed()) });
  }

  /**
   * Becomes the owner of `client`, also when this fails.
   * @throws AppError when the daemon does not answer
   */
  static async open(client: DaemonClient, log: vscode.LogOutputChannel, signal: AbortSignal): Promise<Connection> {
    try {
      const [status, peers] = await Promise.all([client.status({ signal }), client.peers({ signal })]);
      return new Connection(client, status, peers, log);
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  get status(): DaemonStatus {
    return this.#status;
  }

  get peers(): readonly PeerSummary[] {
    return this.#peers;
  }

  /** Aborted when the connection ends: pass it to calls whose answer nobody could use then. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  override dispose(): void {
    if (this._isDisposed) return;
    this.#ended.abort();
    super.dispose();
    this.client[Symbol.dispose]();
  }

  #onClosed(): void {
    this.#ended.abort();
    this.#closed.fire();
  }

  #onChanged(topics: readonly ChangedTopic[]): void {
    for (const topic of topics) this.#stale.add(topic);
    if (this.#refreshing) return;
    this.#refreshing = true;
    this.#refresh().then(
      () => (this.#refreshing = false),
      (error: unknown) => {
        this.#refreshing = false;
        if (!AppError.is(error, 'cancelled'))
          this.#log.warn(`The daemon did not say what changed: ${messageOf(error)}`);
      },
    );
  }

  /** One round at a time: what changes meanwhile is asked for in the next one. */
  async #refresh(): Promise<void> {
    while (this.#stale.size > 0 && !this.signal.aborted) {
      const topics = new Set(this.#stale);
      this.#stale.clear();
      const options = { signal: this.signal };
      // Numbers of the status, and of each peer, follow the collection.
      if (topics.has('peers') || topics.has('collection')) this.#peers = await this.client.peers(options);
      this.#status = await this.client.status(options);
      topics.add('status');
      this.#changed.fire(topics);
    }
  }
}
