import * as v from 'valibot';
import { AppError } from '../../protocol/errors.ts';
import type { DecisionLogRecord } from '../../protocol/wire.ts';
import { DecisionLogRecordSchema, wireLimits, wireProtocols } from '../../protocol/wire.ts';
import type { Logger } from '../base/logger.ts';
import type { Network } from '../network/types.ts';
import type { Decisions } from './decisions.ts';
import { decodeLogPage, encodeLogPage } from './logPage.ts';
import type { ReplicatedLog, ReplicationTimes } from './logReplication.ts';
import { LogReplication } from './logReplication.ts';

/**
 * Keeps the decisions of all connected peers equal: see {@link Decisions}. The peer id of the connection says whose log is
 * read; whose decisions are in it, nobody proves.
 */
export function replicateDecisions(
  decisions: Decisions,
  network: Network,
  logger: Logger,
  times: Partial<ReplicationTimes> = {},
): LogReplication<DecisionLogRecord> {
  return new LogReplication(logOf(decisions), network, logger, times);
}

const name = 'decisions';

function logOf(decisions: Decisions): ReplicatedLog<DecisionLogRecord> {
  return {
    protocol: wireProtocols.decisions,
    name,
    since: (index, after) => decisions.since(index, after, wireLimits.decisionsPage),
    onAdvanced: (listener) => decisions.onAdvanced(listener),
    encode: encodeLogPage,
    decode: (payload) => decodeLogPage(payload, name, wireLimits.decisionsPage),
    parse: parseDecision,
    position: (peerId) => decisions.position(peerId),
    apply: (peerId, page) => void decisions.apply(peerId, page, Date.now()),
    // What a former log said counts until something later is said: there is nothing to take back.
    forget: () => false,
  };
}

/** Checks one element of a page as it came from a peer. @throws AppError `protocol` */
function parseDecision(element: unknown): DecisionLogRecord {
  const result = v.safeParse(DecisionLogRecordSchema, element, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  throw new AppError(
    'protocol',
    `A record of decisions is not valid: ${result.issues[0].message}; both sides should run the same version.`,
  );
}
