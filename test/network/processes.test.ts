import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/waitFor.ts';
import {
  machine,
  startPeer,
  startPeerProcess,
  viewOf,
  waitForOneNetwork,
  type Machine,
  type PeerProcess,
} from './support/peers.ts';

/** Milliseconds: sooner than three missed pings can tell, so that the closed connection must have. */
const soon = 2_500;

async function threeProcesses(home: Machine): Promise<[PeerProcess, PeerProcess, PeerProcess]> {
  const first = await startPeerProcess(home, 'first');
  const second = await startPeerProcess(home, 'second');
  const third = await startPeerProcess(home, 'third');
  await waitForOneNetwork(() => views([first, second, third]));
  return [first, second, third];
}

function views(peers: readonly PeerProcess[]) {
  return Promise.all(peers.map((peer) => peer.view()));
}

describe('a central', { timeout: 60_000 }, () => {
  it('that is killed is succeeded by the next port without waiting for pings', async () => {
    const home = machine();
    const [first, second, third] = await threeProcesses(home);
    await first.kill('SIGKILL');
    const central = await waitForOneNetwork(() => views([second, third]), soon);
    expect(central).toMatchObject({ port: home.firstPort + 1, term: 2 });
  });

  it('that leaves is succeeded, and its port is taken over by whoever starts there', async () => {
    const home = machine();
    const [first, second, third] = await threeProcesses(home);
    await first.kill('SIGTERM');
    await waitForOneNetwork(() => views([second, third]), soon);
    const newcomer = await startPeerProcess(home, 'newcomer');
    const central = await waitForOneNetwork(() => views([second, third, newcomer]));
    expect(central.port).toBe(home.firstPort);
    expect(central.term).toBeGreaterThan(2);
  });

  it('that is stopped is succeeded within five seconds; woken, it finds itself succeeded and joins in a higher term', async () => {
    const home = machine();
    const [first, second, third] = await threeProcesses(home);
    await first.kill('SIGSTOP');
    const succeeded = await waitForOneNetwork(() => views([second, third]), 5_000);
    expect(succeeded).toMatchObject({ port: home.firstPort + 1, term: 2 });
    await first.kill('SIGCONT');
    const woken = await waitForOneNetwork(() => views([first, second, third]));
    expect(woken.port).toBe(home.firstPort);
    expect(woken.term).toBeGreaterThan(succeeded.term);
  });

  it('that is stopped for a moment keeps its role', async () => {
    const home = machine();
    const peers = await threeProcesses(home);
    const [first] = peers;
    await first.kill('SIGSTOP');
    // Longer than one round of pings whenever it begins, shorter than three.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await first.kill('SIGCONT');
    // Long enough that a verdict on the missed rounds would have been spoken.
    const until = Date.now() + 4_000;
    await waitFor('the time to pass', async () => {
      for (const view of await views(peers)) expect(view.central.term).toBe(1);
      return Date.now() > until;
    });
    expect((await waitForOneNetwork(() => views(peers))).term).toBe(1);
  });
});

describe('a member that is not central', () => {
  it('may be killed without a new term', async () => {
    const home = machine();
    const [first, second, third] = await threeProcesses(home);
    await third.kill('SIGKILL');
    const central = await waitForOneNetwork(() => views([first, second]), soon);
    expect(central).toMatchObject({ port: home.firstPort, term: 1 });
  });
});

describe('a peer that is too busy to listen', () => {
  it('does not take the others for dead', async () => {
    const home = machine();
    const first = await startPeerProcess(home, 'first');
    const busy = await startPeer(home, 'busy', { timings: { pingInterval: 100 } });
    await waitForOneNetwork(async () => [viewOf(busy), await first.view()]);
    const lost: string[] = [];
    busy.onPeerDown((peerId) => lost.push(peerId));
    let rounds = 0;
    const counting = setInterval(() => rounds++, 100);
    // Blocks this thread for ten rounds of pings.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    await waitFor('rounds enough for a verdict', () => rounds > 6);
    clearInterval(counting);
    expect(lost).toEqual([]);
  });
});
