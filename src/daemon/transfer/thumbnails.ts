import * as v from 'valibot';
import type { Logger } from '../base/logger.ts';
import type { ThumbnailImage } from '../library/types.ts';
import type { Network } from '../network/types.ts';
import { AppError, toAppError } from '../../protocol/errors.ts';
import { shortId, type PhotoId } from '../../protocol/photo.ts';
import { ThumbnailAnswerSchema, ThumbnailRequestSchema, wireLimits, wireProtocols } from '../../protocol/wire.ts';
import { FairGate } from './fairGate.ts';
import { imageSize } from './imageHeader.ts';
import { SharedWork } from './sharedWork.ts';

/** Pixels of the longer side that a thumbnail may have: what is larger is no thumbnail, and costs whoever decodes it. */
const maxSide = 512;
/** Requests to one peer at once: fewer than its stream takes, and enough to keep it busy. */
const requestsPerPeer = 8;
/** Milliseconds that a peer has to answer. */
const defaultTimeout = 10_000;
/** Milliseconds after which a peer that had nothing to give is asked again. */
const forgetAfter = 60_000;
/** Refusals that are remembered. */
const maxRefusals = 20_000;

/**
 * Serves the thumbnails of this folder's photos to the other members.
 * @param thumbnail of a photo that is held here, undefined for any other
 */
export function serveThumbnails(
  network: Pick<Network, 'handle'>,
  thumbnail: (id: PhotoId) => ThumbnailImage | undefined,
): void {
  network.handle(wireProtocols.thumbnails, async ({ header }, { peerId }) => {
    const asked = v.safeParse(ThumbnailRequestSchema, header);
    if (!asked.success)
      throw new AppError('protocol', `Peer ${peerId} asked for a thumbnail in a way without meaning.`);
    const image = thumbnail(Buffer.from(asked.output.id).toString('hex'));
    if (!image || image.data.length > wireLimits.thumbnail)
      return { header: { mime: null }, payload: new Uint8Array(0) };
    return { header: { mime: image.mime }, payload: image.data };
  });
}

/** Where thumbnails of other peers' photos are kept. */
export interface ThumbnailCache {
  get(id: PhotoId): ThumbnailImage | undefined;
  put(id: PhotoId, image: ThumbnailImage, origin: 'remote'): void;
}

