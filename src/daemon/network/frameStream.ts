import type { Stream, StreamMessageEvent } from '@libp2p/interface';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { Logger } from '../base/logger.ts';
import { AppError, messageOf } from '../../protocol/errors.ts';
import { encodeFrameHead, FrameDecoder, type RawFrame } from './frames.ts';

/** Milliseconds in which a peer must take at least one byte of what we send, or its stream ends. */
export const defaultStallTimeout = 20_000;

/** A payload shorter than this (bytes) is copied behind its head: one packet costs less than two. */
const joinBelow = 16 * 1024;

export interface FrameStreamOptions {
  /** Bytes of payload that a frame from the other side may have. */
  maxPayload: number;
  /** Milliseconds; default {@link defaultStallTimeout}. */
  stallTimeout?: number;
  logger: Logger;
  /** The other side sent bytes, or took some of ours. */
  onActivity?: () => void;
  /** A whole frame arrived. What it throws ends the stream. */
  onFrame(header: unknown, payload: Uint8Array): void;
  /** The stream ended, for whatever reason; told once. */
  onEnd(reason: AppError): void;
}

/**
 * Frames over one libp2p stream, in both directions. Reading never buffers more than one frame; writing waits until the other
 * side takes what was written before the next frame goes out, and gives up on one that takes nothing.
 */
export class FrameStream {
  readonly #stream: Stream;
  readonly #options: FrameStreamOptions;
  readonly #decoder: FrameDecoder;
  readonly #stallTimeout: number;
  #lastSend: Promise<void> = Promise.resolve();
  #ended: AppError | undefined;

  constructor(stream: Stream, options: FrameStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#decoder = new FrameDecoder(options.maxPayload);
    this.#stallTimeout = options.stallTimeout ?? defaultStallTimeout;
    stream.addEventListener('message', this.#onMessage);
    stream.addEventListener('remoteCloseWrite', this.#onRemoteEnd);
    stream.addEventListener('close', this.#onRemoteEnd);
    if (stream.status !== 'open') queueMicrotask(this.#onRemoteEnd);
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Sends one frame after those that wait, and resolves when the next may follow. `payload` must not change until then.
   * @param onWritten told at the moment when the frame was handed to the stream
   * @throws AppError `daemon-unreachable` when the stream ended; `timeout` when the other side takes nothing;
   *   `protocol` when the frame is too long to be sent
   */
  async send(header: unknown, payload: Uint8Array, onWritten?: () => void): Promise<void> {
    const head = encodeFrameHead(encodeCbor(header), payload.length);
    const before = this.#lastSend;
    const turn = Promise.withResolvers<void>();
    this.#lastSend = turn.promise;
    try {
      await before;
      if (this.#ended !== undefined) throw this.#ended;
      this.#write(head, payload);
      onWritten?.();
      await this.#room();
    } finally {
      turn.resolve();
    }
  }

  #write(head: Uint8Array, payload: Uint8Array): void {
    try {
      if (payload.length < joinBelow) {
        this.#stream.send(payload.length === 0 ? head : Buffer.concat([head, payload]));
      } else {
        this.#stream.send(head);
        this.#stream.send(payload);
      }
    } catch (error) {
      const reason = new AppError('daemon-unreachable', `The stream broke: ${messageOf(error)}`, { cause: error });
      this.end(reason);
      throw reason;
    }
  }

  /**
   * Waits for the stream's own buffer to empty. The `drain` event, never `onDrain()`: that one resolves for ever after its first
   * time. The event also comes when the connection drains for the sake of other streams, so it is bytes that count.
   */
  async #room(): Promise<void> {
    let queued = this.#stream.writeBufferLength;
    let lastProgress = performance.now();
    while (this.#stream.writableNeedsDrain) {
      await this.#drainOr(lastProgress + this.#stallTimeout - performance.now());
      if (this.#ended !== undefined) throw this.#ended;
      const left = this.#stream.writeBufferLength;
      if (left < queued) {
        queued = left;
        lastProgress = performance.now();
        this.#options.onActivity?.();
      } else if (this.#stream.writableNeedsDrain && performance.now() - lastProgress >= this.#stallTimeout) {
        const reason = new AppError('timeout', 'The other side does not take what is sent to it.');
        this.#options.logger.warn(`cut off a slow reader: ${left} bytes waited for ${this.#stallTimeout} ms`);
        this.end(reason);
        throw reason;
      }
    }
  }

  /** Resolves when the stream drains or closes, or after `milliseconds`. */
  #drainOr(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#stream.removeEventListener('drain', done);
        this.#stream.removeEventListener('close', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, milliseconds));
      this.#stream.addEventListener('drain', done);
      this.#stream.addEventListener('close', done);
    });
  }

  /** Ends the stream at once because of `reason`; what waits to be sent is thrown away. */
  end(reason: AppError): void {
    if (this.#ended !== undefined) return;
    this.#detach(reason);
    this.#stream.abort(reason);
    this.#options.onEnd(reason);
  }

  #detach(reason: AppError): void {
    this.#ended = reason;
    this.#stream.removeEventListener('message', this.#onMessage);
    this.#stream.removeEventListener('remoteCloseWrite', this.#onRemoteEnd);
    this.#stream.removeEventListener('close', this.#onRemoteEnd);
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    this.#options.onActivity?.();
    const pieces = event.data instanceof Uint8Array ? [event.data] : event.data;
    try {
      for (const piece of pieces) {
        for (const frame of this.#decoder.push(piece)) this.#deliver(frame);
        if (this.#ended !== undefined) return;
      }
    } catch (error) {
      const reason = AppError.is(error) ? error : new AppError('protocol', messageOf(error), { cause: error });
      this.#options.logger.warn(`ended a stream that sent rubbish: ${reason.message}`);
      this.end(reason);
    }
  };

  #deliver(frame: RawFrame): void {
    if (this.#ended !== undefined) return;
    let header: unknown;
    try {
      header = decodeCbor(frame.header);
    } catch (error) {
      throw new AppError('protocol', `A header is not CBOR: ${messageOf(error)}`, { cause: error });
    }
    this.#options.onFrame(header, frame.payload);
  }

  readonly #onRemoteEnd = (): void => {
    if (this.#ended !== undefined) return;
    const cut = this.#decoder.halfway;
    if (cut) this.#options.logger.warn('a stream ended inside a frame');
    this.end(new AppError('daemon-unreachable', cut ? 'The stream broke inside a frame.' : 'The stream was closed.'));
  };
}
