import fs from 'node:fs';
import path from 'node:path';
import { silentLogger, type Logger } from '../../src/daemon/base/logger.ts';
import { startNetwork } from '../../src/daemon/network/network.ts';
import type { Network } from '../../src/daemon/network/types.ts';

export interface TestNodeOptions {
  /** Its own folder, for key and state. */
  folder: string;
  /** Hex; nodes with the same one find each other. */
  networkKey: string;
  firstPort: number;
}

/** A real node on loopback. The caller stops it. */
export async function startTestNode(options: TestNodeOptions, logger: Logger = silentLogger): Promise<Network> {
  const home = path.join(options.folder, 'home');
  fs.mkdirSync(home, { recursive: true });
  return startNetwork(
    {
      keyFile: path.join(options.folder, 'peer.key'),
      networkKey: Buffer.from(options.networkKey, 'hex'),
      networkName: 'test',
      name: path.basename(options.folder),
      firstPort: options.firstPort,
      listen: '127.0.0.1',
      join: [],
      home,
      stateFile: path.join(options.folder, 'network.json'),
      timings: { discoveryInterval: 200 },
    },
    { logger },
  );
}
