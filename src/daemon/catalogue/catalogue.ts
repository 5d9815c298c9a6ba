import type { DatabaseSync } from 'node:sqlite';
import type {
  GroupsParams,
  ListParams,
  ListResult,
  MonthCount,
  PeerSummary,
  PhotoDetails,
  DedupeParams,
  DuplicatesParams,
  DuplicatesResult,
  PlannedDrop,
  SimilarityStep,
} from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PhotoFeatures } from '../../protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { HoldingRecord } from '../../protocol/wire.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { inTransaction } from '../base/sqlite.ts';
import { openCache } from '../library/cacheDatabase.ts';
import type { Alignment, Candidate } from '../similarity/types.ts';
import { DuplicateQueries } from './duplicateQueries.ts';
import type { ComparedPhoto } from './featureTable.ts';
import { FeatureTable } from './featureTable.ts';
import { checkOrder, idBytes, statementOf, storedOf } from './holdingsRecord.ts';
import { LookAlikeFactsTable } from './lookAlikeFacts.ts';
import type { Verdicts } from './lookAlikeGroups.ts';
import { LookAlikeGroups } from './lookAlikeGroups.ts';
import type { OwnPage } from './ownLog.ts';
import { OwnLog } from './ownLog.ts';
import type { OpenPair } from './pairTable.ts';
import { PairTable } from './pairTable.ts';
import type { KnownPeer, PeerIntroduction } from './peerTable.ts';
import { PeerTable } from './peerTable.ts';
import type { CatalogueTotals } from './photoQueries.ts';
import { PhotoQueries } from './photoQueries.ts';
import { PhotoTable } from './photoTable.ts';
import { catalogueMigrations } from './schema.ts';

export interface CatalogueOptions {
  /** The database; made when it is not there. */
  file: string;
  self: { peerId: string; name: string };
  /** Copies of each photo that are wanted. */
  copies: number;
  /** Photos that one other peer may state, at most. */
  maxPhotosPerPeer?: number;
  /** What a photo of this folder is compared by. */
  featuresOf?: (id: PhotoId) => PhotoFeatures | undefined;
  /** What people said of photos; without it, nobody said anything. */
  verdicts?: Verdicts;
  /** How readily photos count as look-alikes; `normal` unless told otherwise. */
  similarity?: SimilarityStep;
}

/** Two photos that may be look-alikes, with their ids. */
export interface OpenPhotoPair extends OpenPair {
  idA: PhotoId;
  idB: PhotoId;
}

const noVerdicts: Verdicts = { isDistinct: () => false, chosenStamp: () => 0, state: () => '' };

/** How far the log of a peer is known: `index` is empty and `seq` 0 when nothing is. */
export interface LogPosition {
  index: string;
  seq: number;
}

/** Records of a peer's log, already checked one by one, in ascending order. */
export interface RemotePage {
  index: string;
  records: readonly HoldingRecord[];
  /** Sequence number of the last record; of the position asked from, when there is none. */
  last: number;
}

const defaultMaxPhotosPerPeer = 1_000_000;

/**
 * Opens (or creates) the catalogue of one photo folder. A damaged one is made anew: this peer's own log begins again under a
 * new index, and others state their photos again when they are online.
 * @throws AppError `version-mismatch`, `disk-full`
 */
