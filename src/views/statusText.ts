import type { DaemonStatus } from '../protocol/control.ts';
import type { SessionStateKind } from '../session/state.ts';

/** How the status bar item looks; undefined: there is none, because nothing of this product is at work here. */
export interface StatusLook {
  /** Codicon, with `~spin` while something goes on. */
  readonly icon: string;
  readonly severity: 'none' | 'warning' | 'error';
  /** Percent of the scan that is done, when it is that what is to be said; else null. */
  readonly percent: number | null;
}

const icon = 'device-camera';

/** @param status what the daemon says, while it runs */
export function statusLook(state: SessionStateKind, status: DaemonStatus | undefined): StatusLook | undefined {
  switch (state) {
    case 'noFolder':
    case 'untrusted':
    case 'notShared':
      return undefined;
    case 'starting':
      return { icon: 'loading~spin', severity: 'none', percent: null };
    case 'stopped':
      return { icon: 'debug-disconnect', severity: 'none', percent: null };
    case 'failed':
      return { icon: 'error', severity: 'error', percent: null };
    case 'running':
      break;
  }
  if (status === undefined) return { icon, severity: 'none', percent: null };
  if (status.health === 'error') return { icon: 'error', severity: 'error', percent: null };
  if (status.health === 'warning') return { icon: 'warning', severity: 'warning', percent: percentOf(status) };
  if (status.scanning !== null) return { icon: 'sync~spin', severity: 'none', percent: percentOf(status) };
  return { icon, severity: 'none', percent: null };
}

/** Whole percent that says 100 only when all is done; null while nothing is counted yet. */
function percentOf({ scanning }: DaemonStatus): number | null {
  if (scanning === null || scanning.total === 0) return null;
  return Math.min(scanning.done < scanning.total ? 99 : 100, Math.floor((scanning.done / scanning.total) * 100));
}
