import { timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import * as v from 'valibot';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc';
import { ResponseError } from 'vscode-jsonrpc';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type {
  ChangedTopic,
  CompareProgress,
  FetchProgress,
  HelloResult,
  RpcErrorData,
} from '../../protocol/control.ts';
import {
  appErrorRpcCode,
  changedNotification,
  compareProgress,
  CompareParamsSchema,
  compareRequest,
  controlProtocolVersion,
  DecideParamsSchema,
  decideRequest,
  decisionsRequest,
  DedupeParamsSchema,
  dedupeRequest,
  DuplicatesParamsSchema,
  duplicatesRequest,
  fetchProgress,
  FetchParamsSchema,
  fetchRequest,
  GroupsParamsSchema,
  HelloParamsSchema,
  helloRequest,
  ListParamsSchema,
  listRequest,
  monthsRequest,
  OpenParamsSchema,
  openRequest,
  peersRequest,
  rescanRequest,
  ShowParamsSchema,
  showRequest,
  statusRequest,
  stopRequest,
  ThumbnailsParamsSchema,
  thumbnailsRequest,
  unreadableRequest,
} from '../../protocol/control.ts';
import { AppError, systemCodeOf, toAppError } from '../../protocol/errors.ts';
import { makePrivateDirectory } from '../base/folderLock.ts';
import type { Logger } from '../base/logger.ts';
import type { ControlService } from './service.ts';

export interface ControlServerOptions {
  socket: string;
  token: string;
  hello: HelloResult;
  /** A client asked the daemon to end; called after it was answered. */
  onStop: () => void;
  /** Whether any client that has said hello is connected, each time that changes. */
  onClients: (connected: boolean) => void;
}

/** Milliseconds between two `changed` notifications to a client. */
const changedInterval = 250;
/** Milliseconds for the answer to `stop` to leave, before the connection closes. */
const answerTime = 50;

/** Serves the control API on the local socket. Owns the socket and every connection. */
export class ControlServer implements AsyncDisposable {
  readonly #options: ControlServerOptions;
  readonly #service: ControlService;
  readonly #logger: Logger;
  readonly #server: net.Server;
  readonly #connections = new Set<ClientConnection>();
  #connected = false;

  private constructor(options: ControlServerOptions, service: ControlService, logger: Logger) {
    this.#options = options;
    this.#service = service;
    this.#logger = logger;
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  /**
   * Listens on the socket. The caller holds the folder's lock: a socket file that is there belongs to a dead daemon.
   * @throws when the socket cannot be made
   */
  static async start(options: ControlServerOptions, service: ControlService, logger: Logger): Promise<ControlServer> {
    const control = new ControlServer(options, service, logger);
    if (process.platform !== 'win32') {
      makePrivateDirectory(path.dirname(options.socket));
      fs.rmSync(options.socket, { force: true });
    }
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject);
      control.#server.listen(options.socket, () => {
        control.#server.off('error', reject);
        control.#server.on('error', (error) => logger.error('the control socket failed', error));
        resolve();
      });
    });
    if (process.platform !== 'win32') fs.chmodSync(options.socket, 0o600);
    return control;
  }

  #accept(socket: net.Socket): void {
    const connection = new ClientConnection(socket, this.#options, this.#service, this.#logger, () =>
      this.#countClients(),
    );
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      connection.dispose();
      this.#countClients();
    });
  }

  #countClients(): void {
    const connected = [...this.#connections].some((connection) => connection.greeted);
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#options.onClients(connected);
  }

  /** Tells every client that something its views show is no longer so. */
  changed(topic: ChangedTopic): void {
    for (const connection of this.#connections) connection.changed(topic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.end();
    await closed;
  }
}

class ClientConnection {
  readonly #socket: net.Socket;
  readonly #rpc: MessageConnection;
  readonly #options: ControlServerOptions;
  readonly #service: ControlService;
  readonly #logger: Logger;
  readonly #onGreeted: () => void;
  readonly #topics = new Set<ChangedTopic>();
  #changedTimer: NodeJS.Timeout | undefined;
  /** Aborted when the client goes: nobody waits for what it asked for. */
  readonly #gone = new AbortController();
  greeted = false;

