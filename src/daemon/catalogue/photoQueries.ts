import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type {
  GroupsParams,
  Holder,
  ListParams,
  ListResult,
  MonthCount,
  PhotoDetails,
  PhotoSummary,
} from '../../protocol/control.ts';
import { maxListLimit } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PhotoFormat, PhotoId } from '../../protocol/photo.ts';
import { minIdPrefixLength } from '../../protocol/photo.ts';
import { hexOf, idBytes } from './holdingsRecord.ts';
import { keeperOf } from './keeper.ts';
import type { LookAlikeFacts, LookAlikeFactsTable } from './lookAlikeFacts.ts';
import { photoRoles } from './lookAlikeGroups.ts';
import type { KnownPeer, PeerTable } from './peerTable.ts';
import { blobOf, bytesOf } from './columns.ts';
import { groupId } from './stars.ts';
import { namesPeer, queryWords } from './searchText.ts';
import { monthOf, monthRange, monthSql, startOf, takenAtOf } from './takenTime.ts';

/** What the catalogue counts over the whole collection. */
export interface CatalogueTotals {
  /** Different photos. */
  photos: number;
  /** Photos with fewer holders than wanted. */
  underReplicated: number;
  /** Photos that are the same picture as a better one. */
  redundant: number;
  /** Groups of duplicates (photos with more copies than wanted are one each), and the bytes to win in all of them. */
  duplicateGroups: number;
  duplicateBytes: number;
}

type Row = Record<string, SQLOutputValue>;

/** The tables to read, the conditions on them, and the order, of one list. */
interface Selection {
  from: string;
  where: string[];
  values: SQLInputValue[];
  order: string;
}

const maxCandidates = 20;
const idLength = 64;
/** After every date that can be written. */
const endOfTime = 10 ** 14;

/** Reads the catalogue. What is asked of the whole collection is counted once between two changes. */
export class PhotoQueries {
  readonly #database: DatabaseSync;
  readonly #peers: PeerTable;
  readonly #self: string;
  readonly #copies: number;
  readonly #facts: LookAlikeFactsTable;
  readonly #byNumber: StatementSync;
  readonly #byId: StatementSync;
  readonly #byBlockhash: StatementSync;
  readonly #byPrefix: StatementSync;
  readonly #holdersOf: StatementSync;
  #totals: CatalogueTotals | undefined;
  #months: MonthCount[] | undefined;

  constructor(
    database: DatabaseSync,
    peers: PeerTable,
    facts: LookAlikeFactsTable,
    options: { self: string; copies: number },
  ) {
    this.#database = database;
    this.#facts = facts;
    this.#peers = peers;
    this.#self = options.self;
    this.#copies = options.copies;
    this.#byNumber = database.prepare('SELECT * FROM photos WHERE photo = ?');
    this.#byId = database.prepare('SELECT * FROM photos WHERE id = ?');
    this.#byBlockhash = database.prepare('SELECT photo FROM photos WHERE blockhash = ?');
    this.#byPrefix = database.prepare('SELECT id, name FROM photos WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?');
    this.#holdersOf = database.prepare('SELECT peer, replica, size FROM holdings WHERE photo = ?');
  }

  /** The catalogue changed: what was counted is no longer so. */
  invalidate(): void {
    this.#totals = undefined;
    this.#months = undefined;
  }