export function openCatalogue(options: CatalogueOptions, deps: { logger: Logger }): Catalogue {
  const database = openCache(options.file, catalogueMigrations, deps.logger);
  try {
    // Indexes are written at random places and read in whole for a search: the default cache of 2 MB would thrash.
    database.exec('PRAGMA cache_size = -32768');
    return new Catalogue(database, options, deps.logger);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * The union of all peers' holdings: this peer's own log, and copies of everybody else's. Everything is synchronous; the
 * database is a cache of what is on disks, and what is in it survives restarts, so that an offline friend's photos stay listed.
 */
export class Catalogue implements Disposable {
  readonly #database: DatabaseSync;
  readonly #logger: Logger;
  readonly #selfId: string;
  readonly #maxPhotosPerPeer: number;
  readonly #peers: PeerTable;
  readonly #features: FeatureTable;
  readonly #pairs: PairTable;
  readonly #groups: LookAlikeGroups;
  readonly #verdicts: Verdicts;
  readonly #featuresOf: (id: PhotoId) => PhotoFeatures | undefined;
  readonly #photos: PhotoTable;
  readonly #queries: PhotoQueries;
  readonly #duplicates: DuplicateQueries;
  readonly #own: OwnLog;
  readonly #changed: Emitter<void>;
  readonly #ownAdvanced: Emitter<void>;
  readonly #groupsChanged: Emitter<void>;
  readonly #uncompared: Emitter<void>;

  constructor(database: DatabaseSync, options: CatalogueOptions, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
    this.#selfId = options.self.peerId;
    this.#maxPhotosPerPeer = options.maxPhotosPerPeer ?? defaultMaxPhotosPerPeer;
    this.#peers = new PeerTable(database);
    const self = this.#introduceSelf(options.self);
    const verdicts = options.verdicts ?? noVerdicts;
    this.#verdicts = verdicts;
    const step = options.similarity ?? 'normal';
    this.#features = new FeatureTable(database);
    this.#pairs = new PairTable(database);
    const facts = new LookAlikeFactsTable(database, verdicts);
    this.#groups = new LookAlikeGroups(database, { facts, pairs: this.#pairs, verdicts, step });
    this.#featuresOf = options.featuresOf ?? (() => undefined);
    this.#photos = new PhotoTable(
      database,
      this.#peers,
      { features: this.#features, groups: this.#groups },
      self.number,
    );
    this.#queries = new PhotoQueries(database, this.#peers, facts, { self: self.peerId, copies: options.copies });
    this.#duplicates = new DuplicateQueries(database, {
      facts,
      pairs: this.#pairs,
      groups: this.#groups,
      photos: this.#queries,
      copies: options.copies,
      step,
    });
    this.#own = new OwnLog(database, this.#peers, this.#features, self.peerId, logger);
    this.#changed = new Emitter(logger);
    this.#ownAdvanced = new Emitter(logger);
    this.#groupsChanged = new Emitter(logger);
    this.#uncompared = new Emitter(logger);
    this.#catchUp(step);
    this.#leaveFormerSelf();
  }

  #introduceSelf(self: { peerId: string; name: string }): KnownPeer {
    const known = this.#peers.byId(self.peerId);
    return this.#peers.introduce({ ...self, port: known?.port ?? 0, addresses: known?.addresses ?? [] }, Date.now());
  }

  /** When the folder got a new key, what the former identity held is no longer stated by anybody. */
  #leaveFormerSelf(): void {
    const former = this.#database.prepare("SELECT value FROM settings WHERE name = 'self'").get()?.['value'];
    if (former === this.#selfId) return;
    if (typeof former === 'string') {
      const peer = this.#peers.ensure(former);
      this.#write(peer, () => this.#forgetHoldings(peer, peer.photos));
    }
    inTransaction(this.#database, () => {
      this.#own.clear();
      this.#database.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES ('self', ?)").run(this.#selfId);
    });
  }

  //#region own holdings

  /** The library found or lost photos. */
  applyLibraryChange(change: { added: readonly PhotoFacts[]; removed: readonly PhotoId[] }): void {
    this.#writeOwn((self) => {
      for (const id of change.removed) this.#removeOwn(self, idBytes(id));
      for (const facts of change.added) this.#putOwn(self, facts);
    });
  }

  /**
   * Makes the own log say what the library says, with as few new records as that takes: the disk is the truth. For the
   * start, when the folder may have changed while nobody watched.
   */
  reconcileOwn(facts: Iterable<PhotoFacts>): void {
    this.#writeOwn((self) => {
      const there = new Set<string>();
      for (const photo of facts) {
        there.add(photo.id);
        this.#putOwn(self, photo);
      }
      for (const id of this.#own.held()) if (!there.has(id)) this.#removeOwn(self, idBytes(id));
    });
  }

  #putOwn(self: KnownPeer, facts: PhotoFacts): void {
    const id = idBytes(facts.id);
    const statement = statementOf({ kind: 'original', facts });
    if (this.#photos.put(self, id, statement, () => this.#featuresOf(facts.id))) this.#own.append(id);
  }

  #removeOwn(self: KnownPeer, id: Uint8Array): void {
    if (this.#photos.remove(self, id)) this.#own.append(id);
  }

  #writeOwn(work: (self: KnownPeer) => void): void {
    const before = this.#own.head();
    // Others number what they know of us by this log: a record that a peer has seen must not be lost by a power cut and its
    // number given to another one. So these transactions, and only these, reach the disk before they count.
    this.#database.exec('PRAGMA synchronous = FULL');
    try {
      const self = this.#self();
      this.#write(self, () => work(self));
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
    if (this.#own.head() !== before) this.#ownAdvanced.emit();
  }

  /**
   * Records of the own log after `after`, at most `limit`. When `index` is not this log's, from the start.
   * Each photo has one record, the latest; so numbers ascend, with gaps.
   */
  ownSince(index: string, after: number, limit: number): OwnPage {
    const before = this.#self().log;
    const page = this.#own.since(index, after, limit);
    if (page.index !== before) this.#ownAdvanced.emit();
    return page;
  }

  //#endregion
  //#region other peers

  /** Notes a peer that is (or, when it leaves, was) there. @param seenAt milliseconds since the epoch */
  peerSeen(peer: PeerIntroduction, seenAt: number): void {
    const known = this.#peers.byId(peer.peerId);
    this.#peers.introduce(peer, seenAt);
    if (known?.name !== peer.name) this.#changed.emit();
  }

  /** Up to where the log of a peer is known: what to ask for next. */
  remotePosition(peerId: string): LogPosition {
    const peer = this.#peers.byId(peerId);
    return { index: peer?.log ?? '', seq: peer?.seq ?? 0 };
  }

  /**
   * Takes over a page of a peer's log: all of it or nothing. A page of another log than the one known replaces all that the
   * peer stated before.
   * @param peerId the authenticated peer that sent it: it can speak for nobody else
   * @throws AppError `protocol` when numbers do not ascend from the known position, or the peer states too many photos
   */
  applyRemote(peerId: string, page: RemotePage): void {
    if (peerId === this.#selfId) throw new AppError('protocol', 'A page of holdings came from this peer itself.');
    const peer = this.#peers.ensure(peerId);
    const replaces = page.index !== peer.log;
    if (page.index === '') throw new AppError('protocol', 'A page of holdings names no log.');
    checkOrder(page.records, replaces ? 0 : peer.seq, page.last);
    this.#write(peer, () => {
      if (replaces) this.#forgetHoldings(peer, peer.photos);
      for (const [, id, statement] of page.records) {
        if (statement === null) this.#photos.remove(peer, id);
        else {
          const { stored, features } = storedOf(statement);
          this.#photos.put(peer, id, stored, () => features);
        }
      }
      this.#database
        .prepare('UPDATE peers SET log = ?, seq = ? WHERE peer = ?')
        .run(page.index, page.last, peer.number);
      this.#checkCount(peer);
    });
  }

  #checkCount(peer: KnownPeer): void {
    const row = this.#database
      .prepare('SELECT photos, bytes > ? AS bytesExceeded FROM peers WHERE peer = ?')
      .get(Number.MAX_SAFE_INTEGER, peer.number);
    if (Number(row?.['photos']) > this.#maxPhotosPerPeer) {
      throw new AppError(
        'protocol',
        `${peer.name} states more than ${this.#maxPhotosPerPeer} photos: that is refused.`,
      );
    }
    // A sum that JavaScript cannot count would make the row unreadable, now and at every start.
    if (row?.['bytesExceeded'] === 1) {
      throw new AppError('protocol', `${peer.name} states more bytes than can be counted: that is refused.`);
    }
  }

  /**
   * Forgets up to `limit` photos of a peer and where its log stood, so that it is asked from the start.
   * Returns whether there are more: for callers that must not block for all of them at once.
   */
  forgetHoldings(peerId: string, limit: number): boolean {
    const peer = this.#peers.byId(peerId);
    if (peer === undefined || peerId === this.#selfId) return false;
    this.#write(peer, () => this.#forgetHoldings(peer, limit));
    return this.#peers.ensure(peerId).photos > 0;
  }

  #forgetHoldings(peer: KnownPeer, limit: number): void {
    for (const id of this.#photos.some(peer, limit)) this.#photos.remove(peer, id);
    this.#database.prepare("UPDATE peers SET log = '', seq = 0 WHERE peer = ?").run(peer.number);
  }

  //#endregion
  //#region questions

  /**
   * The photos that match, a page of them. `online` are the peers that are connected now. See `ListParamsSchema` for the
   * parameters; every word of `query` must be in file name, camera or date, or be (a word of) the name of a holder.
   * @throws AppError `not-found`, `ambiguous` (the peer)
   */
  list(params: ListParams, online: ReadonlySet<string>): ListResult {
    return this.#queries.list(params, online);
  }

  /** How many photos there are in each month, newest first. @throws AppError `not-found`, `ambiguous` (the peer) */
  months(params: GroupsParams): MonthCount[] {
    return this.#queries.months(params);
  }

  /** All that the catalogue knows of a photo. @throws AppError as {@link resolve} */
  show(reference: string, online: ReadonlySet<string>): Omit<PhotoDetails, 'paths'> {
    const details = this.#queries.show(reference, online);
    return { ...details, ...this.#duplicates.around(this.#queries.numberOf(details.id) ?? 0) };
  }

  /**
   * The full id that a person means by an id, a unique prefix of one, or a blockhash (then the best photo that has it).
   * @throws AppError `not-found`, `usage` (not hexadecimal, or too short), `ambiguous` (data: `{ candidates: [{ id, name }] }`,
   * at most 20)
   */
  resolve(reference: string): PhotoId {
    return this.#queries.resolve(reference);
  }

  has(id: PhotoId): boolean {
    return this.#queries.has(id);
  }

  /** Peer ids of those who hold the photo, who has the original first; none for an unknown photo. */
  holders(id: PhotoId): string[] {
    return this.#queries.holders(id);
  }

  /** How many bytes each holder says that the photo has: the same, unless one lies. */
  statedSizes(id: PhotoId): { peerId: string; size: number }[] {
    return this.#queries.statedSizes(id);
  }

  totals(): CatalogueTotals {
    return this.#queries.totals();
  }

  /** Every peer ever seen: this one, then those online, then by name. @param central peer id of who is central now */
  peers(online: ReadonlySet<string>, central: string): PeerSummary[] {
    const now = Date.now();
    const summaries = this.#peers.all().map((peer): PeerSummary => {
      const self = peer.peerId === this.#selfId;
      const isOnline = self || online.has(peer.peerId);
      return {
        peerId: peer.peerId,
        name: peer.name,
        port: peer.port,
        addresses: [...peer.addresses],
        online: isOnline,
        central: peer.peerId === central,
        self,
        photos: peer.photos,
        bytes: peer.bytes,
        lastSeen: new Date(isOnline ? now : peer.lastSeen).toISOString(),
      };
    });
    return summaries.sort(
      (a, b) =>
        Number(b.self) - Number(a.self) ||
        Number(b.online) - Number(a.online) ||
        a.name.localeCompare(b.name) ||
        (a.peerId < b.peerId ? -1 : 1),
    );
  }

  //#endregion

  //#region look-alikes

  /** Groups of look-alikes and photos with more copies than wanted, most bytes to win first. */
  duplicates(params: DuplicatesParams, online: ReadonlySet<string>): DuplicatesResult {
    return this.#duplicates.duplicates(params, online);
  }

  /**
   * The copies that would leave their holders if redundant photos were dropped.
   * @throws AppError `not-found`; as {@link resolve} for the photo to keep
   */
  planDrops(params: DedupeParams, online: ReadonlySet<string>): PlannedDrop[] {
    const keep = params.keep === undefined ? undefined : this.#queries.resolve(params.keep);
    return this.#duplicates.plan(params, keep, online);
  }

  /** The photo's file name; empty when it is not in the collection. */
  photoName(id: PhotoId): string {
    return this.#queries.nameOf(id);
  }

  /** Display name of a peer that was ever seen. */
  nameOf(peerId: string): string | undefined {
    return this.#peers.byId(peerId)?.name;
  }

  /**
   * How readily photos count as look-alikes and what people said is part of what the groups are. Decisions are kept apart: a
   * power cut can leave them newer than the groups, and where they are lost the groups are older than they say.
   */
  #catchUp(step: SimilarityStep): void {
    if (this.#setting('similarity') === step && this.#setting('verdicts') === this.#verdicts.state()) return;
    this.#writeGroups(() => {
      this.#set('similarity', step);
      this.#set('verdicts', this.#verdicts.state());
      this.#groups.touchAll();
    });
  }

  #setting(name: string): unknown {
    return this.#database.prepare('SELECT value FROM settings WHERE name = ?').get(name)?.['value'];
  }

  #set(name: string, value: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(name, value);
  }

  /** People decided something about these photos. */
  verdictsChanged(ids: Iterable<PhotoId>): void {
    this.#writeGroups(() => {
      this.#set('verdicts', this.#verdicts.state());
      this.#groups.touch(Array.from(ids).flatMap((id) => this.#queries.numberOf(id) ?? []));
    });
  }

  /** Photos that have not been compared with all others. */
  uncomparedCount(): number {
    return this.#features.uncomparedCount();
  }

  /** The next of them, at most `limit`. */
  uncompared(limit: number): ComparedPhoto[] {
    return this.#features.uncompared(0, limit);
  }

  /** Photos that have been compared, with numbers after `after`, at most `limit`: what others are compared with. */
  compared(after: number, limit: number): ComparedPhoto[] {
    return this.#features.compared(after, limit);
  }

  /** Numbers of photos that are to leave the index of the search, since the last call. */
  takeStale(): number[] {
    return this.#features.takeStale();
  }

  /** The search has compared these photos with all others, and found these pairs that may be alike. */
  addCandidates(compared: readonly number[], candidates: readonly Candidate[]): void {
    inTransaction(this.#database, () => {
      // What was found of a photo that went or changed meanwhile is not of the one that now has its number.
      const isStill = (photo: number): boolean => !this.#features.isStale(photo);
      for (const photo of compared) if (isStill(photo)) this.#features.setCompared(photo);
      this.#pairs.add(candidates.filter(({ a, b }) => isStill(a) && isStill(b)));
    });
  }

  /** Pairs that are not decided, after the pair (a, b), at most `limit`. */
  openPairs(a: number, b: number, limit: number): OpenPhotoPair[] {
    return this.#pairs.open(a, b, limit).flatMap((pair) => {
      const [idA, idB] = [this.#queries.idOf(pair.a), this.#queries.idOf(pair.b)];
      return idA === undefined || idB === undefined ? [] : [{ ...pair, idA, idB }];
    });
  }

  /** How alike pairs are; those without an alignment are not. */
  closePairs(decided: readonly { pair: OpenPair; alignment: Alignment | undefined }[]): void {
    this.#writeGroups(() => {
      for (const { pair, alignment } of decided) {
        this.#pairs.close(pair, alignment);
        if (alignment !== undefined) this.#groups.touch([pair.a, pair.b]);
      }
    });
  }

  #writeGroups(work: () => void): void {
    let changed = false;
    try {
      changed = inTransaction(this.#database, () => {
        work();
        return this.#groups.finish();
      });
    } finally {
      this.#groups.discard();
    }
    if (!changed) return;
    this.#queries.invalidate();
    this.#groupsChanged.emit();
    this.#changed.emit();
  }

  /** The groups of look-alikes changed, or what is said of photos in one. */
  onGroups(listener: () => void): Unsubscribe {
    return this.#groupsChanged.on(listener);
  }

  /** There are photos that have not been compared. */
  onUncompared(listener: () => void): Unsubscribe {
    return this.#uncompared.on(listener);
  }

  //#endregion

  /** What the catalogue says changed. Called after each transaction: views should not ask again each time. */
  onChange(listener: () => void): Unsubscribe {
    return this.#changed.on(listener);
  }

  /** The own log has new records, or is a new log. */
  onOwnAdvanced(listener: () => void): Unsubscribe {
    return this.#ownAdvanced.on(listener);
  }

  #self(): KnownPeer {
    return this.#peers.ensure(this.#selfId);
  }

  #write(peer: KnownPeer, work: () => void): void {
    let done = false;
    let grouped = false;
    try {
      const disputes = inTransaction(this.#database, () => {
        work();
        grouped = this.#groups.finish();
        return this.#photos.finish();
      });
      done = true;
      const [first] = disputes;
      if (first !== undefined) {
        this.#logger.warn(
          `${peer.name} (${peer.peerId}) states another size for ${disputes.length} photos, for example ${first.stated} instead of ${first.chosen} bytes for ${first.id}`,
        );
      }
    } finally {
      this.#photos.discard();
      this.#groups.discard();
      this.#features.ended(done);
      this.#peers.reload(peer.peerId);
    }
    this.#queries.invalidate();
    this.#changed.emit();
    if (grouped) this.#groupsChanged.emit();
    if (this.#features.takeOpened()) this.#uncompared.emit();
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
