import { wireLimits, wireProtocols } from '../../protocol/wire.ts';
import type { HoldingRecord } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import type { LivePeer, Network } from '../network/types.ts';
import type { Catalogue } from './catalogue.ts';
import { decodePage, encodePage, parseRecord } from './holdingsRecord.ts';
import type { ReplicatedLog, ReplicationTimes } from './logReplication.ts';
import { LogReplication } from './logReplication.ts';

/** Keeps the catalogues of all connected peers equal, and notes in this one who is there. */
export class HoldingsReplication {
  readonly #catalogue: Catalogue;
  readonly #replication: LogReplication<HoldingRecord>;
  readonly #present = new Map<string, LivePeer>();
  readonly #subscriptions: Unsubscribe[];

  constructor(catalogue: Catalogue, network: Network, logger: Logger, times: Partial<ReplicationTimes> = {}) {
    this.#catalogue = catalogue;
    catalogue.peerSeen(network.self, Date.now());
    this.#subscriptions = [
      network.onPeerUp((peer) => this.#up(peer)),
      network.onPeerDown((peerId) => this.#down(peerId)),
    ];
    for (const peer of network.peers()) this.#up(peer);
    this.#replication = new LogReplication(logOf(catalogue), network, logger, times);
  }

  /** Stops asking and answering; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    for (const peerId of this.#present.keys()) this.#down(peerId);
    await this.#replication.stop();
  }

  #up(peer: LivePeer): void {
    this.#present.set(peer.peerId, peer);
    this.#catalogue.peerSeen(peer, Date.now());
  }

  #down(peerId: string): void {
    const peer = this.#present.get(peerId);
    if (peer === undefined) return;
    this.#present.delete(peerId);
    this.#catalogue.peerSeen(peer, Date.now());
  }
}

function logOf(catalogue: Catalogue): ReplicatedLog<HoldingRecord> {
  return {
    protocol: wireProtocols.holdings,
    name: 'holdings',
    since: (index, after) => catalogue.ownSince(index, after, wireLimits.holdingsPage),
    onAdvanced: (listener) => catalogue.onOwnAdvanced(listener),
    encode: encodePage,
    decode: decodePage,
    parse: parseRecord,
    position: (peerId) => catalogue.remotePosition(peerId),
    apply: (peerId, page) => catalogue.applyRemote(peerId, page),
    forget: (peerId, limit) => catalogue.forgetHoldings(peerId, limit),
  };
}
