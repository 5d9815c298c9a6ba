import * as v from 'valibot';
import type { Logger } from '../base/logger.ts';
import type { Frame, Network, RequestContext } from '../network/types.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import { BlockRequestSchema, wireLimits, wireProtocols, type BlockAnswerSchema } from '../../protocol/wire.ts';
import { FairGate, type FairGateLimits } from './fairGate.ts';
import { OpenFiles, type IndexedFile } from './openFiles.ts';

/** Says which files may be served. */
export interface PhotoSource {
  /** The indexed files with a photo's bytes, best first; empty when it is not held here. Nothing else is ever served. */
  locate: (id: PhotoId) => readonly IndexedFile[];
}

type BlockAnswer = v.InferOutput<typeof BlockAnswerSchema>;

const defaultLimits: FairGateLimits = {
  total: 16,
  perKey: 4,
  costPerKey: 4 * wireLimits.block,
  waitingPerKey: wireLimits.requestsInFlight * wireLimits.streamsPerPeer,
};

/** Photos that stay open between two blocks. */
const openPhotos = 32;

const nothing = new Uint8Array(0);

/** Serves blocks of the photos of this folder to the other members, by id: a peer cannot name a file. */
export class PhotoServer implements AsyncDisposable {
  readonly #source: PhotoSource;
  readonly #logger: Logger;
  readonly #gate: FairGate;
  readonly #files = new OpenFiles(openPhotos);
  #blocks = 0;
  #bytes = 0;

  /** @param limits how many reads run at once, in all and for one peer */
  constructor(network: Pick<Network, 'handle'>, source: PhotoSource, logger: Logger, limits = defaultLimits) {
    this.#source = source;
    this.#logger = logger;
    this.#gate = new FairGate(limits);
    network.handle(wireProtocols.photos, (request, context) => this.#answer(request, context));
  }

  /** What was served since the start: blocks, and bytes of photos. */
  get served(): { blocks: number; bytes: number } {
    return { blocks: this.#blocks, bytes: this.#bytes };
  }

  /** @throws AppError `protocol` for a request that no sound peer sends, `cancelled` when the asking peer left */
  async #answer(request: Frame, { peerId, signal }: RequestContext): Promise<Frame> {
    const asked = v.safeParse(BlockRequestSchema, request.header);
    if (!asked.success)
      throw new AppError('protocol', `Peer ${peerId} asked for a block in a way that has no meaning.`);
    const { id, offset, length } = asked.output;
    let leave: () => void;
    try {
      leave = await this.#gate.enter(peerId, length, signal);
    } catch (error) {
      if (AppError.is(error, 'refused')) return failed('busy');
      throw error;
    }
    try {
      return await this.#read(Buffer.from(id).toString('hex'), offset, length);
    } finally {
      leave();
    }
  }

  async #read(id: PhotoId, offset: number, length: number): Promise<Frame> {
    let reason: 'missing' | 'unreadable' = 'missing';
    for (const file of this.#source.locate(id)) {
      if (offset >= file.size) return failed('range');
      try {
        const data = await this.#files.read(file, offset, Math.min(length, file.size - offset));
        this.#blocks++;
        this.#bytes += data.length;
        return answer({ ok: true, size: file.size }, data);
      } catch (error) {
        // The next file with the same bytes may do; the peer is told when none does.
        this.#logger.warn(`cannot serve ${file.path}`, error);
        if (!AppError.is(error, 'not-found')) reason = 'unreadable';
      }
    }
    return failed(reason);
  }

  /** Closes the files. Blocks that are being read now are still answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}

function failed(reason: 'missing' | 'unreadable' | 'range' | 'busy'): Frame {
  return answer({ ok: false, reason }, nothing);
}

function answer(header: BlockAnswer, payload: Uint8Array): Frame {
  return { header, payload };
}
