import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Decision } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import type { DecisionLogRecord } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import type { Migration } from '../base/sqlite.ts';
import { inTransaction } from '../base/sqlite.ts';
import { databaseError } from '../library/cacheDatabase.ts';
import { hexOf, idBytes } from './holdingsRecord.ts';
import { LogNumbers } from './logNumbers.ts';
import type { LogPage, OwnLogPage } from './logPage.ts';
import { checkLogPage } from './logPage.ts';
import { bytesOf } from './columns.ts';

/** The tables of {@link Decisions}. */
export const decisionsMigration: Migration = `
  -- The latest decision about each pair (a < b are no duplicates) and each photo (keep a; b is empty), also when it was taken
  -- back (is_set 0), so that an older one that comes later does not count. seq: of this peer's own log.
  CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY,
    a BLOB NOT NULL,
    b BLOB NOT NULL,
    is_set INTEGER NOT NULL,
    time INTEGER NOT NULL,
    author TEXT NOT NULL
  );
  CREATE UNIQUE INDEX decisions_by_subject ON decisions (a, b);
  CREATE INDEX decisions_by_other ON decisions (b, a);
  CREATE INDEX decisions_by_time ON decisions (time, author);

  -- Which log of each peer is known up to which record. For this peer itself: the index id of its own log.
  CREATE TABLE decision_logs (peer_id TEXT PRIMARY KEY, log TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
`;

/** How far the log of a peer is known: `index` is empty and `seq` 0 when nothing is. */
export interface DecisionPosition {
  index: string;
  seq: number;
}

/** A decision that counts now. */
export interface CountingDecision {
  decision: Decision;
  /** Milliseconds since the epoch. */
  at: number;
  /** Peer id of where it was decided, as whoever passed it on says. */
  author: string;
}

/** What a decision is about: two photos that are no duplicates, the lower id first; or a keeper, then the other is empty. */
interface Subject {
  a: Uint8Array<ArrayBuffer>;
  b: Uint8Array<ArrayBuffer>;
}

/** A decision. Of two about the same, the one with the higher (time, author) counts. */
interface Entry extends Subject {
  isSet: boolean;
  time: number;
  author: string;
}

/** Decisions are kept also when they were taken back: this many, of all peers together. */
const defaultMaxDecisions = 200_000;

/** Milliseconds that the clock of another peer may be ahead: what comes from later would win for ever. */
const maxAhead = 24 * 60 * 60 * 1000;

const empty = new Uint8Array();

/**
 * What people said of photos ("these two are no duplicates", "keep this one"), on whichever peer. Each pair and each photo is a
 * register that the last writer wins; so peers that have seen the same decisions, in whatever order, say the same.
 *
 * Every peer has a log of the registers as it knows them, its own decisions and those of others alike, numbered by their latest
 * change; all read each other's. So a decision reaches everybody through anybody, also when its author is gone.
 *
 * Any member of the network may decide anything, and take back what others decided: authors are labels and are not proven.
 * A wrong decision costs a wrong proposal, which a person sees and can take back.
 */
export class Decisions {
  readonly #database: DatabaseSync;
  readonly #self: string;
  readonly #logger: Logger;
  readonly #maxDecisions: number;
  readonly #numbers: LogNumbers;
  readonly #changed: Emitter<readonly PhotoId[]>;
  readonly #advanced: Emitter<void>;
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #others: StatementSync;
  readonly #counting: StatementSync;
  readonly #page: StatementSync;
  readonly #position: StatementSync;
  readonly #setPosition: StatementSync;
  readonly #facts: StatementSync;
  #count = 0;
  /** The latest time of all decisions. */
  #latest = 0;
  /** Number of the last record of the own log. */
  #head = 0;

