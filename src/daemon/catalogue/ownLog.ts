import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HoldingRecord } from '../../protocol/wire.ts';
import type { Logger } from '../base/logger.ts';
import type { FeatureTable } from './featureTable.ts';
import { decodeStatement, hexOf, sentOf } from './holdingsRecord.ts';
import { LogNumbers } from './logNumbers.ts';
import type { PeerTable } from './peerTable.ts';
import { blobOf, bytesOf } from './columns.ts';

/** A part of the own log, ready to be sent. */
export interface OwnPage {
  /** Which log this is. */
  index: string;
  records: HoldingRecord[];
  /** Number of the last record; where it was asked from when there is none. */
  last: number;
  /** Whether the log goes on. */
  more: boolean;
}

/**
 * The log of this peer's own holdings: one record for each photo that it ever held, numbered by its latest change. An
 * **index id** names the log; a log that begins anew, or that was restored from a backup (see {@link LogNumbers}), has another
 * one, and then everybody reads it from the start.
 */
export class OwnLog {
  readonly #peers: PeerTable;
  readonly #features: FeatureTable;
  readonly #self: string;
  readonly #logger: Logger;
  readonly #append: StatementSync;
  readonly #page: StatementSync;
  readonly #held: StatementSync;
  readonly #clear: StatementSync;
  readonly #setIndex: StatementSync;
  readonly #setHead: StatementSync;
  readonly #numbers: LogNumbers;

  /** @param self peer id of this peer, which is known to `peers` */
  constructor(database: DatabaseSync, peers: PeerTable, features: FeatureTable, self: string, logger: Logger) {
    this.#peers = peers;
    this.#features = features;
    this.#self = self;
    this.#logger = logger;
    this.#append = database.prepare('INSERT OR REPLACE INTO own_log (seq, id) VALUES (?, ?)');
    this.#page = database.prepare(
      `SELECT l.seq, l.id, h.photo, h.statement FROM own_log l LEFT JOIN photos p ON p.id = l.id
       LEFT JOIN holdings h ON h.photo = p.photo AND h.peer = ? WHERE l.seq > ? ORDER BY l.seq LIMIT ?`,
    );
    this.#held = database.prepare(
      'SELECT p.id FROM holdings h JOIN photos p ON p.photo = h.photo WHERE h.peer = ? ORDER BY p.id',
    );
    this.#clear = database.prepare('DELETE FROM own_log');
    this.#setIndex = database.prepare('UPDATE peers SET log = ? WHERE peer_id = ?');
    this.#setHead = database.prepare('UPDATE peers SET seq = ? WHERE peer_id = ?');
    if (this.#index() === '') this.#renewIndex();
    this.#numbers = new LogNumbers(this.head());
  }

  #index(): string {
    return this.#peers.ensure(this.#self).log;
  }

  #renewIndex(): void {
    this.#setIndex.run(randomBytes(16).toString('hex'), this.#self);
    this.#peers.reload(this.#self);
  }

  /** Number of the last record; 0 for an empty log. */
  head(): number {
    return this.#peers.ensure(this.#self).seq;
  }

  /** The photo with this id came, went or is stated differently. In the caller's transaction. */
  append(id: Uint8Array): void {
    const seq = this.#numbers.take();
    this.#append.run(seq, id);
    this.#setHead.run(seq, this.#self);
  }

  /** Ids of the photos that this peer holds. */
  held(): string[] {
    const { number } = this.#peers.ensure(this.#self);
    return this.#held.all(number).map((row) => hexOf(bytesOf(row['id'])));
  }

  /** Begins a new, empty log. In the caller's transaction. */
  clear(): void {
    this.#clear.run();
    this.#setHead.run(0, this.#self);
    this.#renewIndex();
  }

  /** @param after a number that the asker got from this log, or 0 */
  since(index: string, after: number, limit: number): OwnPage {
    if (index === this.#index() && this.#numbers.noticeLoss(after)) {
      this.#logger.warn('a peer knows records that this log has lost: it gets a new index id and is sent anew');
      this.#renewIndex();
    }
    const self = this.#peers.ensure(this.#self);
    const from = index === self.log ? after : 0;
    const rows = this.#page.all(self.number, from, limit);
    const records = rows.map((row): HoldingRecord => {
      const statement = blobOf(row['statement']);
      const stated =
        statement === null ? null : sentOf(decodeStatement(statement), this.#features.of(Number(row['photo'])));
      return [Number(row['seq']), bytesOf(row['id']), stated];
    });
    const last = records.at(-1)?.[0] ?? from;
    return { index: self.log, records, last, more: last < self.seq };
  }
}
