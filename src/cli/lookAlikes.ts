import type { CompareProgress } from '../protocol/control.ts';
import { formatBytes, formatQuantity } from '../client/format.ts';
import type { CommandContext } from './context.ts';
import { compareText, ProgressLine } from './progressLine.ts';

/**
 * Waits until all photos have been compared with each other, and shows how far that is: what is asked next is then the
 * whole answer.
 */
export async function compared({
  client,
  signal,
  terminal,
}: Pick<CommandContext, 'client' | 'signal' | 'terminal'>): Promise<CompareProgress> {
  using progress = new ProgressLine(terminal, compareText);
  return await client.compare({ signal, onProgress: (now) => progress.update(now) });
}

/** `3 groups of duplicates, 12 MB to win`. */
export function groupsText(groups: number, bytes: number): string {
  return `${formatQuantity(groups, 'group')} of duplicates, ${formatBytes(bytes)} to win`;
}

/** Why not every pair has been decided: `3 pairs wait for a peer that is offline`. */
export function waitingText(pairs: number): string {
  return `${formatQuantity(pairs, 'pair')} ${pairs === 1 ? 'waits' : 'wait'} for a peer that is offline`;
}
