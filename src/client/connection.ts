import { randomUUID } from 'node:crypto';
import net from 'node:net';
import type { MessageConnection, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import {
  CancellationTokenSource,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type {
  ChangedTopic,
  CompareProgress,
  DaemonStatus,
  Decision,
  DecisionRecord,
  DedupeParams,
  DedupeResult,
  DuplicatesParams,
  DuplicatesResult,
  FetchParams,
  FetchResult,
  GroupsParams,
  HelloResult,
  ListParams,
  ListResult,
  MonthCount,
  OpenResult,
  PeerSummary,
  PhotoDetails,
  Thumbnail,
  UnreadableFile,
} from '../protocol/control.ts';
import {
  changedNotification,
  compareProgress,
  compareRequest,
  controlProtocolVersion,
  decideRequest,
  decisionsRequest,
  dedupeRequest,
  duplicatesRequest,
  fetchProgress,
  fetchRequest,
  helloRequest,
  listRequest,
  monthsRequest,
  openRequest,
  peersRequest,
  rescanRequest,
  showRequest,
  statusRequest,
  stopRequest,
  thumbnailsRequest,
  unreadableRequest,
} from '../protocol/control.ts';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { version as productVersion } from '../protocol/version.ts';
import { errorFromAnswer } from './answerError.ts';
import { readDaemonFile } from './daemonFile.ts';
import { Listeners } from './listeners.ts';
import type { CallOptions, CompareOptions, DaemonClient, ReportedOptions, TransferOptions } from './types.ts';

export interface ConnectOptions extends CallOptions {
  /** Version to tell the daemon; this product's own unless given. */
  version?: string;
  /** Milliseconds until connection and greeting must be done. */
  timeout?: number;
  /** Version of the control API to speak; only to ask an older daemon to retire. */
  protocol?: number;
}

const defaultTimeout = 10_000;

/**
 * Milliseconds that a cancelled transfer waits for the daemon's last word: by then it has removed what was half written,
 * or says that it was done before.
 */
const cancelledTransferGrace = 2_000;

/** Milliseconds that a daemon which agreed to leave gets to close the connection. */
const stopGrace = 5_000;

/**
 * Connects to the daemon that serves a folder and greets it.
 * @throws AppError `daemon-unreachable` when none runs, `version-mismatch` when it speaks another version of the control
 * API (its own in `data.protocol`), `timeout` when it does not answer, `cancelled` by the signal
 */
export async function connectToDaemon(state: FolderState, options: ConnectOptions = {}): Promise<DaemonClient> {
  if (options.signal?.aborted) throw cancelled(options.signal);
  const file = await readDaemonFile(state);
  if (file === undefined) throw notRunning(state);
  const limit = AbortSignal.timeout(options.timeout ?? defaultTimeout);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  let connection: DaemonConnection | undefined;
  try {
    connection = new DaemonConnection(await openSocket(file.control, signal, state));
    await connection.greet(
      {
        protocol: options.protocol ?? controlProtocolVersion,
        version: options.version ?? productVersion,
        token: file.token,
      },
      signal,
    );
    return connection;
  } catch (error) {
    connection?.[Symbol.dispose]();
    if (limit.aborted && options.signal?.aborted !== true) {
      throw new AppError('timeout', `The daemon of ${state.folder} does not answer: restart it.`, { cause: error });
    }
    throw error;
  }
}

function notRunning(state: FolderState, cause?: unknown): AppError {
  return new AppError(
    'daemon-unreachable',
    `No daemon serves ${state.folder}: start it with photo-organizer daemon "${state.folder}".`,
    { cause },
  );
}

async function openSocket(address: string, signal: AbortSignal, state: FolderState): Promise<net.Socket> {
  if (signal.aborted) throw cancelled(signal);
  const socket = net.connect(address);
  const abort = (): void => {
    socket.destroy(cancelled(signal));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') throw notRunning(state, error);
    throw toAppError(error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The client's end of one control connection. Owns the socket. */
class DaemonConnection implements DaemonClient {
  readonly #socket: net.Socket;
  readonly #rpc: MessageConnection;
  readonly #changedListeners = new Listeners<readonly ChangedTopic[]>();
  readonly #closedListeners = new Listeners<void>();
  #hello: HelloResult | undefined;
  #state: 'open' | 'closed' | 'disposed' = 'open';

  constructor(socket: net.Socket) {
    this.#socket = socket;
    // The close that follows tells everybody; without a listener the error would end the process.
    socket.on('error', () => {});
    this.#rpc = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
    this.#rpc.onError(() => this.#close());
    socket.once('close', () => this.#close());
    this.#rpc.onNotification(changedNotification, ({ topics }) => this.#changedListeners.emit(topics));
    this.#rpc.listen();
  }

  get hello(): HelloResult {
    if (this.#hello === undefined) throw new AppError('internal', 'The daemon was not greeted yet.');
    return this.#hello;
  }

  async greet(params: { protocol: number; version: string; token: string }, signal: AbortSignal): Promise<void> {
    this.#hello = await this.#call(helloRequest, params, { signal });
  }

  status(options?: CallOptions): Promise<DaemonStatus> {
    return this.#call0(statusRequest, options);
  }

  peers(options?: CallOptions): Promise<PeerSummary[]> {
    return this.#call0(peersRequest, options);
  }

  list(params: ListParams, options?: CallOptions): Promise<ListResult> {
    return this.#call(listRequest, params, options);
  }

  months(params: GroupsParams, options?: CallOptions): Promise<MonthCount[]> {
    return this.#call(monthsRequest, params, options);
  }

  show(photo: string, options?: CallOptions): Promise<PhotoDetails> {
    return this.#call(showRequest, { photo }, options);
  }

  fetch(params: FetchParams, options?: TransferOptions): Promise<FetchResult> {
    return this.#reported(fetchRequest, fetchProgress, params, options, cancelledTransferGrace);
  }

  open(id: string, options?: TransferOptions): Promise<OpenResult> {
    return this.#reported(openRequest, fetchProgress, { id }, options, cancelledTransferGrace);
  }

  duplicates(params: DuplicatesParams, options?: CallOptions): Promise<DuplicatesResult> {
    return this.#call(duplicatesRequest, params, options);
  }

  compare(options?: CompareOptions): Promise<CompareProgress> {
    return this.#reported(compareRequest, compareProgress, {}, options, 0);
  }

  async decide(decisions: readonly Decision[], options?: CallOptions & { undo?: boolean }): Promise<void> {
    const undo = options?.undo ?? false;
    await this.#call(decideRequest, { decisions: [...decisions], ...(undo ? { undo } : {}) }, options);
  }

  decisions(options?: CallOptions): Promise<DecisionRecord[]> {
    return this.#call0(decisionsRequest, options);
  }

  dedupe(params: DedupeParams, options?: CallOptions): Promise<DedupeResult> {
    return this.#call(dedupeRequest, params, options);
  }

  thumbnails(ids: readonly string[], options?: CallOptions): Promise<Thumbnail[]> {
    return this.#call(thumbnailsRequest, { ids: [...ids] }, options);
  }

  unreadable(options?: CallOptions): Promise<UnreadableFile[]> {
    return this.#call0(unreadableRequest, options);
  }

  async rescan(options?: CallOptions): Promise<void> {
    await this.#call0(rescanRequest, options);
  }

  async stop(options?: CallOptions): Promise<void> {
    const wasOpen = this.#state === 'open';
    const closed = new AbortController();
    const unsubscribe = this.#closedListeners.add(() => closed.abort());
    try {
      await this.#call0(stopRequest, options);
      // Until then its file is there, and who connects would get the daemon that is leaving.
      if (!closed.signal.aborted) await abortedOrLate(closed.signal, stopGrace);
    } catch (error) {
      // It went before its answer arrived: that is what was asked for.
      if (!(wasOpen && AppError.is(error, 'daemon-unreachable'))) throw error;
    } finally {
      unsubscribe();
    }
  }

  onChanged(listener: (topics: readonly ChangedTopic[]) => void): () => void {
    return this.#changedListeners.add(listener);
  }

  onClosed(listener: () => void): () => void {
    return this.#closedListeners.add(listener);
  }

  [Symbol.dispose](): void {
    if (this.#state === 'disposed') return;
    this.#state = 'disposed';
    this.#changedListeners.clear();
    this.#closedListeners.clear();
    this.#rpc.dispose();
    this.#socket.destroy();
  }

  /** The other side went away, or sent what is no message. */
  #close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    // Rejects what still waits for an answer; vscode-jsonrpc leaves it pending at a mere close.
    this.#rpc.dispose();
    this.#socket.destroy();
    this.#closedListeners.emit();
  }

  #call<P, R>(type: RequestType<P, R, void>, params: NoInfer<P>, options: CallOptions | undefined): Promise<R> {
    // RequestParam<P> only differs from P for a P of null, which no request here has.
    return this.#request((token) => this.#rpc.sendRequest<R>(type.method, params, token), options?.signal, 0);
  }

  #call0<R>(type: RequestType0<R, void>, options: CallOptions | undefined): Promise<R> {
    return this.#request((token) => this.#rpc.sendRequest(type, token), options?.signal, 0);
  }

  /** A request that tells how far it is, to whoever wants to know. */
  async #reported<P extends object, R, T>(
    type: RequestType<P & { progress?: string | undefined }, R, void>,
    progressType: ProgressType<T>,
    params: NoInfer<P>,
    options: ReportedOptions<T> | undefined,
    grace: number,
  ): Promise<R> {
    const onProgress = options?.onProgress;
    if (onProgress === undefined || this.#state !== 'open') {
      return this.#request((token) => this.#rpc.sendRequest<R>(type.method, params, token), options?.signal, grace);
    }
    const progress = randomUUID();
    const subscription = this.#rpc.onProgress(progressType, progress, (value: T) => onProgress(value));
    try {
      return await this.#request(
        (token) => this.#rpc.sendRequest<R>(type.method, { ...params, progress }, token),
        options?.signal,
        grace,
      );
    } finally {
      subscription.dispose();
    }
  }

  /**
   * Sends one request. When `signal` is aborted the daemon is told, and the call rejects after `grace` milliseconds
   * unless the daemon answered by then.
   */
  async #request<R>(
    send: (token: CancellationTokenSource['token']) => Promise<R>,
    signal: AbortSignal | undefined,
    grace: number,
  ): Promise<R> {
    if (signal?.aborted) throw cancelled(signal);
    if (this.#state !== 'open') throw this.#ended();
    const source = new CancellationTokenSource();
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => {
        source.cancel();
        if (grace === 0) reject(cancelled(signal));
        else timer = setTimeout(() => reject(cancelled(signal)), grace);
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
    try {
      return await Promise.race([send(source.token), aborted]);
    } catch (error) {
      throw this.#state === 'open' || error instanceof AppError ? errorFromAnswer(error) : this.#ended(error);
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal?.removeEventListener('abort', abort);
      // Also when the daemon never answers a cancelled request: it keeps nothing alive here.
      source.dispose();
    }
  }

  #ended(cause?: unknown): AppError {
    return this.#state === 'disposed'
      ? new AppError('cancelled', 'Cancelled: the connection to the daemon was closed here.', { cause })
      : new AppError(
          'daemon-unreachable',
          'The daemon ended the connection: start it again, its log says why it went.',
          {
            cause,
          },
        );
  }
}

/** Resolves when `signal` is aborted, or after `limit` milliseconds. */
async function abortedOrLate(signal: AbortSignal, limit: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limit);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function cancelled(signal: AbortSignal | undefined): AppError {
  return new AppError('cancelled', 'Cancelled.', { cause: signal?.reason });
}
