import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import net from 'node:net';
import { createLibp2p } from 'libp2p';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';

/** Mixed into the handshake with the network key: who speaks another version of it is as unknown as a stranger. */
const prologueVersion = 'photo-organizer/noise/1';

/** Connections of one peer: two that dial each other at once make two. */
const connectionsPerPeer = 3;
const maxConnections = 1024;
/** Milliseconds for one address: TCP connect and handshake. */
export const dialTimeout = 4_000;

export interface NodeOptions {
  key: Ed25519PrivateKey;
  /** 32 bytes. */
  networkKey: Uint8Array;
  /** IP address. */
  host: string;
  port: number;
}

/** A started libp2p node of the network: TCP, Noise with the network key, Yamux, and no service beside them. */
export async function startNode(options: NodeOptions): Promise<Libp2p> {
  const self = peerIdFromPrivateKey(options.key);
  const family = net.isIPv6(options.host) ? 'ip6' : 'ip4';
  let node: Libp2p | undefined = undefined;
  const crowded = (peerId: string): boolean =>
    (node?.getConnections().filter((connection) => connection.remotePeer.toString() === peerId).length ?? 0) >=
    connectionsPerPeer;
  const created = await createLibp2p({
    start: false,
    privateKey: options.key,
    addresses: { listen: [`/${family}/${options.host}/tcp/${options.port}`] },
    transports: [tcp()],
    connectionEncrypters: [
      noise({ prologueBytes: Buffer.concat([Buffer.from(`${prologueVersion}\0`), options.networkKey]) }),
    ],
    streamMuxers: [
      yamux({
        maxInboundStreams: 64,
        maxOutboundStreams: 64,
        // The window must stay below the read buffer, or a paused stream aborts itself.
        streamOptions: { maxStreamWindowSize: 1024 * 1024, maxReadBufferLength: 4 * 1024 * 1024 },
      }),
    ],
    // Our own pings over the members stream tell who is gone: they share a rhythm and a threshold with the election.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections,
      maxParallelDials: 16,
      dialTimeout: 2 * dialTimeout,
      addressDialTimeout: dialTimeout,
      inboundUpgradeTimeout: dialTimeout,
      // Friends on one machine or behind one address open many connections in the same second.
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 128,
      reconnectRetries: 0,
    },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundEncryptedConnection: (peerId) => self.equals(peerId) || crowded(peerId.toString()),
      denyOutboundEncryptedConnection: (peerId) => self.equals(peerId),
    },
  });
  node = created;
  try {
    await created.start();
  } catch (error) {
    await created.stop();
    throw error;
  }
  return created;
}
