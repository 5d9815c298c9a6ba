import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { delay } from '../base/tasks.ts';
import type { Logger } from '../base/logger.ts';
import { AppError, toAppError, type ErrorCode } from '../../protocol/errors.ts';
import { shortId, type PhotoId } from '../../protocol/photo.ts';
import { BlockPipeline } from './blockPipeline.ts';
import { cancelled } from './cancellation.ts';
import { PartialFile } from './partialFile.ts';
import type { Carrier } from './types.ts';

/** How often a holder is asked again after its connection broke or it did not answer. */
const attempts = 2;
/** Milliseconds before it is asked again. */
const retryPause = 500;

/** What keeps a holder from being asked again. */
interface Failure {
  /** Never to be asked again: its answer would be the same. */
  final: boolean;
  count: number;
  error: AppError;
}

export interface DownloadOptions {
  id: PhotoId;
  /** Bytes. */
  size: number;
  /** Where the bytes are collected. */
  partial: string;
  /** Best first. */
  carriers: readonly Carrier[];
  logger: Logger;
}

/**
 * Brings the bytes of one photo into its partial file, from one holder after the other, and verifies them. What arrived is
 * kept when a holder fails, and when the whole download does.
 */
export class Download {
  readonly #options: DownloadOptions;
  readonly #holders: string[] = [];
  readonly #failures = new Map<string, Failure>();
  readonly #received: Emitter<number>;
  /** Whose bytes are in the partial file, in order. */
  #from: string[] = [];
  /** Whether some of the bytes are of an earlier time, from whom is not known. */
  #resumed = false;
  /** Bytes of several holders did not fit together: from now on each must deliver the whole photo. */
  #alone = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#received = new Emitter(options.logger);
  }

  /** Adds holders that may be asked, best first. */
  add(holders: readonly string[]): void {
    for (const holder of holders) if (!this.#holders.includes(holder)) this.#holders.push(holder);
  }

  /** Tells how many bytes have arrived, each time that changes. */
  onReceived(listener: (received: number) => void): Unsubscribe {
    return this.#received.on(listener);
  }

  /**
   * Runs until the partial file is whole, verified and safe on disk.
   * @returns the peers that its bytes came from
   * @throws AppError `no-holder-online`, `timeout`, `protocol` (nobody could deliver it), `corrupt` (what was delivered is another file),
   * `disk-full` (the partial is gone then), `no-permission`, `cancelled`
   */
  async run(signal: AbortSignal): Promise<string[]> {
    const { id, size, partial } = this.#options;
    await using part = await PartialFile.open(partial, size, signal);
    this.#resumed = part.length > 0;
    this.#received.emit(part.length);
    try {
      for (;;) {
        if (part.length === size) {
          if (part.digest() === id) break;
          await this.#startAgain(part);
        }
        const holder = this.#nextHolder();
        if (!holder) throw this.#conclusion();
        if (this.#alone && this.#from.some((peer) => peer !== holder.peerId)) await this.#empty(part);
        const failure = this.#failures.get(holder.peerId);
        if (failure) await delay(retryPause * failure.count, signal);
        if (signal.aborted) throw cancelled();
        await this.#receive(part, holder.peerId, holder.carrier, signal);
      }
      await part.sync();
      return this.#from;
    } catch (error) {
      const failure = toAppError(error);
      if (part.length === 0 || AppError.is(failure, 'disk-full', 'corrupt')) await part.remove();
      throw failure;
    }
  }

  /** Takes bytes from one holder until the photo is complete or the holder fails. Throws only what is not the holder's fault. */
  async #receive(part: PartialFile, peerId: string, carrier: Carrier, signal: AbortSignal): Promise<void> {
    const { id, size } = this.#options;
    await using blocks = new BlockPipeline(carrier, peerId, id, size, part.length, signal);
    while (part.length < size) {
      let data: Uint8Array;
      try {
        data = await blocks.next();
      } catch (error) {
        if (signal.aborted) throw cancelled();
        this.#blame(peerId, toAppError(error));
        return;
      }
      if (!this.#from.includes(peerId)) this.#from.push(peerId);
      await part.append(data);
      this.#received.emit(part.length);
    }
  }

  #nextHolder(): { peerId: string; carrier: Carrier } | undefined {
    let best: { peerId: string; carrier: Carrier; count: number } | undefined;
    for (const peerId of this.#holders) {
      const failure = this.#failures.get(peerId);
      if (failure && (failure.final || failure.count >= attempts)) continue;
      const carrier = this.#options.carriers.find((carrier) => carrier.reaches(peerId));
      const count = failure?.count ?? 0;
      if (carrier && (!best || count < best.count)) best = { peerId, carrier, count };
    }
    return best;
  }

  #blame(peerId: string, error: AppError): void {
    const final = AppError.is(error, 'not-found', 'protocol', 'corrupt');
    this.#failures.set(peerId, { final, count: (this.#failures.get(peerId)?.count ?? 0) + 1, error });
    this.#options.logger.warn(`photo ${shortId(this.#options.id)} from peer ${peerId}: ${error.message}`);
  }

  /** All bytes are there, and they are not this photo. */
  async #startAgain(part: PartialFile): Promise<void> {
    const { id, logger } = this.#options;
    const [culprit, ...others] = this.#from;
    if (culprit !== undefined && others.length === 0 && !this.#resumed) {
      this.#blame(culprit, new AppError('corrupt', `Peer ${culprit} sent bytes that are not photo ${shortId(id)}.`));
    } else {
      const whose = [...(this.#resumed ? ['an earlier fetch'] : []), ...this.#from].join(', ');
      logger.warn(`the bytes from ${whose} are not photo ${shortId(id)} together: asking one holder at a time`);
      // Who of them is wrong is not known yet: each gets its chances again.
      for (const [peerId, failure] of this.#failures) if (!failure.final) this.#failures.delete(peerId);
    }
    this.#alone = true;
    await this.#empty(part);
  }

  async #empty(part: PartialFile): Promise<void> {
    await part.restart();
    this.#from = [];
    this.#resumed = false;
    this.#received.emit(0);
  }

  #conclusion(): AppError {
    const photo = `photo ${shortId(this.#options.id)}`;
    const data = [...this.#failures].map(([peerId, { error }]) => ({
      peerId,
      code: error.code,
      message: error.message,
    }));
    const codes = new Set<ErrorCode>(data.map((failure) => failure.code));
    const why = data.map((failure) => failure.message).join(' ');
    if (codes.has('corrupt')) {
      const message = `No peer that is online has a sound copy of ${photo}; try again when another holder is online. ${why}`;
      return new AppError('corrupt', message, { data });
    }
    const [only] = codes;
    if (codes.size === 1 && (only === 'timeout' || only === 'protocol')) {
      return new AppError(only, `No holder of ${photo} could send it; try again when another one is online. ${why}`, {
        data,
      });
    }
    const message =
      why === ''
        ? `No peer that holds ${photo} is online: ask one of them to start, and try again.`
        : `Nobody who is online can give ${photo} now: try again later, or when another holder is online. ${why}`;
    return new AppError('no-holder-online', message, { data });
  }
}
