import type { CompareProgress, DaemonStatus } from '../protocol/control.ts';
import type { SessionStateKind } from '../session/state.ts';

/** How the status bar item looks; undefined: there is none, because nothing of this product is at work here. */
export interface StatusLook {
  /** Codicon, with `~spin` while something goes on. */
  readonly icon: string;
  readonly severity: 'none' | 'warning' | 'error';
  /** Percent of the scan, or else of the comparing, that is done, when it is that what is to be said; else null. */
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
  if (progressOf(status) !== null) return { icon: 'sync~spin', severity: 'none', percent: percentOf(status) };
  return { icon, severity: 'none', percent: null };
}

/** Whole percent that says 100 only when all is done; null while nothing is counted yet. */
function percentOf(status: DaemonStatus): number | null {
  const progress = progressOf(status);
  if (progress === null || progress.total === 0) return null;
  return Math.min(progress.done < progress.total ? 99 : 100, Math.floor((progress.done / progress.total) * 100));
}

/** Photos that are being compared; null when there is nothing to do but wait for a peer to come back. */
export function comparingNow({ comparing }: Pick<DaemonStatus, 'comparing'>): CompareProgress | null {
  return comparing !== null && comparing.done < comparing.total ? comparing : null;
}

/** What goes on. */
function progressOf(status: DaemonStatus): { done: number; total: number } | null {
  return status.scanning ?? comparingNow(status);
}
