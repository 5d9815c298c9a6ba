import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { decodeCbor } from '../../src/daemon/base/cbor.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { Logger } from '../../src/daemon/base/logger.ts';
import { openCatalogue } from '../../src/daemon/catalogue/catalogue.ts';
import type { Catalogue } from '../../src/daemon/catalogue/catalogue.ts';
import type { ReplicationTimes } from '../../src/daemon/catalogue/logReplication.ts';
import { HoldingsReplication } from '../../src/daemon/catalogue/replication.ts';
import type { Network } from '../../src/daemon/network/types.ts';
import type { Verdicts } from '../../src/daemon/catalogue/lookAlikeGroups.ts';
import type { PhotoFeatures } from '../../src/protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../src/protocol/photo.ts';
import type { WireProtocol } from '../../src/protocol/wire.ts';
import { wireProtocols } from '../../src/protocol/wire.ts';
import type { Machine } from '../network/support/peers.ts';
import { startPeer } from '../network/support/peers.ts';

/** A real peer on loopback with a real catalogue and its replication. */
export interface Friend {
  readonly network: Network;
  readonly catalogue: Catalogue;
  readonly replication: HoldingsReplication;
  readonly peerId: string;
  /** Records that came over the wire from this peer since the start. */
  recordsFrom(peerId: string): number;
  /** Everything it knows: id, name and holders of each photo. */
  collection(): string[];
  /** Leaves, as a daemon does. */
  stop(): Promise<void>;
}

export interface FriendWishes {
  port?: number;
  logger?: Logger;
  times?: Partial<ReplicationTimes>;
  maxPhotosPerPeer?: number;
  featuresOf?: (id: PhotoId) => PhotoFeatures | undefined;
  verdicts?: Verdicts;
}

/** Short pauses, so that tests see a second try; the default long wait, so that they see that nothing waits for it. */
const hurried: Partial<ReplicationTimes> = { firstPause: 20, longestPause: 100 };

function catalogueFile(machine: Machine, name: string): string {
  return path.join(machine.home, 'folders', name, 'catalogue.db');
}

/** What is left of a catalogue when somebody deletes it. */
export function removeCatalogue(machine: Machine, name: string): void {
  for (const ending of ['', '-wal', '-shm']) fs.rmSync(catalogueFile(machine, name) + ending, { force: true });
}

/** Started again under the same name, it is the same peer with the catalogue that it had. */
export async function startFriend(
  machine: Machine,
  name: string,
  photos: Iterable<PhotoFacts>,
  wishes: FriendWishes = {},
): Promise<Friend> {
  const logger = wishes.logger ?? silentLogger;
  const network = await startPeer(machine, name, wishes.port === undefined ? {} : { port: wishes.port });
  const { peerId } = network.self;
  const catalogue = openCatalogue(
    {
      file: catalogueFile(machine, name),
      self: { peerId, name },
      copies: 2,
      ...(wishes.maxPhotosPerPeer === undefined ? {} : { maxPhotosPerPeer: wishes.maxPhotosPerPeer }),
      ...(wishes.featuresOf === undefined ? {} : { featuresOf: wishes.featuresOf }),
      ...(wishes.verdicts === undefined ? {} : { verdicts: wishes.verdicts }),
    },
    { logger },
  );
  catalogue.reconcileOwn(photos);
  const counts = new Map<string, number>();
  const replication = new HoldingsReplication(catalogue, counting(network, wireProtocols.holdings, counts), logger, {
    ...hurried,
    ...wishes.times,
  });
  const stop = async (): Promise<void> => {
    await replication.stop();
    catalogue[Symbol.dispose]();
    await network.stop();
  };
  onTestFinished(stop);
  return {
    network,
    catalogue,
    replication,
    peerId,
    recordsFrom: (peer) => counts.get(peer) ?? 0,
    collection: () =>
      catalogue
        .list({}, new Set())
        .photos.map(({ id, name, holders }) => [id, name, ...holders.map(({ peerId }) => peerId)].join(' ')),
    stop,
  };
}

/** The same network; the records in answers to requests for a log are counted by peer. */
export function counting(network: Network, log: WireProtocol, counts: Map<string, number>): Network {
  return {
    self: network.self,
    peers: () => network.peers(),
    central: () => network.central(),
    onPeerUp: (listener) => network.onPeerUp(listener),
    onPeerDown: (listener) => network.onPeerDown(listener),
    onCentralChanged: (listener) => network.onCentralChanged(listener),
    handle: (protocol, handler) => network.handle(protocol, handler),
    stop: () => network.stop(),
    request: async (peerId, protocol, header, options) => {
      const frame = await network.request(peerId, protocol, header, options);
      if (protocol === log) {
        counts.set(peerId, (counts.get(peerId) ?? 0) + recordsIn(frame.payload));
      }
      return frame;
    },
  };
}

function recordsIn(payload: Uint8Array): number {
  const records: unknown = payload.length === 0 ? [] : decodeCbor(payload);
  return Array.isArray(records) ? records.length : 0;
}
