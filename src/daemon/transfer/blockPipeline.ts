import { AppError } from '../../protocol/errors.ts';
import { wireLimits } from '../../protocol/wire.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import type { Block, Carrier } from './types.ts';

/** Blocks that are asked for ahead of the one that is used: with it, all the memory that a fetch takes. */
const inFlight = 4;
const smallestBlock = 64 * 1024;
/** The first request is small: on a slow line a full set of large blocks would run into the timeout. */
const firstBlock = 256 * 1024;
/** Milliseconds for a block, within which the next may be larger, and after which it must be smaller. */
const fast = 1000;
const slow = 5000;

interface Asked {
  readonly block: Promise<Block>;
  readonly length: number;
}

/**
 * The blocks of one photo from one holder, in order, a few of them asked for ahead. No more is asked for until the one
 * before was taken, so that a slow disk slows the holder down instead of filling the memory.
 */
export class BlockPipeline implements AsyncDisposable {
  readonly #carrier: Carrier;
  readonly #peerId: string;
  readonly #id: PhotoId;
  readonly #size: number;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  readonly #asked: Asked[] = [];
  #next: number;
  #length = firstBlock;

  /** @param offset where to begin, in bytes */
  constructor(carrier: Carrier, peerId: string, id: PhotoId, size: number, offset: number, signal: AbortSignal) {
    this.#carrier = carrier;
    this.#peerId = peerId;
    this.#id = id;
    this.#size = size;
    this.#next = offset;
    this.#signal = AbortSignal.any([signal, this.#controller.signal]);
  }

  /**
   * The bytes that follow those of the last call.
   * @throws AppError as {@link Carrier.block} does, `protocol` when they are not of a photo of this size; RangeError after the last
   */
  async next(): Promise<Uint8Array> {
    this.#ask();
    const first = this.#asked.shift();
    if (!first) throw new RangeError('there is no block after the last');
    const { data, size } = await first.block;
    if (size !== this.#size || data.length !== first.length) {
      throw new AppError(
        'protocol',
        `Peer ${this.#peerId} sent ${data.length} of ${size} bytes where ${first.length} of ${this.#size} belong.`,
      );
    }
    this.#ask();
    return data;
  }

  #ask(): void {
    while (this.#asked.length < inFlight && this.#next < this.#size) {
      const offset = this.#next;
      const length = Math.min(this.#length, this.#size - offset);
      const block = this.#timed(offset, length);
      // Handled where it is awaited; one that is never reached because an earlier one failed has nothing to add.
      block.catch(() => undefined);
      this.#asked.push({ block, length });
      this.#next += length;
    }
  }

  async #timed(offset: number, length: number): Promise<Block> {
    const started = performance.now();
    const block = await this.#carrier.block(this.#peerId, this.#id, offset, length, this.#signal);
    const took = performance.now() - started;
    if (took < fast) this.#length = Math.min(this.#length * 2, wireLimits.block);
    else if (took > slow) this.#length = Math.max(this.#length / 2, smallestBlock);
    return block;
  }

  /** Gives up what is still on its way, and waits until that has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#asked.length === 0) return;
    this.#controller.abort();
    await Promise.allSettled(this.#asked.map((asked) => asked.block));
  }
}
