import type { FetchProgress } from '../../protocol/control.ts';
import type { PhotoId } from '../../protocol/photo.ts';

/** A way to get ranges of photos from peers. The libp2p streams are one; WIRE's pinned TLS sockets will be another. */
export interface Carrier {
  readonly name: string;
  /** Whether this carrier can reach the peer now. */
  reaches(peerId: string): boolean;
  /**
   * Bytes `[offset, offset + length)` of a photo, fewer only at its end, and the size of the whole photo.
   * @param length at most `wireLimits.block`
   * @throws AppError `not-found` (the peer has it no more), `daemon-unreachable`, `timeout`, `protocol`, `cancelled`
   */
  block(peerId: string, id: PhotoId, offset: number, length: number, signal: AbortSignal): Promise<Block>;
}

export interface Block {
  /** Bytes of the whole photo. */
  size: number;
  data: Uint8Array;
}

/** What is to be fetched, and where it goes. */
export interface FetchOrder {
  id: PhotoId;
  /** Bytes, as the catalogue says; another size from a peer is that peer's error. */
  size: number;
  /** Peers that hold the photo and are online, best first. */
  holders: readonly string[];
  /** Absolute path of the file to write. Its folder exists. */
  target: string;
  /** Whether an existing different file may be replaced. */
  force: boolean;
  signal: AbortSignal;
  onProgress?: (progress: FetchProgress) => void;
}