  /** @throws AppError `not-found`, `ambiguous` (the peer) */
  list(params: ListParams, online: ReadonlySet<string>): ListResult {
    const peer = params.peer === undefined ? undefined : this.#peers.resolve(params.peer);
    const selection = this.#select(params, peer);
    const limit = params.limit ?? maxListLimit;
    const offset = params.offset ?? 0;
    const where = selection.where.length === 0 ? '' : `WHERE ${selection.where.join(' AND ')}`;
    const page = this.#database
      .prepare(`SELECT p.photo FROM ${selection.from} ${where} ORDER BY ${selection.order} LIMIT ? OFFSET ?`)
      .all(...selection.values, limit, offset);
    const photos: PhotoSummary[] = [];
    for (const { photo } of page) {
      const row = this.#byNumber.get(Number(photo));
      if (row !== undefined) photos.push(this.#summary(row, online));
    }
    const endSeen = page.length < limit && (page.length > 0 || offset === 0);
    return { total: endSeen ? offset + page.length : this.#count(selection, where, peer), photos };
  }

  #count(selection: Selection, where: string, peer: KnownPeer | undefined): number {
    if (selection.where.length === 0) return this.totals().photos;
    if (peer !== undefined && selection.where.length === 1) return peer.photos;
    const row = this.#database.prepare(`SELECT count(*) AS n FROM ${selection.from} ${where}`).get(...selection.values);
    return Number(row?.['n']);
  }

  #select(params: ListParams, peer: KnownPeer | undefined): Selection {
    const where: string[] = [];
    const values: SQLInputValue[] = [];
    if (peer !== undefined) {
      where.push('h.peer = ?');
      values.push(peer.number);
    }
    // The peer's own index has the date too: with it, a peer's photos are read in order.
    const taken = peer === undefined ? 'p.taken' : 'h.taken';
    const range = timeRange(params);
    if (range !== undefined) {
      where.push(`${taken} >= ?`, `${taken} < ?`);
      values.push(range.from, range.to);
    }
    for (const word of queryWords(params.query ?? '')) {
      const named = this.#peers.all().filter(({ name }) => namesPeer(word, name));
      const held = `EXISTS (SELECT 1 FROM holdings n WHERE n.photo = p.photo AND n.peer IN (${named.map(() => '?').join(', ')}))`;
      const ways = ['instr(p.search, ?) > 0'];
      values.push(word);
      if (named.length > 0) {
        ways.push(held);
        values.push(...named.map(({ number }) => number));
      }
      if (isIdStart(word)) {
        ways.push('p.id BETWEEN ? AND ?');
        values.push(idBytes(word.padEnd(idLength, '0')), idBytes(word.padEnd(idLength, 'f')));
      }
      where.push(`(${ways.join(' OR ')})`);
    }
    if (params.duplicates === true) {
      where.push('(p.role > 0 OR p.holders > ?)');
      values.push(this.#copies);
    }
    const orders = { date: `${taken} DESC, p.id`, name: 'p.search, p.id', size: 'p.size DESC, p.id' };
    return {
      from: peer === undefined ? 'photos p' : 'holdings h CROSS JOIN photos p ON p.photo = h.photo',
      where,
      values,
      order: orders[params.sort ?? 'date'],
    };
  }

  /** How many photos there are in each month, newest first. @throws AppError `not-found`, `ambiguous` (the peer) */
  months(params: GroupsParams): MonthCount[] {
    if (params.peer === undefined) return (this.#months ??= this.#countMonths('photos', []));
    const peer = this.#peers.resolve(params.peer);
    return this.#countMonths('holdings WHERE peer = ?', [peer.number]);
  }

  #countMonths(from: string, values: SQLInputValue[]): MonthCount[] {
    return this.#database
      .prepare(`SELECT ${monthSql('taken')} AS month, count(*) AS n FROM ${from} GROUP BY month ORDER BY month DESC`)
      .all(...values)
      .map((row) => ({ month: monthOf(Number(row['month'])), photos: Number(row['n']) }));
  }

  /** All that the catalogue knows of one photo (the paths in this folder are the library's). */
  show(reference: string, online: ReadonlySet<string>): Omit<PhotoDetails, 'paths' | 'linked' | 'fromGroup'> {
    const row = this.#byId.get(idBytes(this.resolve(reference)));
    if (row === undefined) throw noSuchPhoto(reference);
    return {
      ...this.#summary(row, online),
      camera: textOf(row['camera']),
      place:
        row['latitude'] === null ? null : { latitude: Number(row['latitude']), longitude: Number(row['longitude']) },
      damaged: row['damaged'] === 1,
    };
  }

  resolve(reference: string): PhotoId {
    if (!isIdStart(reference)) {
      throw new AppError(
        'usage',
        `"${reference}" is not a photo id: give at least ${minIdPrefixLength} of its digits (0-9, a-f).`,
      );
    }
    if (reference.length === idLength) {
      if (this.#byId.get(idBytes(reference)) !== undefined) return reference;
      const best = keeperOf(this.#withBlockhash(idBytes(reference)));
      if (best === undefined) throw noSuchPhoto(reference);
      return this.#keeperId(best.photo) ?? best.id;
    }
    const from = idBytes(reference.padEnd(idLength, '0'));
    const to = idBytes(reference.padEnd(idLength, 'f'));
    const found = this.#byPrefix.all(from, to, maxCandidates + 1);
    const [first] = found;
    if (first === undefined) throw noSuchPhoto(reference);
    if (found.length > 1) {
      const count = found.length > maxCandidates ? `more than ${maxCandidates}` : String(found.length);
      throw new AppError('ambiguous', `${reference} is the start of ${count} photo ids: give more digits.`, {
        data: {
          candidates: found
            .slice(0, maxCandidates)
            .map((row) => ({ id: hexOf(bytesOf(row['id'])), name: String(row['name']) })),
        },
      });
    }
    return hexOf(bytesOf(first['id']));
  }

  *#withBlockhash(blockhash: Uint8Array): Generator<LookAlikeFacts> {
    for (const row of this.#byBlockhash.all(blockhash)) {
      const facts = this.#facts.of(Number(row['photo']));
      if (facts !== undefined) yield facts;
    }
  }

  /** Id of the keeper of a photo's group. */
  #keeperId(photo: number): PhotoId | undefined {
    const keeper = this.#byNumber.get(photo)?.['keeper'];
    return typeof keeper === 'number' ? this.idOf(keeper) : undefined;
  }

  /** The number that a photo has in this catalogue. */
  numberOf(id: PhotoId): number | undefined {
    const row = this.#byId.get(idBytes(id));
    return row === undefined ? undefined : Number(row['photo']);
  }

  /** Empty for a photo that is not in the collection. */
  nameOf(id: PhotoId): string {
    return String(this.#byId.get(idBytes(id))?.['name'] ?? '');
  }

  idOf(photo: number): PhotoId | undefined {
    const row = this.#byNumber.get(photo);
    return row === undefined ? undefined : hexOf(bytesOf(row['id']));
  }

  /** A photo as lists show it; undefined for a number that none has. */
  summary(photo: number, online: ReadonlySet<string>): PhotoSummary | undefined {
    const row = this.#byNumber.get(photo);
    return row === undefined ? undefined : this.#summary(row, online);
  }

  has(id: PhotoId): boolean {
    return this.#byId.get(idBytes(id)) !== undefined;
  }

  /** Peer ids of those who hold the photo, who has the original first. */
  holders(id: PhotoId): string[] {
    const row = this.#byId.get(idBytes(id));
    return row === undefined ? [] : this.#holders(row, new Set()).map(({ peerId }) => peerId);
  }

  /** How many bytes each holder says that the photo has: the same, unless one lies. */
  statedSizes(id: PhotoId): { peerId: string; size: number }[] {
    const row = this.#byId.get(idBytes(id));
    if (row === undefined) return [];
    return this.#holdersOf.all(Number(row['photo'])).map((holding) => ({
      peerId: this.#peers.byNumber(Number(holding['peer'])).peerId,
      size: Number(holding['size']),
    }));
  }

  totals(): CatalogueTotals {
    if (this.#totals !== undefined) return this.#totals;
    const groups = this.#database
      .prepare(
        `SELECT count(DISTINCT keeper) AS groups, coalesce(sum(CASE WHEN photo = keeper THEN 0 ELSE size * holders END), 0) AS bytes
         FROM photos WHERE keeper IS NOT NULL`,
      )
      .get();
    // Copies beyond those wanted count as well, unless their photo is redundant as a whole.
    const surplus = this.#database
      .prepare(
        `SELECT count(*) FILTER (WHERE keeper IS NULL) AS groups, coalesce(sum(size * (holders - ?1)), 0) AS bytes
         FROM photos WHERE holders > ?1 AND (keeper IS NULL OR keeper = photo)`,
      )
      .get(this.#copies);
    return (this.#totals = {
      duplicateGroups: Number(groups?.['groups']) + Number(surplus?.['groups']),
      duplicateBytes: Number(groups?.['bytes']) + Number(surplus?.['bytes']),
      photos: this.#number('SELECT count(*) AS n FROM photos'),
      underReplicated: this.#number('SELECT count(*) AS n FROM photos WHERE holders < ?', this.#copies),
      redundant: this.#number('SELECT count(*) AS n FROM photos WHERE role > 0 AND role = ?', photoRoles.redundant),
    });
  }

  #number(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).get(...values)?.['n']);
  }

  #holders(row: Row, online: ReadonlySet<string>): Holder[] {
    const holders = this.#holdersOf.all(Number(row['photo'])).map((holding): Holder => {
      const { peerId, name } = this.#peers.byNumber(Number(holding['peer']));
      return {
        peerId,
        name,
        online: peerId === this.#self || online.has(peerId),
        kind: holding['replica'] === 1 ? 'replica' : 'original',
      };
    });
    return holders.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.peerId, b.peerId));
  }

  #summary(row: Row, online: ReadonlySet<string>): PhotoSummary {
    const blockhash = blobOf(row['blockhash']);
    const id = hexOf(bytesOf(row['id']));
    const lead = row['lead'] === row['photo'] ? id : row['lead'] === null ? undefined : this.idOf(Number(row['lead']));
    return {
      id,
      blockhash: blockhash === null ? null : hexOf(blockhash),
      name: String(row['name']),
      size: Number(row['size']),
      width: Number(row['width']),
      height: Number(row['height']),
      format: String(row['format']) as PhotoFormat,
      takenAt: takenAtOf(Number(row['taken']), String(row['zone'])),
      holders: this.#holders(row, online),
      group: lead === undefined ? null : groupId(lead),
      keeper: Number(row['role']) !== photoRoles.redundant,
    };
  }
}

/**
 * `after` includes the first moment of the date it names and `before` ends just before it: after 2018 and before 2018-07 is
 * the first half of 2018. Photos without a date are in neither.
 */
function timeRange(params: ListParams): { from: number; to: number } | undefined {
  const ranges: { from: number; to: number }[] = [];
  if (params.after !== undefined) ranges.push({ from: startOf(params.after), to: endOfTime });
  if (params.before !== undefined) ranges.push({ from: 1, to: startOf(params.before) });
  if (params.month !== undefined) ranges.push(monthRange(params.month));
  if (ranges.length === 0) return undefined;
  // One range in all: of several, SQLite would look up one and filter by the others.
  return { from: Math.max(...ranges.map(({ from }) => from)), to: Math.min(...ranges.map(({ to }) => to)) };
}

function noSuchPhoto(reference: string): AppError {
  return new AppError(
    'not-found',
    `No photo of the collection has the id ${reference}: list the photos to see theirs.`,
  );
}

function textOf(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a person may mean a photo's id, or the start of one. */
function isIdStart(text: string): boolean {
  return /^[0-9a-f]+$/.test(text) && text.length >= minIdPrefixLength && text.length <= idLength;
}
