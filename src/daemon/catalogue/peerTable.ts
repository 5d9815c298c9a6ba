import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { AppError } from '../../protocol/errors.ts';

/** A peer that was ever seen. */
export interface KnownPeer {
  /** Number of the peer in this database. */
  readonly number: number;
  readonly peerId: string;
  readonly name: string;
  readonly port: number;
  readonly addresses: string[];
  /** Milliseconds since the epoch; 0 for never. */
  readonly lastSeen: number;
  /** Index id of the peer's log that its holdings come from; empty for none yet. */
  readonly log: string;
  readonly seq: number;
  readonly photos: number;
  /** Bytes of the photos that the peer holds, as it states them. */
  readonly bytes: number;
}

/** What a peer says of itself. */
export interface PeerIntroduction {
  peerId: string;
  name: string;
  port: number;
  addresses: readonly string[];
}

type Row = Record<string, SQLOutputValue>;

const maxCandidates = 20;

/** The peers, in the database and (there are few) in memory. Writes happen in the caller's transaction. */
export class PeerTable {
  readonly #database: DatabaseSync;
  readonly #byNumber = new Map<number, KnownPeer>();
  readonly #byId = new Map<string, KnownPeer>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    for (const row of database.prepare('SELECT * FROM peers').all()) this.#remember(row);
  }

  all(): KnownPeer[] {
    return [...this.#byNumber.values()];
  }

  byId(peerId: string): KnownPeer | undefined {
    return this.#byId.get(peerId);
  }

  /** @throws AppError `internal` when the database names a peer that it does not have */
  byNumber(number: number): KnownPeer {
    const peer = this.#byNumber.get(number);
    if (peer === undefined)
      throw new AppError('internal', `The catalogue names a peer ${number} that it does not know.`);
    return peer;
  }

  /** The peer, with a row of its own from now on. */
  ensure(peerId: string): KnownPeer {
    const known = this.#byId.get(peerId);
    if (known !== undefined) return known;
    return this.introduce({ peerId, name: peerId.slice(-8), port: 0, addresses: [] }, 0);
  }

  /** Notes what a peer says of itself. @param seenAt milliseconds since the epoch */
  introduce(peer: PeerIntroduction, seenAt: number): KnownPeer {
    this.#database
      .prepare(
        `INSERT INTO peers (peer_id, name, port, addresses, last_seen) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (peer_id) DO UPDATE SET name = excluded.name, port = excluded.port,
           addresses = excluded.addresses, last_seen = max(last_seen, excluded.last_seen)`,
      )
      .run(peer.peerId, peer.name, peer.port, JSON.stringify(peer.addresses), seenAt);
    return this.reload(peer.peerId);
  }

  /** Reads a peer again after its row changed (or did not, because a transaction failed). */
  reload(peerId: string): KnownPeer {
    const row = this.#database.prepare('SELECT * FROM peers WHERE peer_id = ?').get(peerId);
    if (row === undefined) throw new AppError('internal', `The catalogue lost the peer ${peerId}.`);
    return this.#remember(row);
  }

  #remember(row: Row): KnownPeer {
    const peer: KnownPeer = {
      number: Number(row['peer']),
      peerId: String(row['peer_id']),
      name: String(row['name']),
      port: Number(row['port']),
      addresses: JSON.parse(String(row['addresses'])) as string[],
      lastSeen: Number(row['last_seen']),
      log: String(row['log']),
      seq: Number(row['seq']),
      photos: Number(row['photos']),
      bytes: Number(row['bytes']),
    };
    this.#byNumber.set(peer.number, peer);
    this.#byId.set(peer.peerId, peer);
    return peer;
  }

  /**
   * The peer that a person means: a peer id, else a display name (in any case), else a unique prefix of a peer id.
   * @throws AppError `not-found`, `ambiguous` (data: `{ candidates: [{ peerId, name }] }`)
   */
  resolve(reference: string): KnownPeer {
    const exact = this.#byId.get(reference);
    if (exact !== undefined) return exact;
    const all = this.all();
    const wanted = reference.toLowerCase();
    const named = all.filter((peer) => peer.name.toLowerCase() === wanted);
    const found = named.length > 0 ? named : all.filter((peer) => peer.peerId.startsWith(reference));
    const [first] = found;
    if (first === undefined) {
      throw new AppError(
        'not-found',
        `No peer is called or begins with "${reference}": list the peers to see their names.`,
      );
    }
    if (found.length > 1) {
      throw new AppError('ambiguous', `"${reference}" means ${found.length} peers: give more of the peer id.`, {
        data: { candidates: found.slice(0, maxCandidates).map(({ peerId, name }) => ({ peerId, name })) },
      });
    }
    return first;
  }
}
