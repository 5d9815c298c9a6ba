/** A peer in a process of its own, told by messages what to do: to be killed, or to have its memory measured. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { Fetcher } from '../../src/daemon/transfer/fetcher.ts';
import { Libp2pCarrier } from '../../src/daemon/transfer/libp2pCarrier.ts';
import type { IndexedFile } from '../../src/daemon/transfer/openFiles.ts';
import { PhotoServer } from '../../src/daemon/transfer/photoServer.ts';
import { toAppError } from '../../src/protocol/errors.ts';
import { startTestNode, type TestNodeOptions } from './testNode.ts';

export type PeerCommand =
  | { op: 'start'; node: TestNodeOptions; photos: [id: string, file: IndexedFile][] }
  /** `writePause`: milliseconds that the disk takes for each write. */
  | { op: 'fetch'; id: string; size: number; holders: string[]; target: string; writePause: number }
  | { op: 'report' };

export type PeerAnswer =
  | { peerId: string }
  | { path: string; from: string[] }
  | { error: string }
  /** Bytes. */
  | { served: number; maxRss: number };

type Start = Extract<PeerCommand, { op: 'start' }>;

async function start({ node, photos }: Start) {
  const network = await startTestNode(node);
  const held = new Map(photos);
  const locate = (id: string): IndexedFile[] => [held.get(id)].filter((file) => file !== undefined);
  const server = new PhotoServer(network, { locate }, silentLogger);
  const incoming = path.join(node.folder, 'incoming');
  const carriers = [new Libp2pCarrier(network)];
  const fetcher = new Fetcher({ self: network.self.peerId, incoming, carriers, logger: silentLogger });
  return { network, server, fetcher };
}

let peer: Awaited<ReturnType<typeof start>> | undefined;

async function slowDown(writePause: number, folder: string): Promise<void> {
  const probe = await fs.promises.open(path.join(folder, 'probe'), 'w');
  const prototype = Object.getPrototypeOf(probe) as { write: (...args: unknown[]) => Promise<unknown> };
  await probe.close();
  const { write } = prototype;
  prototype.write = async function slowWrite(...args) {
    await sleep(writePause);
    return write.apply(this, args);
  };
}

async function obey(command: PeerCommand): Promise<PeerAnswer> {
  if (command.op === 'start') {
    peer = await start(command);
    return { peerId: peer.network.self.peerId };
  }
  if (!peer) throw new Error('not started');
  if (command.op === 'report') {
    return { served: peer.server.served.bytes, maxRss: process.resourceUsage().maxRSS * 1024 };
  }
  const { id, size, holders, target, writePause } = command;
  while (!holders.every((holder) => peer?.network.peers().some(({ peerId }) => peerId === holder))) await sleep(50);
  if (writePause > 0) await slowDown(writePause, path.dirname(target));
  const { signal } = new AbortController();
  const fetched = await peer.fetcher.fetch({ id, size, holders, target, force: false, signal });
  return { path: fetched.path, from: fetched.from };
}

process.on('message', (command: PeerCommand) => {
  obey(command)
    .catch((error: unknown): PeerAnswer => ({ error: `${toAppError(error).code}: ${toAppError(error).message}` }))
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1));
});
process.on('disconnect', () => process.exit());
