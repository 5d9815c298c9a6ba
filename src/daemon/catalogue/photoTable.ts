import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PhotoFormat } from '../../protocol/photo.ts';
import { isTelling, maxGroup } from './blockhashGroup.ts';
import type { HoldingStatement } from './holdingsRecord.ts';
import { decodeStatement, encodeStatement, hexOf } from './holdingsRecord.ts';
import type { KeeperFacts } from './keeper.ts';
import { keeperOf } from './keeper.ts';
import type { KnownPeer, PeerTable } from './peerTable.ts';
import { searchTextOf } from './searchText.ts';
import { takenAtOf, takenTimeOf, zoneOf } from './takenTime.ts';

/** What a photo is in its group. */
export const photoRoles = { alone: 0, keeper: 1, redundant: 2 } as const;

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
  readonly #touched = new Map<string, Uint8Array>();
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
  readonly #group: StatementSync;
  readonly #setRole: StatementSync;
  readonly #clearRoles: StatementSync;

  /** @param self number of this peer */
  constructor(database: DatabaseSync, peers: PeerTable, self: number) {
    this.#peers = peers;
    this.#self = self;
    this.#findPhoto = database.prepare(
      'SELECT photo, source, size, taken, blockhash, holders FROM photos WHERE id = ?',
    );
    this.#insertPhoto = database.prepare(
      `INSERT INTO photos (id, source, name, size, width, height, format, blockhash, taken, zone, camera, latitude,
         longitude, damaged, search, holders) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
    );
    // The role is given anew by `finish`, in the group of the blockhash that is stated now.
    this.#updateFacts = database.prepare(
      `UPDATE photos SET source = ?, name = ?, size = ?, width = ?, height = ?, format = ?, blockhash = ?, taken = ?,
         zone = ?, camera = ?, latitude = ?, longitude = ?, damaged = ?, search = ?, role = 0 WHERE photo = ?`,
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
    this.#group = database.prepare(
      `SELECT photo, id, size, width, height, format, taken, zone, camera, latitude, damaged, role
       FROM photos WHERE blockhash = ? LIMIT ?`,
    );
    this.#setRole = database.prepare('UPDATE photos SET role = ? WHERE photo = ?');
    this.#clearRoles = database.prepare('UPDATE photos SET role = 0 WHERE blockhash = ? AND role > 0');
  }

  /** The peer holds the photo and states this of it. Returns whether that is news. */
  put(peer: KnownPeer, id: Uint8Array, statement: HoldingStatement): boolean {
    const encoded = encodeStatement(statement);
    const replica = statement[0] === 'r' ? 1 : 0;
    const size = statement[2];
    const found = this.#findPhoto.get(id);
    if (found === undefined) {
      const photo = Number(this.#insertPhoto.run(id, peer.number, ...factColumns(statement)).lastInsertRowid);
      this.#insertHolding.run(photo, peer.number, replica, size, takenTimeOf(statement[7]), encoded);
      this.#countPeer.run(1, size, peer.number);
      this.#touch(statement[6]);
      return true;
    }
    const photo = Number(found['photo']);
    const held = this.#findHolding.get(photo, peer.number);
    if (held === undefined) {
      this.#insertHolding.run(photo, peer.number, replica, size, Number(found['taken']), encoded);
      this.#updateHolders.run(1, photo);
      this.#countPeer.run(1, size, peer.number);
    } else {
      if (sameBytes(held['statement'], encoded)) return false;
      this.#updateHolding.run(replica, size, encoded, photo, peer.number);
      this.#countPeer.run(0, size - Number(held['size']), peer.number);
    }
    const chosen = this.#choose(photo, found, peer);
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
      this.#touch(blobOf(found['blockhash']));
      return true;
    }
    this.#updateHolders.run(-1, photo);
    if (Number(found['source']) === peer.number) this.#choose(photo, found, peer);
    return true;
  }

  /** Up to `limit` ids of photos that the peer holds. */
  some(peer: KnownPeer, limit: number): Uint8Array[] {
    return this.#someOfPeer.all(peer.number, limit).map((row) => bytesOf(row['id']));
  }

  /** Brings the groups up to date with what was written. Returns sizes that were stated against the catalogue's. */
  finish(): SizeDispute[] {
    for (const blockhash of this.#touched.values()) this.#regroup(blockhash);
    const disputes = this.#disputes;
    this.discard();
    return disputes;
  }

  /** Forgets what {@link finish} would do: the transaction was rolled back. */
  discard(): void {
    this.#touched.clear();
    this.#disputes = [];
  }

  /** Takes over the facts of the first of the photo's holders after `changed` stated something. Returns the size chosen. */
  #choose(photo: number, before: Row, changed: KnownPeer): number {
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
    if (best === undefined || stays) return Number(before['size']);
    const statement = decodeStatement(best.statement);
    this.#updateFacts.run(best.peer.number, ...factColumns(statement), photo);
    const taken = takenTimeOf(statement[7]);
    if (taken !== before['taken']) this.#updateTaken.run(taken, photo);
    this.#touch(blobOf(before['blockhash']));
    this.#touch(statement[6]);
    return statement[2];
  }

  #precedes(a: { peer: KnownPeer; replica: boolean }, b: { peer: KnownPeer; replica: boolean }): boolean {
    if ((a.peer.number === this.#self) !== (b.peer.number === this.#self)) return a.peer.number === this.#self;
    if (a.replica !== b.replica) return b.replica;
    return a.peer.peerId < b.peer.peerId;
  }

  #touch(blockhash: Uint8Array | null): void {
    if (blockhash !== null) this.#touched.set(hexOf(blockhash), blockhash);
  }

  #regroup(blockhash: Uint8Array): void {
    if (!isTelling(blockhash)) return;
    const members = this.#group.all(blockhash, maxGroup + 1);
    if (members.length < 2 || members.length > maxGroup) {
      if (members.some((member) => member['role'] !== photoRoles.alone)) this.#clearRoles.run(blockhash);
      return;
    }
    const keeper = keeperOf(members.map(keeperFactsOf));
    for (const member of members) {
      const role = keeper?.photo === member['photo'] ? photoRoles.keeper : photoRoles.redundant;
      if (member['role'] !== role) this.#setRole.run(role, Number(member['photo']));
    }
  }
}

/** The facts that decide about the keeper, of a row of `photos`. */
export function keeperFactsOf(row: Row): KeeperFacts & { photo: number } {
  return {
    photo: Number(row['photo']),
    id: hexOf(bytesOf(row['id'])),
    size: Number(row['size']),
    width: Number(row['width']),
    height: Number(row['height']),
    format: String(row['format']) as PhotoFormat,
    takenAt: takenAtOf(Number(row['taken']), String(row['zone'])),
    camera: row['camera'] === null ? null : String(row['camera']),
    // Only whether there is a place matters here.
    place: row['latitude'] === null ? null : { latitude: 0, longitude: 0 },
    damaged: row['damaged'] === 1,
    grey: false,
    motion: false,
    chosen: 0,
  };
}

/** A column that is a BLOB and never null. */
export function bytesOf(value: SQLOutputValue | undefined): Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** A column that is a BLOB or null. */
export function blobOf(value: SQLOutputValue | undefined): Uint8Array | null {
  return value instanceof Uint8Array ? value : null;
}

function sameBytes(value: SQLOutputValue | undefined, bytes: Uint8Array): boolean {
  return value instanceof Uint8Array && Buffer.compare(value, bytes) === 0;
}

/** Values of the columns from `name` to `search`. */
function factColumns(statement: HoldingStatement): (string | number | Uint8Array | null)[] {
  const [, name, size, width, height, format, blockhash, takenAt, camera, place, damaged] = statement;
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
    searchTextOf({ name, camera, takenAt }),
  ];
}
