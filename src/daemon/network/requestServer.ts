import type { Stream } from '@libp2p/interface';
import * as v from 'valibot';
import type { Logger } from '../base/logger.ts';
import { AppError } from '../../protocol/errors.ts';
import { envelopeKinds, EnvelopeSchema, wireLimits } from '../../protocol/wire.ts';
import { FrameStream } from './frameStream.ts';
import { cleanText } from './text.ts';
import type { Frame, RequestHandler } from './types.ts';

/** Characters of an error that travel. */
const maxErrorLength = 300;
const noBytes = new Uint8Array(0);

export interface RequestServerOptions {
  /** The authenticated peer at the other end. */
  peerId: string;
  handler: RequestHandler;
  logger: Logger;
  /** Milliseconds without a byte taken until a slow reader is cut off. */
  stallTimeout?: number;
  onActivity?: () => void;
}

/**
 * Serves requests on a stream that a peer opened, until it ends: each is answered when its handler is done, in any order.
 * A peer with more requests waiting than `wireLimits.requestsInFlight` is cut off, so that memory stays bounded.
 * @returns a function that ends the stream
 */
export function serveRequests(stream: Stream, options: RequestServerOptions): (reason: AppError) => void {
  const { peerId, handler, logger } = options;
  const controller = new AbortController();
  const waiting = new Set<number>();

  const answer = async (id: number, request: Frame): Promise<void> => {
    const written = (): void => {
      waiting.delete(id);
    };
    try {
      const frame = await handler(request, { peerId, signal: controller.signal });
      await frames.send([id, envelopeKinds.answer, frame.header], frame.payload, written);
    } catch (error) {
      if (frames.ended) return;
      await frames.send([id, envelopeKinds.error, describe(error, logger)], noBytes, written);
    }
  };

  const frames = new FrameStream(stream, {
    maxPayload: wireLimits.requestPayload,
    logger,
    ...(options.stallTimeout === undefined ? {} : { stallTimeout: options.stallTimeout }),
    ...(options.onActivity === undefined ? {} : { onActivity: options.onActivity }),
    onFrame: (header, payload) => {
      const envelope = v.safeParse(EnvelopeSchema, header);
      if (!envelope.success || envelope.output[1] !== envelopeKinds.request) {
        throw new AppError('protocol', 'A request has no valid envelope.');
      }
      const [id, , body] = envelope.output;
      if (waiting.has(id)) throw new AppError('protocol', `Request ${id} came twice.`);
      if (waiting.size >= wireLimits.requestsInFlight) {
        throw new AppError('protocol', `More than ${wireLimits.requestsInFlight} requests wait on one stream.`);
      }
      waiting.add(id);
      answer(id, { header: body, payload }).catch((error: unknown) => {
        if (!frames.ended) frames.end(AppError.is(error) ? error : new AppError('internal', String(error)));
      });
    },
    onEnd: () => controller.abort(),
  });
  return (reason) => frames.end(reason);
}

/** What a peer may know of an error: ours are written for people, others could say anything. */
function describe(error: unknown, logger: Logger): { code: string; message: string } {
  if (AppError.is(error)) return { code: error.code, message: cleanText(error.message).slice(0, maxErrorLength) };
  logger.error('a request failed', error);
  return { code: 'internal', message: 'The peer failed to answer.' };
}