  /**
   * @param database that has the tables of {@link decisionsMigration}
   * @param self peer id of this peer
   */
  constructor(database: DatabaseSync, self: string, logger: Logger, maxDecisions = defaultMaxDecisions) {
    this.#database = database;
    this.#self = self;
    this.#logger = logger;
    this.#maxDecisions = maxDecisions;
    this.#changed = new Emitter(logger);
    this.#advanced = new Emitter(logger);
    this.#find = database.prepare('SELECT is_set, time, author FROM decisions WHERE a = ? AND b = ?');
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO decisions (seq, a, b, is_set, time, author) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#others = database.prepare(
      `SELECT b AS other FROM decisions WHERE a = :id AND b <> x'' AND is_set = 1
       UNION ALL SELECT a FROM decisions WHERE b = :id AND is_set = 1`,
    );
    this.#counting = database.prepare(
      'SELECT * FROM decisions WHERE is_set = 1 ORDER BY time DESC, author DESC, a, b LIMIT ?',
    );
    this.#page = database.prepare('SELECT * FROM decisions WHERE seq > ? ORDER BY seq LIMIT ?');
    this.#position = database.prepare('SELECT log, seq FROM decision_logs WHERE peer_id = ?');
    this.#setPosition = database.prepare('INSERT OR REPLACE INTO decision_logs (peer_id, log, seq) VALUES (?, ?, ?)');
    this.#facts = database.prepare(
      'SELECT count(*) AS count, coalesce(max(time), 0) AS latest, coalesce(max(seq), 0) AS head FROM decisions',
    );
    this.#readFacts();
    this.#numbers = new LogNumbers(this.#head);
    if (this.#index() === '') this.#renewIndex();
  }

  #readFacts(): void {
    const row = this.#facts.get();
    this.#count = Number(row?.['count']);
    this.#latest = Number(row?.['latest']);
    this.#head = Number(row?.['head']);
  }

  //#region deciding

  /**
   * A person decides here, or (`undo`) takes back what was decided, here or elsewhere. The stamps are later than those of all
   * decisions known, also when the clock of a peer is ahead: who decides has seen them.
   * @param now milliseconds since the epoch
   * @throws AppError `usage` for a pair of a photo and itself, `refused` when there are too many decisions, `disk-full`
   */
  decide(decisions: readonly Decision[], undo: boolean, now: number): void {
    const entries = decisions.map(subjectOf);
    // What a person decided is nowhere else yet: it reaches the disk before it counts.
    this.#database.exec('PRAGMA synchronous = FULL');
    try {
      this.#transaction((touched) => {
        for (const subject of entries) this.#decideOne(subject, !undo, now, touched);
        if (this.#count > this.#maxDecisions) {
          throw new AppError(
            'refused',
            `There are ${this.#maxDecisions} decisions about photos already: no more are taken.`,
          );
        }
      });
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #decideOne(subject: Subject, isSet: boolean, now: number, touched: Set<PhotoId>): void {
    const known = this.#known(subject);
    // A keeper that is chosen again is the latest choice again.
    const isNews = isSet ? known?.isSet !== true || isKeeper(subject) : known?.isSet === true;
    if (!isNews) return;
    const time = Math.max(now, this.#latest + 1);
    this.#write({ ...subject, isSet, time, author: this.#self }, known === undefined, touched);
  }

  /**
   * Takes over a page of a peer's log: all of it or nothing, but for decisions from more than a day in the future, which are
   * left out. A page of another log than the one known begins at its start; what is known stays.
   * @param peerId the authenticated peer that sent it
   * @param page records that were checked one by one
   * @param now milliseconds since the epoch
   * @returns ids of the photos that decisions changed for
   * @throws AppError `protocol` when numbers do not ascend from the known position, or there are too many decisions
   */
  apply(peerId: string, page: LogPage<DecisionLogRecord>, now: number): readonly PhotoId[] {
    if (peerId === this.#self) throw new AppError('protocol', 'A page of decisions came from this peer itself.');
    const known = this.position(peerId);
    checkLogPage(page, 'decisions', page.index === known.index ? known.seq : 0);
    const early = page.records.filter(([, , , , , time]) => time > now + maxAhead);
    const touched = this.#transaction((ids) => {
      for (const record of page.records) if (record[5] <= now + maxAhead) this.#applyOne(entryOf(record), ids);
      this.#setPosition.run(peerId, page.index, page.last);
      if (this.#count > this.#maxDecisions) {
        throw new AppError('protocol', `${peerId} states more than ${this.#maxDecisions} decisions: that is refused.`);
      }
    });
    if (early.length > 0) {
      this.#logger.warn(
        `${early.length} decisions that ${peerId} passed on are from the future and are left out: the clock where they were made is wrong`,
      );
    }
    return touched;
  }

  #applyOne(entry: Entry, touched: Set<PhotoId>): void {
    const known = this.#known(entry);
    if (known === undefined || isLater(entry, known)) this.#write(entry, known === undefined, touched);
  }

  #known(subject: Subject): Pick<Entry, 'isSet' | 'time' | 'author'> | undefined {
    const row = this.#find.get(subject.a, subject.b);
    return row === undefined
      ? undefined
      : { isSet: row['is_set'] === 1, time: Number(row['time']), author: String(row['author']) };
  }

  #write(entry: Entry, isNew: boolean, touched: Set<PhotoId>): void {
    this.#head = this.#numbers.take();
    // The number is a new one, so what this replaces is the record about the same.
    this.#put.run(this.#head, entry.a, entry.b, entry.isSet ? 1 : 0, entry.time, entry.author);
    if (isNew) this.#count++;
    this.#latest = Math.max(this.#latest, entry.time);
    touched.add(hexOf(entry.a));
    if (!isKeeper(entry)) touched.add(hexOf(entry.b));
  }

  #transaction(work: (touched: Set<PhotoId>) => void): readonly PhotoId[] {
    const touched = new Set<PhotoId>();
    try {
      inTransaction(this.#database, () => work(touched));
    } catch (error) {
      this.#readFacts();
      throw databaseError(error);
    }
    const ids = [...touched];
    if (ids.length > 0) {
      this.#advanced.emit();
      this.#changed.emit(ids);
    }
    return ids;
  }

  //#endregion
  //#region questions

  /** Whether a person said that the two are no duplicates. */
  isDistinct(a: PhotoId, b: PhotoId): boolean {
    return a !== b && this.#known(subjectOf({ kind: 'distinct', photos: [a, b] }))?.isSet === true;
  }

  /** The photos that a person said are no duplicates of this one. */
  distinctOf(id: PhotoId): PhotoId[] {
    return this.#others.all({ id: idBytes(id) }).map((row) => hexOf(bytesOf(row['other'])));
  }

  /** When a person chose the photo as the keeper of its group (milliseconds, to be compared only); 0 for never. */
  chosenStamp(id: PhotoId): number {
    const known = this.#known(subjectOf({ kind: 'keeper', photo: id }));
    return known?.isSet === true ? known.time : 0;
  }

  /** Another text when anything was decided since, or the decisions are others altogether. */
  state(): string {
    return `${this.#index()} ${this.#head}`;
  }

  /** Decisions that count now, the latest first. */
  records(limit: number): CountingDecision[] {
    return this.#counting.all(limit).map((row) => ({
      decision: decisionOf(subjectIn(row)),
      at: Number(row['time']),
      author: String(row['author']),
    }));
  }

  //#endregion
  //#region log

  /** Up to where the log of a peer is known: what to ask for next. */
  position(peerId: string): DecisionPosition {
    const row = this.#position.get(peerId);
    return row === undefined ? { index: '', seq: 0 } : { index: String(row['log']), seq: Number(row['seq']) };
  }

  /**
   * Records of the own log after `after`, at most `limit`; when `index` is not this log's, from the start. Each pair and each
   * photo has one record, the latest; so numbers ascend, with gaps.
   * @param after a number that the asker got from this log, or 0
   */
  since(index: string, after: number, limit: number): OwnLogPage<DecisionLogRecord> {
    if (index === this.#index() && this.#numbers.noticeLoss(after)) {
      this.#logger.warn('a peer knows decisions that this log has lost: it gets a new index id and is sent anew');
      this.#renewIndex();
      this.#advanced.emit();
    }
    const own = this.#index();
    const from = index === own ? after : 0;
    const records = this.#page.all(from, limit).map(recordOf);
    const last = records.at(-1)?.[0] ?? from;
    return { index: own, records, last, more: last < this.#head };
  }

  #index(): string {
    return this.position(this.#self).index;
  }

  #renewIndex(): void {
    this.#setPosition.run(this.#self, randomBytes(16).toString('hex'), 0);
  }

  //#endregion

  /** Decisions changed for these photos, whoever decided. */
  onChange(listener: (photos: readonly PhotoId[]) => void): Unsubscribe {
    return this.#changed.on(listener);
  }

  /** The own log has new records, or is a new log. */
  onAdvanced(listener: () => void): Unsubscribe {
    return this.#advanced.on(listener);
  }
}

