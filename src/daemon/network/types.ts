import type { Unsubscribe } from '../base/emitter.ts';
import type { Member, Term, WireProtocol } from '../../protocol/wire.ts';

/** One frame: a header (any CBOR value, checked by whoever reads it) and bytes. */
export interface Frame {
  header: unknown;
  /** At most `wireLimits.payload` bytes. */
  payload: Uint8Array;
}

/** Answers requests that arrive on a stream of one protocol. */
export type RequestHandler = (request: Frame, context: RequestContext) => Promise<Frame>;

export interface RequestContext {
  /** The authenticated peer that asks. */
  readonly peerId: string;
  /** Aborted when the stream ends: nobody will read the answer. */
  readonly signal: AbortSignal;
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** Milliseconds until the request counts as failed. */
  timeout: number;
  payload?: Uint8Array;
}

/** Another peer of the network that is connected now. */
export interface LivePeer extends Member {
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
}

/** The network as the other rooms see it: who is there, who is central, and requests to each. It knows nothing of photos. */
export interface Network {
  readonly self: Member;
  /** Connected members, without this one. */
  peers(): LivePeer[];
  /** Who anchors the network now, and since which term. */
  central(): Term;
  /** A member was greeted (its hello was exchanged) or changed what it says of itself. */
  onPeerUp(listener: (peer: LivePeer) => void): Unsubscribe;
  onPeerDown(listener: (peerId: string) => void): Unsubscribe;
  onCentralChanged(listener: (term: Term) => void): Unsubscribe;
  /** Serves a protocol to every member. */
  handle(protocol: WireProtocol, handler: RequestHandler): void;
  /**
   * Asks a connected member, over the one long-lived stream of that protocol to it (opened when first needed).
   * @throws AppError `timeout`, `cancelled`, `protocol` (rubbish came back), `daemon-unreachable` (not connected, or the connection broke)
   */
  request(peerId: string, protocol: WireProtocol, header: unknown, options: RequestOptions): Promise<Frame>;
  /** Says goodbye to everybody and closes. */
  stop(): Promise<void>;
}