/** Thumbnails of photos that other peers hold: from the cache, else from whichever holder is least busy. */
export class RemoteThumbnails {
  readonly #network: Pick<Network, 'peers' | 'request'>;
  readonly #cache: ThumbnailCache;
  readonly #logger: Logger;
  readonly #timeout: number;
  readonly #asking = new SharedWork<PhotoId, ThumbnailImage | undefined>();
  readonly #gate = new FairGate({
    total: Number.MAX_SAFE_INTEGER,
    perKey: requestsPerPeer,
    costPerKey: requestsPerPeer,
    waitingPerKey: Number.MAX_SAFE_INTEGER,
  });
  /** Requests that each peer has from here, waiting ones included. */
  readonly #load = new Map<string, number>();
  /** Until when (milliseconds of the monotonic clock) `peer` or `peer id` is not to be asked again, oldest first. */
  readonly #refusals = new Map<string, number>();

  /** @param timeout milliseconds that a peer has to answer */
  constructor(
    network: Pick<Network, 'peers' | 'request'>,
    cache: ThumbnailCache,
    logger: Logger,
    timeout = defaultTimeout,
  ) {
    this.#network = network;
    this.#cache = cache;
    this.#logger = logger;
    this.#timeout = timeout;
  }

  /**
   * The thumbnails that can be had now; those of photos without pixels or without a holder online are left out.
   * @param holdersOf peers that hold a photo
   * @throws AppError `cancelled`
   */
  async get(
    ids: readonly PhotoId[],
    holdersOf: (id: PhotoId) => readonly string[],
    signal: AbortSignal,
  ): Promise<Map<PhotoId, ThumbnailImage>> {
    const found = new Map<PhotoId, ThumbnailImage>();
    const one = async (id: PhotoId): Promise<void> => {
      const image =
        this.#cache.get(id) ??
        (await this.#asking.run(id, signal, (workSignal) => this.#fetch(id, holdersOf(id), workSignal)));
      if (image) found.set(id, image);
    };
    await Promise.all(Array.from(new Set(ids), one));
    return found;
  }

  async #fetch(id: PhotoId, holders: readonly string[], signal: AbortSignal): Promise<ThumbnailImage | undefined> {
    const tried = new Set<string>();
    for (;;) {
      const peerId = this.#leastBusy(id, holders, tried);
      if (peerId === undefined) return undefined;
      tried.add(peerId);
      try {
        const image = await this.#inTurn(peerId, id, signal);
        if (!image) continue;
        this.#keep(id, image);
        return image;
      } catch (error) {
        const failure = toAppError(error);
        if (signal.aborted) throw failure;
        this.#logger.warn(`no thumbnail of photo ${shortId(id)} from peer ${peerId}: ${failure.message}`);
        // One that does not answer would hold up everything else that is to be asked of it.
        if (failure.code === 'timeout') this.#refuse(peerId);
        else if (failure.code === 'protocol') this.#refuse(`${peerId} ${id}`);
      }
    }
  }

  #leastBusy(id: PhotoId, holders: readonly string[], tried: ReadonlySet<string>): string | undefined {
    const online = new Set(this.#network.peers().map((peer) => peer.peerId));
    let best: string | undefined;
    for (const peerId of holders) {
      if (tried.has(peerId) || !online.has(peerId)) continue;
      if (this.#refused(peerId) || this.#refused(`${peerId} ${id}`)) continue;
      if (best === undefined || this.#loadOf(peerId) < this.#loadOf(best)) best = peerId;
    }
    return best;
  }

  /** @returns undefined when the peer has none, or fell silent while this waited for its turn */
  async #inTurn(peerId: string, id: PhotoId, signal: AbortSignal): Promise<ThumbnailImage | undefined> {
    this.#load.set(peerId, this.#loadOf(peerId) + 1);
    try {
      const leave = await this.#gate.enter(peerId, 1, signal);
      try {
        return this.#refused(peerId) ? undefined : await this.#ask(peerId, id, signal);
      } finally {
        leave();
      }
    } finally {
      const load = this.#loadOf(peerId) - 1;
      if (load > 0) this.#load.set(peerId, load);
      else this.#load.delete(peerId);
    }
  }

  async #ask(peerId: string, id: PhotoId, signal: AbortSignal): Promise<ThumbnailImage | undefined> {
    const { header, payload } = await this.#network.request(
      peerId,
      wireProtocols.thumbnails,
      { id: Uint8Array.from(Buffer.from(id, 'hex')) },
      { signal, timeout: this.#timeout },
    );
    const answer = v.safeParse(ThumbnailAnswerSchema, header);
    if (!answer.success) throw new AppError('protocol', 'it answered rubbish.');
    const { mime } = answer.output;
    if (mime === null) {
      this.#refuse(`${peerId} ${id}`);
      return undefined;
    }
    const image: ThumbnailImage = { mime, data: payload };
    if (payload.length > wireLimits.thumbnail) throw new AppError('protocol', 'it is too large.');
    const size = imageSize(image);
    if (!size) throw new AppError('protocol', `it is not ${mime}.`);
    if (Math.min(size.width, size.height) < 1 || Math.max(size.width, size.height) > maxSide) {
      throw new AppError('protocol', `${size.width} x ${size.height} pixels are no thumbnail.`);
    }
    return image;
  }

  #keep(id: PhotoId, image: ThumbnailImage): void {
    try {
      this.#cache.put(id, image, 'remote');
    } catch (error) {
      // It can be shown all the same, and asked for again.
      this.#logger.error(`the thumbnail of photo ${shortId(id)} cannot be kept`, error);
    }
  }

  #loadOf(peerId: string): number {
    return this.#load.get(peerId) ?? 0;
  }

  #refuse(key: string): void {
    this.#refusals.delete(key);
    this.#refusals.set(key, performance.now() + forgetAfter);
    for (const oldest of this.#refusals.keys()) {
      if (this.#refusals.size <= maxRefusals) return;
      this.#refusals.delete(oldest);
    }
  }

  #refused(key: string): boolean {
    const until = this.#refusals.get(key);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.#refusals.delete(key);
    return false;
  }
}
