import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p, Stream } from '@libp2p/interface';
import { onTestFinished } from 'vitest';
import { listenOnFreePort } from '../../../src/daemon/network/listen.ts';
import { startNode } from '../../../src/daemon/network/node.ts';
import { somePort } from './ports.ts';

/** A real node of the network with this key on loopback, stopped when the test ends. */
export async function testNode(networkKey = new Uint8Array(32).fill(1)): Promise<Libp2p> {
  const key = await generateKeyPair('Ed25519');
  const wish = { host: '127.0.0.1', port: undefined, firstPort: somePort(), holderOf: () => undefined };
  const node = await listenOnFreePort(wish, (port) => startNode({ key, networkKey, host: '127.0.0.1', port }));
  onTestFinished(async () => {
    await node.stop();
  });
  return node;
}

/** Opens a stream as a peer with own ideas of the protocol does. */
export async function rawStream(from: Libp2p, to: Libp2p, protocol: string): Promise<Stream> {
  const connection = await from.dial(to.getMultiaddrs());
  return connection.newStream(protocol);
}
