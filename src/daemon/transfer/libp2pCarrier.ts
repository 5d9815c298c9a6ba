import * as v from 'valibot';
import { delay } from '../base/tasks.ts';
import type { Frame, Network, RequestOptions } from '../network/types.ts';
import { AppError, messageOf } from '../../protocol/errors.ts';
import { shortId, type PhotoId } from '../../protocol/photo.ts';
import { BlockAnswerSchema, wireProtocols } from '../../protocol/wire.ts';
import type { Block, Carrier } from './types.ts';

/** Milliseconds until a block that was asked for counts as not coming. */
const defaultTimeout = 15_000;
/** Milliseconds before a busy peer is asked again. */
const busyPause = 250;

/** Blocks of photos over the network's own request streams. Works wherever the network has a connection. */
export class Libp2pCarrier implements Carrier {
  readonly name = 'libp2p';
  readonly #network: Pick<Network, 'peers' | 'request'>;
  readonly #timeout: number;

  /** @param timeout milliseconds that a peer has to answer one request for a block */
  constructor(network: Pick<Network, 'peers' | 'request'>, timeout = defaultTimeout) {
    this.#network = network;
    this.#timeout = timeout;
  }

  reaches(peerId: string): boolean {
    return this.#network.peers().some((peer) => peer.peerId === peerId);
  }

  async block(peerId: string, id: PhotoId, offset: number, length: number, signal: AbortSignal): Promise<Block> {
    const header = { id: Uint8Array.from(Buffer.from(id, 'hex')), offset, length };
    const deadline = performance.now() + this.#timeout;
    for (;;) {
      const timeout = Math.max(1, deadline - performance.now());
      const frame = await this.#request(peerId, id, header, { signal, timeout });
      const answer = v.safeParse(BlockAnswerSchema, frame.header);
      if (!answer.success)
        throw new AppError('protocol', `Peer ${peerId} answered rubbish about photo ${shortId(id)}.`);
      if (answer.output.ok) {
        const { size } = answer.output;
        if (frame.payload.length !== Math.min(length, size - offset)) {
          throw new AppError('protocol', `Peer ${peerId} sent a block of the wrong length of photo ${shortId(id)}.`);
        }
        return { size, data: frame.payload };
      }
      if (answer.output.reason !== 'busy') throw refusal(peerId, id, answer.output.reason);
      if (performance.now() + busyPause >= deadline) {
        throw new AppError('timeout', `Peer ${peerId} is too busy to send photo ${shortId(id)}: try again later.`);
      }
      await delay(busyPause, signal);
    }
  }

  async #request(peerId: string, id: PhotoId, header: unknown, options: RequestOptions): Promise<Frame> {
    try {
      return await this.#network.request(peerId, wireProtocols.photos, header, options);
    } catch (error) {
      if (options.signal?.aborted || AppError.is(error, 'timeout', 'protocol', 'daemon-unreachable')) throw error;
      // The other side's own words: its code must not pass for one of ours, a full disk, say.
      const message = `Peer ${peerId} refused to send photo ${shortId(id)}: ${messageOf(error)}`;
      throw new AppError('not-found', message, { cause: error });
    }
  }
}

function refusal(peerId: string, id: PhotoId, reason: 'missing' | 'unreadable' | 'range'): AppError {
  if (reason === 'range') {
    return new AppError('protocol', `Peer ${peerId} says that photo ${shortId(id)} is shorter than it is.`);
  }
  const what = reason === 'missing' ? 'does not hold it any more' : 'cannot read its file';
  return new AppError('not-found', `Photo ${shortId(id)}: peer ${peerId} ${what}.`);
}
