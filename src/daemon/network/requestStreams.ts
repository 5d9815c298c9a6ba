import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Logger } from '../base/logger.ts';
import { AppError, messageOf } from '../../protocol/errors.ts';
import { wireLimits, type WireProtocol } from '../../protocol/wire.ts';
import { RequestClient } from './requestClient.ts';
import { serveRequests } from './requestServer.ts';
import type { Frame, RequestHandler, RequestOptions } from './types.ts';

/** Milliseconds for a stream to be negotiated. */
const openTimeout = 5_000;

export interface RequestStreamsOptions {
  logger: Logger;
  /** Milliseconds; see `FrameStreamOptions`. */
  stallTimeout?: number;
  /** Bytes came from a peer, or it took some of ours: it lives. */
  onActivity?: (peerId: string) => void;
}

/** All request streams of this node: one it asks on for each (peer, protocol), opened when first needed, and those it serves. */
export class RequestStreams {
  readonly #node: Libp2p;
  readonly #options: RequestStreamsOptions;
  readonly #clients = new Map<string, Promise<RequestClient>>();

  constructor(node: Libp2p, options: RequestStreamsOptions) {
    this.#node = node;
    this.#options = options;
  }

  /** Serves `protocol` to every peer. */
  async serve(protocol: WireProtocol, handler: RequestHandler): Promise<void> {
    await this.#node.handle(
      protocol,
      (stream, connection) => {
        const peerId = connection.remotePeer.toString();
        serveRequests(stream, { peerId, handler, ...this.#streamOptions(peerId) });
      },
      { maxInboundStreams: wireLimits.streamsPerPeer, maxOutboundStreams: wireLimits.streamsPerPeer },
    );
  }

  /**
   * Asks a connected peer.
   * @throws AppError `timeout`, `cancelled`, `protocol`, `daemon-unreachable`, `version-mismatch`, or what the peer answered
   */
  async request(peerId: string, protocol: WireProtocol, header: unknown, options: RequestOptions): Promise<Frame> {
    if (options.signal?.aborted) throw new AppError('cancelled', 'Cancelled.');
    const started = performance.now();
    const client = await bounded(this.#client(peerId, protocol), options);
    const timeout = Math.max(1, options.timeout - (performance.now() - started));
    return client.request(header, { ...options, timeout });
  }

  async #client(peerId: string, protocol: WireProtocol): Promise<RequestClient> {
    const key = `${peerId} ${protocol}`;
    const existing = this.#clients.get(key);
    if (existing !== undefined) return existing;
    const opening = this.#open(peerId, protocol, () => {
      if (this.#clients.get(key) === opening) this.#clients.delete(key);
    });
    this.#clients.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#clients.get(key) === opening) this.#clients.delete(key);
      throw error;
    }
  }

  async #open(peerId: string, protocol: WireProtocol, onEnd: () => void): Promise<RequestClient> {
    // The oldest connection: when two peers dialled each other at once, both keep to the same streams for as long as they can.
    const connection = this.#node
      .getConnections(peerIdFromString(peerId))
      .filter(({ status }) => status === 'open')
      .sort((a, b) => a.timeline.open - b.timeline.open)[0];
    if (connection === undefined) throw unreachable(peerId, undefined);
    try {
      const stream = await connection.newStream(protocol, {
        signal: AbortSignal.timeout(openTimeout),
        maxOutboundStreams: wireLimits.streamsPerPeer,
      });
      return new RequestClient(stream, { onEnd, ...this.#streamOptions(peerId) });
    } catch (error) {
      if (error instanceof Error && error.name === 'UnsupportedProtocolError') {
        throw new AppError('version-mismatch', `Peer ${peerId} runs another version: update the older of the two.`, {
          cause: error,
        });
      }
      throw unreachable(peerId, error);
    }
  }

  #streamOptions(peerId: string): { logger: Logger; stallTimeout?: number; onActivity?: () => void } {
    const { logger, stallTimeout, onActivity } = this.#options;
    return {
      logger,
      ...(stallTimeout === undefined ? {} : { stallTimeout }),
      ...(onActivity === undefined ? {} : { onActivity: () => onActivity(peerId) }),
    };
  }
}

function unreachable(peerId: string, cause: unknown): AppError {
  const why = cause === undefined ? 'is not connected' : `could not be reached: ${messageOf(cause)}`;
  return new AppError('daemon-unreachable', `Peer ${peerId} ${why}.`, { cause });
}

/** The outcome of `work`, unless the caller's time is up or it gives up before. `work` goes on for others who share it. */
async function bounded<T>(work: Promise<T>, options: RequestOptions): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const onAbort = (): void => limit.reject(new AppError('cancelled', 'Cancelled.'));
  const timer = setTimeout(
    () => limit.reject(new AppError('timeout', `The peer did not answer within ${options.timeout} ms.`)),
    options.timeout,
  );
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}