  constructor(
    socket: net.Socket,
    options: ControlServerOptions,
    service: ControlService,
    logger: Logger,
    onGreeted: () => void,
  ) {
    this.#onGreeted = onGreeted;
    this.#socket = socket;
    this.#options = options;
    this.#service = service;
    this.#logger = logger;
    socket.on('error', (error) => {
      // A client that was killed resets its connection: its own affair.
      if (systemCodeOf(error) !== 'EPIPE' && systemCodeOf(error) !== 'ECONNRESET')
        logger.warn('a control connection failed', error);
    });
    this.#rpc = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket), {
      error: (message) => logger.warn(message),
      warn: (message) => logger.warn(message),
      info: (message) => logger.debug(message),
      log: (message) => logger.debug(message),
    });
    this.#rpc.onError(([error]) => {
      logger.warn('a control connection sent rubbish', error);
      socket.destroy();
    });
    this.#register();
    this.#rpc.listen();
  }

  #register(): void {
    const service = this.#service;
    this.#rpc.onRequest(helloRequest, (params) => this.#answer(() => this.#hello(params)));
    this.#rpc.onRequest(statusRequest, () => this.#greetedAnswer(() => service.status()));
    this.#rpc.onRequest(peersRequest, () => this.#greetedAnswer(() => service.peers()));
    this.#rpc.onRequest(listRequest, (params) =>
      this.#greetedAnswer(() => service.list(checked(ListParamsSchema, params))),
    );
    this.#rpc.onRequest(monthsRequest, (params) =>
      this.#greetedAnswer(() => service.months(checked(GroupsParamsSchema, params))),
    );
    this.#rpc.onRequest(showRequest, (params) =>
      this.#greetedAnswer(() => service.show(checked(ShowParamsSchema, params).photo)),
    );
    this.#rpc.onRequest(fetchRequest, (params, token) =>
      this.#greetedAnswer(() =>
        this.#cancellable(token, (signal) =>
          service.fetch(checked(FetchParamsSchema, params), signal, this.#fetchReporter(params.progress)),
        ),
      ),
    );
    this.#rpc.onRequest(openRequest, (params, token) =>
      this.#greetedAnswer(() =>
        this.#cancellable(token, (signal) =>
          service.open(checked(OpenParamsSchema, params).id, signal, this.#fetchReporter(params.progress)),
        ),
      ),
    );
    this.#rpc.onRequest(thumbnailsRequest, (params, token) =>
      this.#greetedAnswer(() =>
        this.#cancellable(token, (signal) => service.thumbnails(checked(ThumbnailsParamsSchema, params).ids, signal)),
      ),
    );
    this.#rpc.onRequest(duplicatesRequest, (params) =>
      this.#greetedAnswer(() => service.duplicates(checked(DuplicatesParamsSchema, params))),
    );
    this.#rpc.onRequest(compareRequest, (params, token) =>
      this.#greetedAnswer(() =>
        this.#cancellable(token, (signal) =>
          service.compare(
            signal,
            this.#reporter(checked(CompareParamsSchema, params).progress, (name, progress: CompareProgress) =>
              this.#rpc.sendProgress(compareProgress, name, progress),
            ),
          ),
        ),
      ),
    );
    this.#rpc.onRequest(decideRequest, (params) =>
      this.#greetedAnswer(() => service.decide(checked(DecideParamsSchema, params))),
    );
    this.#rpc.onRequest(decisionsRequest, () => this.#greetedAnswer(() => service.decisions()));
    this.#rpc.onRequest(dedupeRequest, (params) =>
      this.#greetedAnswer(() => service.dedupe(checked(DedupeParamsSchema, params))),
    );
    this.#rpc.onRequest(unreadableRequest, () => this.#greetedAnswer(() => service.unreadable()));
    this.#rpc.onRequest(rescanRequest, () => this.#greetedAnswer(async () => (await service.rescan(), null)));
    this.#rpc.onRequest(stopRequest, () =>
      this.#greetedAnswer(() => {
        // Once the answer is written: the client must hear that it was heard.
        setTimeout(() => this.#options.onStop(), answerTime);
        return null;
      }),
    );
  }

  #hello(params: unknown): HelloResult {
    const hello = checked(HelloParamsSchema, params);
    if (hello.protocol !== controlProtocolVersion) {
      throw new AppError(
        'version-mismatch',
        `This daemon (version ${this.#options.hello.version}) speaks another version of the control API than version ${hello.version}: restart the daemon.`,
        { data: { protocol: controlProtocolVersion, version: this.#options.hello.version } },
      );
    }
    const expected = Buffer.from(this.#options.token);
    const given = Buffer.from(hello.token);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new AppError('refused', 'This daemon belongs to another user.');
    }
    this.greeted = true;
    this.#onGreeted();
    return this.#options.hello;
  }

  async #greetedAnswer<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#answer(() => {
      if (!this.greeted) throw new AppError('refused', 'Say hello first.');
      return work();
    });
  }

  async #answer<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = toAppError(error);
      if (failure.code === 'internal') this.#logger.error('a request failed', error);
      const data: RpcErrorData = { code: failure.code, ...(failure.data === undefined ? {} : { data: failure.data }) };
      throw new ResponseError(appErrorRpcCode, failure.message, data);
    }
  }

  async #cancellable<T>(token: CancellationToken, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const subscription = token.onCancellationRequested(() => controller.abort());
    const gone = (): void => controller.abort();
    this.#gone.signal.addEventListener('abort', gone, { once: true });
    try {
      return await work(controller.signal);
    } finally {
      subscription.dispose();
      this.#gone.signal.removeEventListener('abort', gone);
    }
  }

  #fetchReporter(token: unknown): ((progress: FetchProgress) => void) | undefined {
    return this.#reporter(token, (name, progress) => this.#rpc.sendProgress(fetchProgress, name, progress));
  }

  #reporter<P>(
    token: unknown,
    send: (token: string, progress: P) => Promise<void>,
  ): ((progress: P) => void) | undefined {
    if (typeof token !== 'string' || token.length > 100) return undefined;
    return (progress) => {
      if (this.#gone.signal.aborted) return;
      send(token, progress).catch((error: unknown) => this.#logger.debug('progress was not heard', error));
    };
  }

  changed(topic: ChangedTopic): void {
    if (!this.greeted) return;
    this.#topics.add(topic);
    this.#changedTimer ??= setTimeout(() => {
      this.#changedTimer = undefined;
      const topics = [...this.#topics];
      this.#topics.clear();
      this.#rpc
        .sendNotification(changedNotification, { topics })
        .catch((error: unknown) => this.#logger.debug('a change was not heard', error));
    }, changedInterval);
  }

  /** Lets answers under way be written, then closes. */
  end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 500).unref();
  }

  dispose(): void {
    this.#gone.abort();
    clearTimeout(this.#changedTimer);
    this.#rpc.dispose();
  }
}

function checked<T>(schema: v.GenericSchema<unknown, T>, params: unknown): T {
  const result = v.safeParse(schema, params);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  throw new AppError(
    'usage',
    `${where === null ? 'The parameters are' : `"${where}" is`} not as expected: ${issue.message}`,
  );
}
