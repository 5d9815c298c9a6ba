import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startNode } from '../../src/daemon/network/node.ts';
import { RequestStreams } from '../../src/daemon/network/requestStreams.ts';
import { startNetwork } from '../../src/daemon/network/network.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import type { LivePeer, Network } from '../../src/daemon/network/types.ts';
import { wireProtocols, type Term } from '../../src/protocol/wire.ts';
import type { DaemonFile } from '../../src/protocol/state.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { machine, optionsOf, startPeer, viewOf, waitForOneNetwork, type Machine } from './support/peers.ts';
import { recordingLogger } from './support/recordingLogger.ts';

const noBytes = new Uint8Array(0);

/** Listens on a port as a program that is none of ours, until the test ends. */
async function stranger(port: number, onConnection: (socket: net.Socket) => void): Promise<void> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

async function startPeers(machine: Machine, count: number): Promise<Network[]> {
  const peers: Network[] = [];
  for (let n = 0; n < count; n++) peers.push(await startPeer(machine, `peer${n}`));
  return peers;
}

describe('a network', () => {
  it('is founded by the first peer, on the first port', async () => {
    const home = machine();
    const peer = await startPeer(home, 'first');
    expect(peer.self).toMatchObject({ port: home.firstPort, name: 'first' });
    expect(peer.self.addresses).toEqual([`/ip4/127.0.0.1/tcp/${home.firstPort}/p2p/${peer.self.peerId}`]);
    expect(peer.central()).toEqual({ term: 1, central: peer.self.peerId, port: home.firstPort });
    expect(peer.peers()).toEqual([]);
  });

  it('is joined on the next free ports by a full mesh with one central', async () => {
    const home = machine();
    const peers = await startPeers(home, 3);
    expect(peers.map(({ self }) => self.port - home.firstPort)).toEqual([0, 1, 2]);
    const central = await waitForOneNetwork(() => peers.map(viewOf));
    expect(central).toEqual({ term: 1, central: peers[0]?.self.peerId, port: home.firstPort });
    const seen = peers[2]?.peers().find(({ port }) => port === home.firstPort);
    expect(seen).toMatchObject({ name: 'peer0', peerId: peers[0]?.self.peerId, addresses: peers[0]?.self.addresses });
  });

  it('knows who is central as soon as a newcomer has started', async () => {
    const home = machine();
    const [first] = await startPeers(home, 1);
    const newcomer = await startPeer(home, 'newcomer');
    expect(newcomer.central().central).toBe(first?.self.peerId);
  });

  it('carries requests of every room, also such as come before the room is ready', async () => {
    const home = machine();
    const [one, other] = await startPeers(home, 2);
    if (!one || !other) throw new Error('two peers');
    const asked = other.request(one.self.peerId, wireProtocols.thumbnails, 'early', { timeout: 5_000 });
    one.handle(wireProtocols.thumbnails, async ({ header }, { peerId }) => ({
      header: [header, peerId],
      payload: noBytes,
    }));
    expect((await asked).header).toEqual(['early', other.self.peerId]);
    await expect(
      other.request('12D3KooWNobodyNobodyNobodyNobodyNobodyNobodyNobody12', wireProtocols.photos, 0, {
        timeout: 5_000,
      }),
    ).rejects.toMatchObject({
      code: 'daemon-unreachable',
    });
  });

  it('tells of peers that come and go, and of a new central', async () => {
    const home = machine();
    const [first, second] = await startPeers(home, 2);
    if (!first || !second) throw new Error('two peers');
    await waitForOneNetwork(() => [viewOf(first), viewOf(second)]);
    const ups: LivePeer[] = [];
    const downs: string[] = [];
    const centrals: Term[] = [];
    second.onPeerUp((peer) => ups.push(peer));
    second.onPeerDown((peerId) => downs.push(peerId));
    second.onCentralChanged((term) => centrals.push(term));
    const third = await startPeer(home, 'third');
    await waitFor('the third', () => ups.some(({ peerId }) => peerId === third.self.peerId));
    await first.stop();
    await waitFor('the end of the first', () => downs.includes(first.self.peerId));
    expect(centrals.at(-1)).toEqual({ term: 2, central: second.self.peerId, port: second.self.port });
    expect(second.peers().map(({ peerId }) => peerId)).toEqual([third.self.peerId]);
    await waitForOneNetwork(() => [viewOf(second), viewOf(third)]);
  });

  it('of ten that start at the same moment is one', async () => {
    const home = machine();
    const peers = await Promise.all(Array.from({ length: 10 }, (_, n) => startPeer(home, `peer${n}`)));
    expect(new Set(peers.map(({ self }) => self.port)).size).toBe(10);
    const central = await waitForOneNetwork(() => peers.map(viewOf));
    expect(central.port).toBe(Math.min(...peers.map(({ self }) => self.port)));
  });

  it('takes a newcomer on the freed lowest port as central, in a higher term', async () => {
    const home = machine();
    const [first, second, third] = await startPeers(home, 3);
    if (!first || !second || !third) throw new Error('three peers');
    await first.stop();
    const before = await waitForOneNetwork(() => [viewOf(second), viewOf(third)]);
    const newcomer = await startPeer(home, 'newcomer');
    expect(newcomer.self.port).toBe(home.firstPort);
    const after = await waitForOneNetwork(() => [second, third, newcomer].map(viewOf));
    expect(after.central).toBe(newcomer.self.peerId);
    expect(after.term).toBeGreaterThan(before.term);
  });

  it('finds a newcomer on the freed anchor port that knows nobody', async () => {
    const home = machine();
    const [first, second] = await startPeers(home, 2);
    if (!first || !second) throw new Error('two peers');
    await first.stop();
    const newcomer = await startPeer(home, 'newcomer', { home: temporaryFolder() });
    expect(newcomer.self.port).toBe(home.firstPort);
    const central = await waitForOneNetwork(() => [viewOf(second), viewOf(newcomer)]);
    expect(central.central).toBe(newcomer.self.peerId);
  });

  it('is found again by a peer that remembers it, when nobody is at the anchor', async () => {
    const home = machine();
    const [first, second, third] = await startPeers(home, 3);
    if (!first || !second || !third) throw new Error('three peers');
    await waitForOneNetwork(() => [first, second, third].map(viewOf));
    await Promise.all([first.stop(), third.stop()]);
    await stranger(home.firstPort, (socket) => socket.destroy());
    const again = await startPeer(home, 'peer2');
    expect(again.self.peerId).toBe(third.self.peerId);
    await waitForOneNetwork(() => [viewOf(second), viewOf(again)]);
  });

  it('never goes back in its terms, also when all of it was stopped', async () => {
    const home = machine();
    const [first] = await startPeers(home, 1);
    await first?.stop();
    const again = await startPeer(home, 'peer0');
    expect(again.central().term).toBe(2);
  });

  it('is found by the files of this user’s other daemons', async () => {
    const home = machine();
    // The anchor leads nowhere, so that nothing but the files can.
    await stranger(home.firstPort, (socket) => socket.destroy());
    const other = await startPeer(home, 'other', { port: home.firstPort + 7 });
    const file: DaemonFile = {
      pid: process.pid,
      peerId: other.self.peerId,
      folder: '/somewhere',
      network: 'default',
      port: other.self.port,
      addresses: other.self.addresses,
      control: '/socket',
      token: 'secret',
    };
    fs.writeFileSync(path.join(home.home, 'folders', 'other', 'daemon.json'), JSON.stringify(file));
    for (const [name, content] of [
      ['broken', '{'],
      ['foreign', JSON.stringify({ ...file, port: 'many' })],
    ] as const) {
      fs.mkdirSync(path.join(home.home, 'folders', name));
      fs.writeFileSync(path.join(home.home, 'folders', name, 'daemon.json'), content);
    }
    const peer = await startPeer(home, 'peer');
    expect(peer.self.port).toBe(home.firstPort + 1);
    await waitForOneNetwork(() => [viewOf(peer), viewOf(other)]);
  });

  it('is joined by the address of an invite', async () => {
    const home = machine();
    const [first] = await startPeers(home, 1);
    if (!first) throw new Error('a peer');
    const elsewhere = { ...machine(), networkKey: home.networkKey };
    const guest = await startPeer(elsewhere, 'guest', { join: first.self.addresses });
    await waitForOneNetwork(() => [viewOf(first), viewOf(guest)]);
    await expect(startPeer(elsewhere, 'lost', { join: ['localhost:5000'] })).rejects.toMatchObject({ code: 'usage' });
  });

  it('merges with another one under the lowest rank, in a term higher than both', async () => {
    const one = machine();
    const other = { ...machine(), networkKey: one.networkKey };
    const [a, b] = [await startPeers(one, 2), await startPeers(other, 2)];
    const terms = [await waitForOneNetwork(() => a.map(viewOf)), await waitForOneNetwork(() => b.map(viewOf))];
    const bridge = await startPeer(one, 'bridge', {
      join: [...(a[0]?.self.addresses ?? []), ...(b[0]?.self.addresses ?? [])],
    });
    const central = await waitForOneNetwork(() => [...a, ...b, bridge].map(viewOf));
    expect(central.term).toBeGreaterThan(Math.max(...terms.map(({ term }) => term)));
  });
});

