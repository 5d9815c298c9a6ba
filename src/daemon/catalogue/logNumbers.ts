/**
 * Gives the records of a log their sequence numbers, and notices when records were lost that others have seen.
 *
 * A log can go back without beginning anew: the state folder was restored from a backup. So the numbers given in one run of
 * the daemon begin at the milliseconds of its clock. A peer that knows a number after the end of the restored log and before
 * the first of this run has seen records that were lost: then the log needs a new index id.
 */
export class LogNumbers {
  readonly #headAtStart: number;
  readonly #firstOfRun: number;
  #next: number;
  /** Once in a run is enough for a backup, and a peer that makes up numbers cannot cause a second one. */
  #noticed = false;

  /** @param head number of the last record that is there now; 0 for none */
  constructor(head: number) {
    this.#headAtStart = head;
    this.#firstOfRun = Math.max(head + 1, Date.now());
    this.#next = this.#firstOfRun;
  }

  /** The next number. One whose transaction fails is not given again. */
  take(): number {
    return this.#next++;
  }

  /** Whether `after`, which a peer got from this log, is of a record that was lost. Says so once. */
  noticeLoss(after: number): boolean {
    const issued = after <= this.#headAtStart || (after >= this.#firstOfRun && after < this.#next);
    if (issued || this.#noticed) return false;
    this.#noticed = true;
    return true;
  }
}