/** Peers must agree whatever comes first: also about two decisions with one stamp, of which one must be made up. */
function isLater(a: Pick<Entry, 'isSet' | 'time' | 'author'>, b: Pick<Entry, 'isSet' | 'time' | 'author'>): boolean {
  if (a.time !== b.time) return a.time > b.time;
  if (a.author !== b.author) return a.author > b.author;
  return a.isSet && !b.isSet;
}

function isKeeper({ b }: Subject): boolean {
  return b.length === 0;
}

/** @throws AppError `usage` */
function subjectOf(decision: Decision): Subject {
  if (decision.kind === 'keeper') return { a: idBytes(decision.photo), b: empty };
  const [first, second] = decision.photos;
  if (first === second) throw new AppError('usage', 'A photo cannot be told from itself: name two photos.');
  return first < second ? { a: idBytes(first), b: idBytes(second) } : { a: idBytes(second), b: idBytes(first) };
}

function decisionOf(subject: Subject): Decision {
  const first = hexOf(subject.a);
  return isKeeper(subject) ? { kind: 'keeper', photo: first } : { kind: 'distinct', photos: [first, hexOf(subject.b)] };
}

function subjectIn(row: Record<string, SQLOutputValue>): Subject {
  return { a: bytesOf(row['a']), b: bytesOf(row['b']) };
}

function entryOf([, , a, b, isSet, time, author]: DecisionLogRecord): Entry {
  return { a, b: b ?? empty, isSet, time, author };
}

function recordOf(row: Record<string, SQLOutputValue>): DecisionLogRecord {
  const { a, b } = subjectIn(row);
  const isSet = row['is_set'] === 1;
  const [seq, time, author] = [Number(row['seq']), Number(row['time']), String(row['author'])];
  return isKeeper({ a, b }) ? [seq, 'k', a, null, isSet, time, author] : [seq, 'd', a, b, isSet, time, author];
}
