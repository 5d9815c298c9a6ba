/** One end of the transfer benchmark, in a process of its own: holds photos, or fetches them, by either way. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { startNetwork } from '../../src/daemon/network/network.ts';
import { Fetcher } from '../../src/daemon/transfer/fetcher.ts';
import { Libp2pCarrier } from '../../src/daemon/transfer/libp2pCarrier.ts';
import type { IndexedFile } from '../../src/daemon/transfer/openFiles.ts';
import { PhotoServer } from '../../src/daemon/transfer/photoServer.ts';

export interface BenchPhoto extends IndexedFile {
  id: string;
}

export type BenchCommand =
  | { op: 'start'; folder: string; networkKey: string; firstPort: number; photos: BenchPhoto[] }
  | { op: 'fetch'; way: Way; holder: Holder; photos: BenchPhoto[]; concurrency: number }
  | { op: 'cpu' };

/** `photos`: our own transfer over libp2p. `tcp`: bytes over a plain socket, hashed, written and synced in the same way. */
export type Way = 'photos' | 'tcp';

export interface Holder {
  peerId: string;
  tcpPort: number;
}

export interface BenchAnswers {
  start: Holder;
  /** Milliseconds. */
  fetch: { ms: number };
  /** Seconds of processor time since the start of the process, and the most memory in bytes. */
  cpu: { seconds: number; maxRss: number };
}

interface Running {
  folder: string;
  fetcher: Fetcher;
  network: Awaited<ReturnType<typeof startNetwork>>;
}

let running: Running | undefined;

async function start({
  folder,
  networkKey,
  firstPort,
  photos,
}: Extract<BenchCommand, { op: 'start' }>): Promise<Holder> {
  const home = path.join(folder, 'home');
  await mkdir(home, { recursive: true });
  const network = await startNetwork(
    {
      keyFile: path.join(folder, 'peer.key'),
      networkKey: Buffer.from(networkKey, 'hex'),
      networkName: 'bench',
      name: path.basename(folder),
      firstPort,
      listen: '127.0.0.1',
      join: [],
      home,
      stateFile: path.join(folder, 'network.json'),
    },
    { logger: silentLogger },
  );
  const held = new Map(photos.map((photo) => [photo.id, photo]));
  const locate = (id: string): BenchPhoto[] => [held.get(id)].filter((photo) => photo !== undefined);
  void new PhotoServer(network, { locate }, silentLogger);
  const carriers = [new Libp2pCarrier(network)];
  const incoming = path.join(folder, 'incoming');
  const fetcher = new Fetcher({ self: network.self.peerId, incoming, carriers, logger: silentLogger });
  running = { folder, fetcher, network };
  return { peerId: network.self.peerId, tcpPort: await serveTcp(held) };
}

/** Answers each id (32 bytes) with the length (u64) and the bytes of the photo. */
async function serveTcp(photos: ReadonlyMap<string, BenchPhoto>): Promise<number> {
  const server = net.createServer((socket) => {
    serveSocket(socket, photos).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function serveSocket(socket: net.Socket, photos: ReadonlyMap<string, BenchPhoto>): Promise<void> {
  for await (const id of socket as AsyncIterable<Buffer>) {
    const photo = photos.get(id.toString('hex'));
    if (!photo) throw new Error('no such photo');
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(photo.size));
    socket.write(length);
    for await (const piece of fs.createReadStream(photo.path, { highWaterMark: 256 * 1024 })) {
      if (!socket.write(piece)) await once(socket, 'drain');
    }
  }
}

async function fetchAll({
  way,
  holder,
  photos,
  concurrency,
}: Extract<BenchCommand, { op: 'fetch' }>): Promise<{ ms: number }> {
  if (!running) throw new Error('not started');
  const { folder, fetcher, network } = running;
  const out = path.join(folder, `out-${randomBytes(4).toString('hex')}`);
  await mkdir(out);
  while (!network.peers().some(({ peerId }) => peerId === holder.peerId))
    await new Promise((done) => setTimeout(done, 20));
  const left = photos.entries();
  const overPhotos = async (): Promise<void> => {
    const { signal } = new AbortController();
    for (const [index, { id, size }] of left) {
      await fetcher.fetch({
        id,
        size,
        holders: [holder.peerId],
        target: path.join(out, `${index}`),
        force: false,
        signal,
      });
    }
  };
  const overTcp = async (): Promise<void> => {
    const socket = net.connect(holder.tcpPort, '127.0.0.1');
    const pieces = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (const [index, photo] of left) await fetchTcp(socket, pieces, photo, path.join(out, `${index}`));
    socket.destroy();
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, way === 'tcp' ? overTcp : overPhotos));
  const ms = performance.now() - started;
  await rm(out, { recursive: true });
  return { ms };
}

async function fetchTcp(
  socket: net.Socket,
  pieces: AsyncIterator<Buffer>,
  photo: BenchPhoto,
  target: string,
): Promise<void> {
  socket.write(Buffer.from(photo.id, 'hex'));
  const hash = createHash('sha256');
  const file = await open(`${target}.part`, 'wx');
  let position = -8;
  while (position < photo.size) {
    const { value, done } = await pieces.next();
    if (done === true) throw new Error('the connection ended');
    // The first piece begins with the length, which is known.
    const data = position < 0 ? value.subarray(-position) : value;
    const written = data.length === 0 ? undefined : file.write(data);
    hash.update(data);
    await written;
    position += value.length;
  }
  if (hash.digest('hex') !== photo.id) throw new Error('wrong bytes');
  await file.sync();
  await file.close();
  await rename(`${target}.part`, target);
  const folder = await open(path.dirname(target));
  await folder.sync();
  await folder.close();
}

async function obey(command: BenchCommand): Promise<BenchAnswers[keyof BenchAnswers]> {
  if (command.op === 'start') return start(command);
  if (command.op === 'fetch') return fetchAll(command);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { seconds: (userCPUTime + systemCPUTime) / 1e6, maxRss: maxRSS * 1024 };
}

process.on('message', (command: BenchCommand) => {
  obey(command).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