describe('strangers', () => {
  it.each<[string, (socket: net.Socket) => void]>([
    ['says rubbish', (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nhello')],
    ['floods', (socket) => socket.on('drain', () => socket.write(Buffer.alloc(65_536))).write(Buffer.alloc(65_536))],
    ['hangs up', (socket) => socket.destroy()],
  ])('on the first port that %s is passed by', async (_, onConnection) => {
    const home = machine();
    await stranger(home.firstPort, onConnection);
    const peers = await startPeers(home, 2);
    expect(peers.map(({ self }) => self.port - home.firstPort)).toEqual([1, 2]);
  });

  it('on the first port that says nothing does not delay the founding by more than three seconds', async () => {
    const home = machine();
    await stranger(home.firstPort, () => undefined);
    const started = performance.now();
    const peer = await startPeer(home, 'peer');
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(peer.self.port).toBe(home.firstPort + 1);
    expect(peer.central()).toMatchObject({ central: peer.self.peerId, term: 1 });
  });

  it('with another key get nowhere: no member, no roster, no request', async () => {
    const home = machine();
    const log = recordingLogger();
    const ours = await startPeer(home, 'ours', { logger: log });
    let asked = false;
    for (const protocol of [wireProtocols.photos, wireProtocols.holdings]) {
      ours.handle(protocol, async () => {
        asked = true;
        return { header: null, payload: noBytes };
      });
    }
    const theirs = await startPeer(home, 'theirs', { networkKey: new Uint8Array(32).fill(8) });
    expect(theirs.peers()).toEqual([]);
    const key = await generateKeyPair('Ed25519');
    const node = await startNode({
      key,
      networkKey: new Uint8Array(32).fill(9),
      host: '127.0.0.1',
      port: home.firstPort + 20,
    });
    onTestFinished(async () => {
      await node.stop();
    });
    await expect(node.dial(ours.self.addresses.map((address) => multiaddr(address)))).rejects.toThrow();
    expect(ours.peers()).toEqual([]);
    expect(theirs.central().central).toBe(theirs.self.peerId);
    expect(asked).toBe(false);
    expect(log.lines.filter((line) => !line.startsWith('debug') && line.includes('is here'))).toEqual([]);
  });

  it('among members that claim to be somebody else are shown the door', async () => {
    const home = machine();
    const [ours] = await startPeers(home, 1);
    if (!ours) throw new Error('a peer');
    const key = await generateKeyPair('Ed25519');
    const node = await startNode({ key, networkKey: home.networkKey, host: '127.0.0.1', port: home.firstPort + 20 });
    onTestFinished(async () => {
      await node.stop();
    });
    await node.dial(multiaddr(ours.self.addresses[0]));
    const streams = new RequestStreams(node, { logger: silentLogger });
    const ask = (header: unknown) =>
      streams.request(ours.self.peerId, wireProtocols.members, header, { timeout: 5_000 });
    const honest = { peerId: node.peerId.toString(), name: 'liar', port: 1, addresses: [] };
    const term = { term: 5, central: honest.peerId, port: 1 };
    await expect(ask({ op: 'ping', term })).rejects.toMatchObject({ code: 'refused' });
    await expect(ask({ op: 'dance' })).rejects.toMatchObject({ code: 'protocol' });
    await expect(
      ask({ op: 'hello', self: { ...honest, name: 'evil\u001b[2J' }, term, roster: [] }),
    ).rejects.toMatchObject({ code: 'protocol' });
    expect(ours.peers()).toEqual([]);
    await expect(
      ask({ op: 'hello', self: { ...honest, peerId: ours.self.peerId }, term, roster: [] }),
    ).rejects.toThrow();
    await waitFor('the connection to be closed', () => node.getConnections().length === 0);
    expect(ours.peers()).toEqual([]);
    expect(ours.central().central).toBe(ours.self.peerId);
  });
});

describe('a port', () => {
  it('that was asked for is taken, or not had at all', async () => {
    const home = machine();
    const [first] = await startPeers(home, 1);
    if (!first) throw new Error('a peer');
    const chosen = await startPeer(home, 'chosen', { port: home.firstPort + 5 });
    expect(chosen.self.port).toBe(home.firstPort + 5);
    await expect(startPeer(home, 'unlucky', { port: home.firstPort })).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringMatching(new RegExp(`Port ${home.firstPort} is taken by another program: `)),
    });
  });

  it('that another daemon of this user has is said to be so', async () => {
    const home = machine();
    const [first] = await startPeers(home, 1);
    if (!first) throw new Error('a peer');
    const { peerId, port, addresses } = first.self;
    const file: DaemonFile = {
      pid: 1,
      peerId,
      folder: '/photos/first',
      network: 'default',
      port,
      addresses,
      control: '',
      token: '',
    };
    fs.writeFileSync(path.join(home.home, 'folders', 'peer0', 'daemon.json'), JSON.stringify(file));
    await expect(startPeer(home, 'unlucky', { port })).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining('the daemon of /photos/first'),
    });
  });

  it('cannot be had on an address of another machine', async () => {
    const home = machine();
    await expect(startPeer(home, 'peer', { listen: '192.0.2.1' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('is free again after stop, and everything has ended', async () => {
    const home = machine();
    const network = await startNetwork(optionsOf(home, 'peer'), { logger: silentLogger });
    await Promise.all([network.stop(), network.stop()]);
    await stranger(home.firstPort, () => undefined);
  });
});

describe('what is remembered', () => {
  it('is started afresh with a warning when its file is broken', async () => {
    const home = machine();
    const { stateFile } = optionsOf(home, 'peer');
    fs.mkdirSync(path.dirname(stateFile), { recursive: true });
    fs.writeFileSync(stateFile, '{"version":1,"term":"many"}');
    const log = recordingLogger();
    const peer = await startPeer(home, 'peer', { logger: log });
    expect(peer.central().term).toBe(1);
    expect(log.lines.filter((line) => line.startsWith('warn') && line.includes(stateFile))).toHaveLength(1);
  });

  it('of another network is not used', async () => {
    const home = machine();
    await (await startPeer(home, 'peer')).stop();
    const moved = await startPeer(home, 'peer', { networkKey: new Uint8Array(32).fill(8) });
    expect(moved.central().term).toBe(1);
  });
});
