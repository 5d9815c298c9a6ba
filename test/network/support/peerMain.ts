import process from 'node:process';
import { silentLogger } from '../../../src/daemon/base/logger.ts';
import { startNetwork } from '../../../src/daemon/network/network.ts';
import type { NetworkOptions } from '../../../src/daemon/network/options.ts';
import type { Network } from '../../../src/daemon/network/types.ts';

// A peer in a process of its own, to be stopped and killed by tests: options come first, then it answers `view`.

let network: Network | undefined;

async function onMessage(message: unknown): Promise<void> {
  if (network === undefined) {
    network = await startNetwork(message as NetworkOptions, { logger: silentLogger });
    process.send?.('ready');
    return;
  }
  process.send?.({
    peerId: network.self.peerId,
    port: network.self.port,
    peers: network
      .peers()
      .map(({ port }) => port)
      .sort((a, b) => a - b),
    central: network.central(),
  });
}

process.on('message', (message) => {
  onMessage(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('SIGTERM', () => {
  const left = network?.stop() ?? Promise.resolve();
  left.then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
