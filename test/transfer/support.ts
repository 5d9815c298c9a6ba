import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../src/daemon/base/logger.ts';
import { Fetcher, type FetcherOptions } from '../../src/daemon/transfer/fetcher.ts';
import type { Block, Carrier, FetchOrder } from '../../src/daemon/transfer/types.ts';
import { AppError } from '../../src/protocol/errors.ts';
import type { PhotoId } from '../../src/protocol/photo.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

export interface TestPhoto {
  id: PhotoId;
  bytes: Buffer;
}

/** A photo of random bytes. */
export function photoOf(size: number): TestPhoto {
  const bytes = randomBytes(size);
  return { bytes, id: idOf(bytes) };
}

export function idOf(bytes: Uint8Array): PhotoId {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a peer does with a request for a block. */
export type Behaviour = (offset: number, length: number, signal: AbortSignal) => Block | Promise<Block>;

/** A carrier to peers that behave, or misbehave, as a test says; keeps what they were asked for. */
export class TestPeers implements Carrier {
  readonly name = 'test';
  readonly asked: { peerId: string; offset: number; length: number }[] = [];
  readonly #peers = new Map<string, Behaviour>();

  add(peerId: string, behaviour: Behaviour): this {
    this.#peers.set(peerId, behaviour);
    return this;
  }

  reaches(peerId: string): boolean {
    return this.#peers.has(peerId);
  }

  async block(peerId: string, _id: PhotoId, offset: number, length: number, signal: AbortSignal): Promise<Block> {
    this.asked.push({ peerId, offset, length });
    const behaviour = this.#peers.get(peerId);
    if (!behaviour) throw new AppError('daemon-unreachable', `Peer ${peerId} is not connected.`);
    // As over a real line, the answer never comes in the tick of the question.
    await new Promise((resolve) => setImmediate(resolve));
    return behaviour(offset, length, signal);
  }

  /** Bytes asked of one peer. */
  bytesFrom(peerId: string): number {
    return this.asked.filter((request) => request.peerId === peerId).reduce((sum, { length }) => sum + length, 0);
  }
}

export function serving({ bytes }: TestPhoto): Behaviour {
  return (offset, length) => ({ size: bytes.length, data: bytes.subarray(offset, offset + length) });
}

/** Serves up to `end`, then is gone. */
export function servingUntil(end: number, photo: TestPhoto): Behaviour {
  const serve = serving(photo);
  return (offset, length, signal) => {
    if (offset + length > end) throw new AppError('daemon-unreachable', 'The connection broke.');
    return serve(offset, length, signal);
  };
}

/** The right length, the wrong bytes, from `from` on. */
export function lying({ bytes }: TestPhoto, from = 0): Behaviour {
  return serving({
    id: '',
    bytes: Buffer.concat([bytes.subarray(0, from), bytes.subarray(from).map((byte) => ~byte)]),
  });
}

/** A log that can be read. */
export class TestLogger implements Logger {
  readonly lines: string[] = [];
  error = (message: string): void => void this.lines.push(message);
  warn = this.error;
  info = this.error;
  debug = this.error;
  trace = this.error;
  child = (): Logger => this;
}

/** A photo folder with a fetcher, and a folder to fetch into. */
export class TestHome {
  readonly folder = temporaryFolder();
  readonly out = temporaryFolder();
  readonly incoming: string;
  readonly logger = new TestLogger();
  readonly fetcher: Fetcher;

  constructor(options: Partial<FetcherOptions>) {
    this.incoming = options.incoming ?? path.join(this.folder, '.photo-organizer', 'incoming');
    fs.mkdirSync(path.dirname(this.incoming), { recursive: true });
    this.fetcher = new Fetcher({
      self: 'me',
      incoming: this.incoming,
      carriers: [],
      logger: this.logger,
      ...options,
    });
  }

  order(photo: TestPhoto, holders: readonly string[], changes: Partial<FetchOrder> = {}): FetchOrder {
    return {
      id: photo.id,
      size: photo.bytes.length,
      holders,
      target: path.join(this.out, 'photo.jpg'),
      force: false,
      signal: new AbortController().signal,
      ...changes,
    };
  }

  partial(id: PhotoId): string {
    return path.join(this.incoming, `${id}.part`);
  }

  /** Names of what is left in the folder for photos on their way. */
  left(): string[] {
    return fs.existsSync(this.incoming) ? fs.readdirSync(this.incoming) : [];
  }
}

/** The error that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
