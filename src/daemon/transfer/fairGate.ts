import { AppError } from '../../protocol/errors.ts';
import { cancelled } from './cancellation.ts';

/** Bounds of a {@link FairGate}. Each must be at least 1. */
export interface FairGateLimits {
  /** Entries that may be inside at once, of all keys together. */
  total: number;
  /** Entries of one key that may be inside at once. */
  perKey: number;
  /** Sum of the costs of one key's entries inside; a single entry that costs more is let in alone. */
  costPerKey: number;
  /** Entries of one key that may wait; one more is refused. */
  waitingPerKey: number;
}

interface Waiting {
  cost: number;
  admit: () => void;
}

interface Lane {
  inside: number;
  cost: number;
  waiting: Waiting[];
}

/**
 * Lets work in by turns: each key (a peer, say) has its own queue and its own share, and the keys are served round robin,
 * so that one that asks for much does not make the others wait.
 */
export class FairGate {
  readonly #limits: FairGateLimits;
  // Insertion order is the order of turns: a key that was served goes to the end.
  readonly #lanes = new Map<string, Lane>();
  #inside = 0;

  constructor(limits: FairGateLimits) {
    this.#limits = limits;
  }

  /**
   * Waits for the turn of `key`.
   * @returns what must be called once when the work is done; calling it again does nothing
   * @throws AppError `refused` (too many of this key wait already), `cancelled` (the signal was aborted before its turn)
   */
  async enter(key: string, cost: number, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled();
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { inside: 0, cost: 0, waiting: [] };
      this.#lanes.set(key, lane);
    }
    const mine = lane;
    if (mine.waiting.length >= this.#limits.waitingPerKey) {
      throw new AppError('refused', 'Too many requests wait already: ask again when some were answered.');
    }
    await new Promise<void>((resolve, reject) => {
      const entry: Waiting = {
        cost,
        admit: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        mine.waiting.splice(mine.waiting.indexOf(entry), 1);
        this.#forgetIfIdle(key, mine);
        reject(cancelled());
      };
      signal.addEventListener('abort', abort, { once: true });
      mine.waiting.push(entry);
      this.#admit();
    });
    let left = false;
    return () => {
      if (left) return;
      left = true;
      mine.inside--;
      mine.cost -= cost;
      this.#inside--;
      this.#forgetIfIdle(key, mine);
      this.#admit();
    };
  }

  #admit(): void {
    for (let progress = true; progress;) {
      progress = false;
      // A copy: a key that is served moves to the end, and would come twice in one round.
      const turns = Array.from(this.#lanes);
      for (const [key, lane] of turns) {
        if (this.#inside >= this.#limits.total) return;
        const next = lane.waiting[0];
        if (!next || lane.inside >= this.#limits.perKey) continue;
        if (lane.inside > 0 && lane.cost + next.cost > this.#limits.costPerKey) continue;
        lane.waiting.shift();
        lane.inside++;
        lane.cost += next.cost;
        this.#inside++;
        this.#lanes.delete(key);
        this.#lanes.set(key, lane);
        progress = true;
        next.admit();
      }
    }
  }

  #forgetIfIdle(key: string, lane: Lane): void {
    if (lane.inside === 0 && lane.waiting.length === 0 && this.#lanes.get(key) === lane) this.#lanes.delete(key);
  }
}
