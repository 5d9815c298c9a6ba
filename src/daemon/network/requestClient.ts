import type { Stream } from '@libp2p/interface';
import * as v from 'valibot';
import type { Logger } from '../base/logger.ts';
import { AppError } from '../../protocol/errors.ts';
import { envelopeKinds, EnvelopeSchema, WireErrorSchema, wireLimits } from '../../protocol/wire.ts';
import { FrameStream } from './frameStream.ts';
import { cleanText } from './text.ts';
import type { Frame, RequestOptions } from './types.ts';

const noBytes = new Uint8Array(0);

interface Pending {
  settle(outcome: Frame | AppError): void;
}

export interface RequestClientOptions {
  logger: Logger;
  /** Milliseconds; see `FrameStreamOptions`. */
  stallTimeout?: number;
  onActivity?: () => void;
  /** Told once when the stream has ended: the client must not be used any more. */
  onEnd: () => void;
}

/**
 * The asking end of one long-lived request stream: any number of callers, at most `wireLimits.requestsInFlight` requests on the
 * wire, the rest in line. A request that timed out keeps its place until its answer comes, because the other side still counts it.
 */
export class RequestClient {
  readonly #frames: FrameStream;
  readonly #onEnd: () => void;
  /** What is on the wire; null for requests that nobody waits for any more. */
  readonly #inFlight = new Map<number, Pending | null>();
  readonly #line: Array<() => void> = [];
  readonly #open = new Set<Pending>();
  #next = 1;
  #ended: AppError | undefined;

  constructor(stream: Stream, options: RequestClientOptions) {
    this.#onEnd = options.onEnd;
    this.#frames = new FrameStream(stream, {
      maxPayload: wireLimits.payload,
      logger: options.logger,
      ...(options.stallTimeout === undefined ? {} : { stallTimeout: options.stallTimeout }),
      ...(options.onActivity === undefined ? {} : { onActivity: options.onActivity }),
      onFrame: (header, payload) => this.#onFrame(header, payload),
      onEnd: (reason) => this.#onStreamEnd(reason),
    });
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Ends the stream; whoever waits gets `reason`. */
  end(reason: AppError): void {
    this.#frames.end(reason);
  }

  /**
   * Sends a request and resolves with the body of its answer.
   * @throws AppError `timeout`, `cancelled`, `protocol`, `daemon-unreachable` (the stream ended), or what the other side answered
   */
  async request(header: unknown, options: RequestOptions): Promise<Frame> {
    const payload = options.payload ?? noBytes;
    if (payload.length > wireLimits.requestPayload) {
      throw new AppError('protocol', `A request has at most ${wireLimits.requestPayload} bytes of payload.`);
    }
    if (options.signal?.aborted) throw cancelled();
    if (this.#ended !== undefined) throw this.#ended;
    return new Promise<Frame>((resolve, reject) => {
      let id: number | undefined;
      const settle = (outcome: Frame | AppError): void => {
        if (!this.#open.delete(pending)) return;
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
        if (id === undefined) this.#leaveLine(start);
        if (outcome instanceof AppError) reject(outcome);
        else resolve(outcome);
      };
      const giveUp = (reason: AppError): void => {
        settle(reason);
        if (id !== undefined && this.#inFlight.has(id)) this.#abandon(id);
      };
      const onAbort = (): void => giveUp(cancelled());
      const pending: Pending = { settle };
      const start = (): void => {
        id = this.#next++;
        this.#inFlight.set(id, pending);
        this.#frames.send([id, envelopeKinds.request, header], payload).catch((error: unknown) => {
          if (id !== undefined) this.#inFlight.delete(id);
          settle(asFailure(error));
          this.#startNext();
        });
      };
      const timer = setTimeout(
        () => giveUp(new AppError('timeout', `The peer did not answer within ${options.timeout} ms.`)),
        options.timeout,
      );
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#open.add(pending);
      if (this.#inFlight.size < wireLimits.requestsInFlight) start();
      else this.#line.push(start);
    });
  }

  #leaveLine(start: () => void): void {
    const place = this.#line.indexOf(start);
    if (place >= 0) this.#line.splice(place, 1);
  }

  #startNext(): void {
    if (this.#ended === undefined && this.#inFlight.size < wireLimits.requestsInFlight) this.#line.shift()?.();
  }

  #abandon(id: number): void {
    this.#inFlight.set(id, null);
    if (this.#inFlight.size < wireLimits.requestsInFlight) return;
    // A stream on which nobody will ever be served again is no use to those in line: they get a new one.
    if ([...this.#inFlight.values()].every((pending) => pending === null)) {
      this.end(new AppError('daemon-unreachable', 'The peer answers none of the requests on this stream.'));
    }
  }

  #onFrame(header: unknown, payload: Uint8Array): void {
    const envelope = v.safeParse(EnvelopeSchema, header);
    if (!envelope.success) throw new AppError('protocol', 'An answer has no valid envelope.');
    const [id, kind, body] = envelope.output;
    const pending = this.#inFlight.get(id);
    if (pending === undefined) throw new AppError('protocol', `Answer ${id} was not asked for.`);
    if (kind === envelopeKinds.request) throw new AppError('protocol', 'A request came on the answering side.');
    this.#inFlight.delete(id);
    pending?.settle(kind === envelopeKinds.answer ? { header: body, payload } : remoteError(body));
    this.#startNext();
  }

  #onStreamEnd(reason: AppError): void {
    this.#ended = reason;
    this.#inFlight.clear();
    this.#line.length = 0;
    for (const pending of this.#open) pending.settle(reason);
    this.#onEnd();
  }
}

function cancelled(): AppError {
  return new AppError('cancelled', 'Cancelled.');
}

function asFailure(error: unknown): AppError {
  return AppError.is(error) ? error : new AppError('internal', String(error), { cause: error });
}

function remoteError(body: unknown): AppError {
  const error = v.safeParse(WireErrorSchema, body);
  if (!error.success) return new AppError('protocol', 'The peer answered with an error that cannot be read.');
  return new AppError(error.output.code, cleanText(error.output.message) || 'The peer refused without a reason.');
}
