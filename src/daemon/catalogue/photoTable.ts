import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PhotoFeatures } from '../../protocol/features.ts';
import { bytesOf } from './columns.ts';
import type { FeatureTable } from './featureTable.ts';
import type { StoredStatement } from './holdingsRecord.ts';
import { decodeStatement, encodeStatement, hexOf } from './holdingsRecord.ts';
import type { LookAlikeGroups } from './lookAlikeGroups.ts';
import type { KnownPeer, PeerTable } from './peerTable.ts';
import { searchTextOf } from './searchText.ts';
import { takenTimeOf, zoneOf } from './takenTime.ts';

type Row = Record<string, SQLOutputValue>;

/** A peer states another size for a photo than the one that the catalogue goes by. */
export interface SizeDispute {
  id: string;
  stated: number;
  chosen: number;
}

/**
 * Writes holdings, and keeps the photos that follow from them in step. Everything happens in the caller's transaction, which
 * ends with {@link finish} or, when it fails, with {@link discard}.
 *
 * **Whose facts count.** Holders may state different facts for the same bytes: names differ legitimately, the rest only by
 * other versions or lies. The facts of a photo are those that the first of its holders states: this peer itself (it has read
 * the bytes), then originals before replicas (the owner's name for the file), then the lowest peer id. So every peer that
 * does not hold the photo chooses the same. A lie costs a wrong line in a list and
 * no photo: bytes are checked against the id, and holders are asked for the size that they state themselves.
 */
export class PhotoTable {
  readonly #peers: PeerTable;
  readonly #self: number;
  readonly #features: FeatureTable;
  readonly #groups: LookAlikeGroups;
  #disputes: SizeDispute[] = [];
  readonly #findPhoto: StatementSync;
  readonly #insertPhoto: StatementSync;
  readonly #updateFacts: StatementSync;
  readonly #updateHolders: StatementSync;
  readonly #deletePhoto: StatementSync;
  readonly #findHolding: StatementSync;
  readonly #insertHolding: StatementSync;
  readonly #updateHolding: StatementSync;
  readonly #updateTaken: StatementSync;
  readonly #deleteHolding: StatementSync;
  readonly #holdingsOfPhoto: StatementSync;
  readonly #someOfPeer: StatementSync;
  readonly #countPeer: StatementSync;

