import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { silentLogger, type Logger } from '../../../src/daemon/base/logger.ts';
import { startNetwork } from '../../../src/daemon/network/network.ts';
import type { NetworkOptions, NetworkTimings } from '../../../src/daemon/network/options.ts';
import type { Network } from '../../../src/daemon/network/types.ts';
import type { Term } from '../../../src/protocol/wire.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { waitFor } from '../../support/waitFor.ts';
import { somePort } from './ports.ts';

/** A user's machine: a state folder, a network key, and the port where networks begin. */
export interface Machine {
  home: string;
  firstPort: number;
  networkKey: Uint8Array;
}

export function machine(): Machine {
  return { home: temporaryFolder(), firstPort: somePort(), networkKey: new Uint8Array(32).fill(7) };
}

export interface PeerWishes {
  port?: number;
  networkKey?: Uint8Array;
  networkName?: string;
  listen?: string;
  join?: string[];
  home?: string;
  timings?: Partial<NetworkTimings>;
  logger?: Logger;
}

/** What the daemon of the folder `name` would start the network with. */
export function optionsOf(machine: Machine, name: string, wishes: PeerWishes = {}): NetworkOptions {
  const folder = path.join(wishes.home ?? machine.home, 'folders', name);
  return {
    keyFile: path.join(folder, 'peer.key'),
    stateFile: path.join(folder, 'network.json'),
    networkKey: wishes.networkKey ?? machine.networkKey,
    networkName: wishes.networkName ?? 'default',
    name,
    firstPort: machine.firstPort,
    listen: wishes.listen ?? '127.0.0.1',
    join: wishes.join ?? [],
    home: wishes.home ?? machine.home,
    ...(wishes.port === undefined ? {} : { port: wishes.port }),
    ...(wishes.timings === undefined ? {} : { timings: wishes.timings }),
  };
}

/** A peer in this process, stopped when the test ends. */
export async function startPeer(machine: Machine, name: string, wishes: PeerWishes = {}): Promise<Network> {
  const network = await startNetwork(optionsOf(machine, name, wishes), { logger: wishes.logger ?? silentLogger });
  onTestFinished(() => network.stop());
  return network;
}

/** What a peer sees. */
export interface View {
  peerId: string;
  port: number;
  /** Ports of the others. */
  peers: number[];
  central: Term;
}

export function viewOf(network: Network): View {
  return {
    peerId: network.self.peerId,
    port: network.self.port,
    peers: network
      .peers()
      .map(({ port }) => port)
      .sort((a, b) => a - b),
    central: network.central(),
  };
}

/** Waits until all see each other, and the same central: the lowest port. Returns their term. */
export async function waitForOneNetwork(views: () => Promise<View[]> | View[], limit = 20_000): Promise<Term> {
  return waitFor(
    'all peers to be one network',
    async () => {
      const all = await views();
      const ports = all.map(({ port }) => port).sort((a, b) => a - b);
      const central = all.find(({ port }) => port === ports[0])?.central;
      if (central === undefined || central.port !== ports[0]) throw new Error(JSON.stringify(all));
      for (const view of all) {
        const others = ports.filter((port) => port !== view.port);
        if (
          JSON.stringify(view.peers) !== JSON.stringify(others) ||
          view.central.term !== central.term ||
          view.central.central !== central.central
        ) {
          throw new Error(JSON.stringify(all));
        }
      }
      return central;
    },
    limit,
  );
}

/** A peer in a process of its own. */
export interface PeerProcess {
  readonly pid: number;
  view(): Promise<View>;
  /** Sends a signal; SIGKILL and SIGTERM resolve when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export async function startPeerProcess(
  machine: Machine,
  name: string,
  wishes: Omit<PeerWishes, 'logger'> = {},
): Promise<PeerProcess> {
  const child = fork(fileURLToPath(new URL('peerMain.ts', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const first = message(child);
  child.send(optionsOf(machine, name, wishes));
  await first;
  return {
    pid: child.pid ?? 0,
    view: async () => {
      const answer = message(child);
      child.send('view');
      return (await answer) as View;
    },
    kill: async (signal) => {
      child.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended;
    },
  };
}

/** The next message of a child; its end before that is an error. */
function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the peer process ended'));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value);
    });
  });
}
