import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../src/daemon/base/logger.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { openDatabase } from '../../src/daemon/base/sqlite.ts';
import { replicateDecisions } from '../../src/daemon/catalogue/decisionReplication.ts';
import { Decisions, decisionsMigration } from '../../src/daemon/catalogue/decisions.ts';
import type { Network } from '../../src/daemon/network/types.ts';
import { wireProtocols } from '../../src/protocol/wire.ts';
import type { Machine } from '../network/support/peers.ts';
import { startPeer } from '../network/support/peers.ts';
import { counting } from './friend.ts';

/** A real peer on loopback with decisions and their replication. */
export interface DecisionFriend {
  readonly network: Network;
  readonly decisions: Decisions;
  readonly peerId: string;
  /** Records that came over the wire from this peer since the start. */
  recordsFrom(peerId: string): number;
  /** Leaves, as a daemon does. */
  stop(): Promise<void>;
}

function databaseFile(machine: Machine, name: string): string {
  return path.join(machine.home, 'folders', name, 'decisions.db');
}

/** What is left of the decisions when somebody deletes them. */
export function removeDecisions(machine: Machine, name: string): void {
  for (const ending of ['', '-wal', '-shm']) fs.rmSync(databaseFile(machine, name) + ending, { force: true });
}

/** Started again under the same name, it is the same peer with the decisions that it had. */
export async function startDecisionFriend(
  machine: Machine,
  name: string,
  wishes: { logger?: Logger; maxDecisions?: number } = {},
): Promise<DecisionFriend> {
  const logger = wishes.logger ?? silentLogger;
  const network = await startPeer(machine, name);
  const { peerId } = network.self;
  const database = openDatabase(databaseFile(machine, name), [decisionsMigration]);
  const decisions = new Decisions(database, peerId, logger, wishes.maxDecisions);
  const counts = new Map<string, number>();
  const replication = replicateDecisions(decisions, counting(network, wireProtocols.decisions, counts), logger, {
    firstPause: 20,
    longestPause: 100,
  });
  const stop = async (): Promise<void> => {
    await replication.stop();
    if (database.isOpen) database.close();
    await network.stop();
  };
  onTestFinished(stop);
  return { network, decisions, peerId, recordsFrom: (peer) => counts.get(peer) ?? 0, stop };
}