  /** @param self number of this peer */
  constructor(
    database: DatabaseSync,
    peers: PeerTable,
    lookAlikes: { features: FeatureTable; groups: LookAlikeGroups },
    self: number,
  ) {
    this.#peers = peers;
    this.#features = lookAlikes.features;
    this.#groups = lookAlikes.groups;
    this.#self = self;
    this.#findPhoto = database.prepare('SELECT photo, source, size, taken, holders, keeper FROM photos WHERE id = ?');
    this.#insertPhoto = database.prepare(
      `INSERT INTO photos (id, source, name, size, width, height, format, blockhash, taken, zone, camera, latitude,
         longitude, damaged, grey, motion, subsecond, search, holders)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
    );
    this.#updateFacts = database.prepare(
      `UPDATE photos SET source = ?, name = ?, size = ?, width = ?, height = ?, format = ?, blockhash = ?, taken = ?,
         zone = ?, camera = ?, latitude = ?, longitude = ?, damaged = ?, grey = ?, motion = ?, subsecond = ?, search = ?
       WHERE photo = ?`,
    );
    this.#updateHolders = database.prepare('UPDATE photos SET holders = holders + ? WHERE photo = ?');
    this.#deletePhoto = database.prepare('DELETE FROM photos WHERE photo = ?');
    this.#findHolding = database.prepare('SELECT size, statement FROM holdings WHERE photo = ? AND peer = ?');
    this.#insertHolding = database.prepare(
      'INSERT INTO holdings (photo, peer, replica, size, taken, statement) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#updateHolding = database.prepare(
      'UPDATE holdings SET replica = ?, size = ?, statement = ? WHERE photo = ? AND peer = ?',
    );
    this.#updateTaken = database.prepare('UPDATE holdings SET taken = ? WHERE photo = ?');
    this.#deleteHolding = database.prepare('DELETE FROM holdings WHERE photo = ? AND peer = ?');
    this.#holdingsOfPhoto = database.prepare('SELECT peer, replica, statement FROM holdings WHERE photo = ?');
    this.#someOfPeer = database.prepare(
      'SELECT p.id FROM holdings h JOIN photos p ON p.photo = h.photo WHERE h.peer = ? LIMIT ?',
    );
    this.#countPeer = database.prepare('UPDATE peers SET photos = photos + ?, bytes = bytes + ? WHERE peer = ?');
  }

  /**
   * The peer holds the photo and states this of it. Returns whether that is news.
   * @param featuresOf what the photo is compared by, asked for when it is needed
   */
  put(
    peer: KnownPeer,
    id: Uint8Array,
    statement: StoredStatement,
    featuresOf: () => PhotoFeatures | undefined,
  ): boolean {
    const encoded = encodeStatement(statement);
    const replica = statement[0] === 'r' ? 1 : 0;
    const size = statement[2];
    const found = this.#findPhoto.get(id);
    if (found === undefined) {
      const photo = Number(this.#insertPhoto.run(id, peer.number, ...factColumns(statement)).lastInsertRowid);
      this.#insertHolding.run(photo, peer.number, replica, size, takenTimeOf(statement[7]), encoded);
      this.#countPeer.run(1, size, peer.number);
      this.#putFeatures(photo, featuresOf());
      return true;
    }
    const photo = Number(found['photo']);
    const held = this.#findHolding.get(photo, peer.number);
    if (held === undefined) {
      this.#insertHolding.run(photo, peer.number, replica, size, Number(found['taken']), encoded);
      this.#holdersChanged(1, found);
      this.#countPeer.run(1, size, peer.number);
    } else {
      if (sameBytes(held['statement'], encoded)) return false;
      this.#updateHolding.run(replica, size, encoded, photo, peer.number);
      this.#countPeer.run(0, size - Number(held['size']), peer.number);
    }
    const { size: chosen, source } = this.#choose(photo, found, peer);
    if (source === peer.number || !this.#features.has(photo)) this.#putFeatures(photo, featuresOf());
    if (chosen !== size) this.#disputes.push({ id: hexOf(id), stated: size, chosen });
    return true;
  }

  /** The peer no longer holds the photo. Returns whether it did. */
  remove(peer: KnownPeer, id: Uint8Array): boolean {
    const found = this.#findPhoto.get(id);
    if (found === undefined) return false;
    const photo = Number(found['photo']);
    const held = this.#findHolding.get(photo, peer.number);
    if (held === undefined) return false;
    this.#deleteHolding.run(photo, peer.number);
    this.#countPeer.run(-1, -Number(held['size']), peer.number);
    if (Number(found['holders']) === 1) {
      this.#deletePhoto.run(photo);
      this.#groups.touch(this.#features.remove(photo));
      return true;
    }
    this.#holdersChanged(-1, found);
    if (Number(found['source']) === peer.number) this.#choose(photo, found, peer);
    return true;
  }

  /** Up to `limit` ids of photos that the peer holds. */
  some(peer: KnownPeer, limit: number): Uint8Array[] {
    return this.#someOfPeer.all(peer.number, limit).map((row) => bytesOf(row['id']));
  }

  #holdersChanged(by: 1 | -1, photo: Row): void {
    this.#updateHolders.run(by, Number(photo['photo']));
    if (photo['keeper'] !== null) this.#groups.touch([Number(photo['photo'])]);
  }

  /** What a photo is compared by is what the source of its facts states; the features of one that states none stay. */
  #putFeatures(photo: number, features: PhotoFeatures | undefined): void {
    if (features !== undefined) this.#groups.touch([photo, ...this.#features.put(photo, features)]);
  }

  /** Returns sizes that were stated against the catalogue's. */
  finish(): SizeDispute[] {
    const disputes = this.#disputes;
    this.discard();
    return disputes;
  }

  /** Forgets what {@link finish} would do: the transaction was rolled back. */
  discard(): void {
    this.#disputes = [];
  }

  /** Takes over the facts of the first of the photo's holders after `changed` stated something. Returns size and source chosen. */
  #choose(photo: number, before: Row, changed: KnownPeer): { size: number; source: number } {
    let best: { peer: KnownPeer; replica: boolean; statement: Uint8Array } | undefined;
    for (const row of this.#holdingsOfPhoto.all(photo)) {
      const candidate = {
        peer: this.#peers.byNumber(Number(row['peer'])),
        replica: row['replica'] === 1,
        statement: bytesOf(row['statement']),
      };
      if (best === undefined || this.#precedes(candidate, best)) best = candidate;
    }
    const stays = best?.peer.number === before['source'] && changed.number !== before['source'];
    if (best === undefined || stays) return { size: Number(before['size']), source: Number(before['source']) };
    const statement = decodeStatement(best.statement);
    this.#updateFacts.run(best.peer.number, ...factColumns(statement), photo);
    const taken = takenTimeOf(statement[7]);
    if (taken !== before['taken']) this.#updateTaken.run(taken, photo);
    this.#groups.touch([photo]);
    return { size: statement[2], source: best.peer.number };
  }

  #precedes(a: { peer: KnownPeer; replica: boolean }, b: { peer: KnownPeer; replica: boolean }): boolean {
    if ((a.peer.number === this.#self) !== (b.peer.number === this.#self)) return a.peer.number === this.#self;
    if (a.replica !== b.replica) return b.replica;
    return a.peer.peerId < b.peer.peerId;
  }
}

function sameBytes(value: SQLOutputValue | undefined, bytes: Uint8Array): boolean {
  return value instanceof Uint8Array && Buffer.compare(value, bytes) === 0;
}

/** Values of the columns from `name` to `search`. */
function factColumns(statement: StoredStatement): (string | number | Uint8Array | null)[] {
  const [, name, size, width, height, format, blockhash, takenAt, camera, place, damaged, grey, motion, subsecond] =
    statement;
  return [
    name,
    size,
    width,
    height,
    format,
    blockhash,
    takenTimeOf(takenAt),
    zoneOf(takenAt),
    camera,
    place?.[0] ?? null,
    place?.[1] ?? null,
    damaged ? 1 : 0,
    grey ? 1 : 0,
    motion ? 1 : 0,
    subsecond,
    searchTextOf({ name, camera, takenAt }),
  ];
}
