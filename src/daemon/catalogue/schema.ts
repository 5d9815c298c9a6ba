import type { Migration } from '../base/sqlite.ts';

/**
 * The catalogue's tables. `holdings` is the truth (what each peer states); `photos` is derived from it and kept in step in
 * the same transaction, so that lists and searches read indexes only. Photos and peers have short numbers, because each
 * holding names one of both.
 */
export const catalogueMigrations: readonly Migration[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- log and seq: which log of that peer, up to which record, is in holdings. For this peer itself: its own log and its end.
  CREATE TABLE peers (
    peer INTEGER PRIMARY KEY,
    peer_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    port INTEGER NOT NULL,
    addresses TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    log TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL DEFAULT 0,
    photos INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
  );

  -- The latest record of each photo that this peer ever held; a photo that is not in its holdings is a removal.
  CREATE TABLE own_log (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);

  -- statement: what the peer states, as on the wire. taken: the photo's, repeated for the order of a peer's photos.
  CREATE TABLE holdings (
    photo INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    replica INTEGER NOT NULL,
    size INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    statement BLOB NOT NULL,
    PRIMARY KEY (photo, peer)
  ) WITHOUT ROWID;
  CREATE INDEX holdings_of_peer ON holdings (peer, taken DESC, photo);

  -- source: the peer whose statement the facts are. role: 0 no look-alikes, 1 keeper of its group, 2 redundant.
  CREATE TABLE photos (
    photo INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    source INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL,
    blockhash BLOB,
    taken INTEGER NOT NULL,
    zone TEXT NOT NULL,
    camera TEXT,
    latitude REAL,
    longitude REAL,
    damaged INTEGER NOT NULL,
    search TEXT NOT NULL,
    holders INTEGER NOT NULL,
    role INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX photos_by_taken ON photos (taken DESC, id, search);
  CREATE INDEX photos_by_name ON photos (search, id);
  CREATE INDEX photos_by_size ON photos (size DESC, id);
  CREATE INDEX photos_by_blockhash ON photos (blockhash) WHERE blockhash IS NOT NULL;
  CREATE INDEX photos_by_holders ON photos (holders);
  CREATE INDEX photos_by_role ON photos (role) WHERE role > 0;
  `,
  `
  ALTER TABLE photos ADD COLUMN grey INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE photos ADD COLUMN motion INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE photos ADD COLUMN subsecond INTEGER;

  -- keeper: the photo that is kept of its group (itself, for the keeper); lead: the best of the group by the facts, which
  -- names the group. Null for a photo alone.
  ALTER TABLE photos ADD COLUMN keeper INTEGER;
  ALTER TABLE photos ADD COLUMN lead INTEGER;
  CREATE INDEX photos_by_keeper ON photos (keeper, holders, size) WHERE keeper IS NOT NULL;
  UPDATE photos SET role = 0 WHERE role > 0;

  -- What photos are compared by, as the source of their facts states it.
  CREATE TABLE features (
    photo INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    version INTEGER NOT NULL,
    aspect INTEGER NOT NULL,
    digest BLOB,
    hashes BLOB
  );

  -- Photos that have not been compared with the others.
  CREATE TABLE uncompared (photo INTEGER PRIMARY KEY);

  -- Photos that may be look-alikes by their hashes: the smaller number is a. score and crops (8 floats) are null until their rasters were laid
  -- on each other; pairs that then turn out not to be alike are removed.
  CREATE TABLE pairs (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    distance INTEGER NOT NULL,
    orientation INTEGER NOT NULL,
    window_a INTEGER NOT NULL,
    window_b INTEGER NOT NULL,
    score REAL,
    crops BLOB,
    PRIMARY KEY (a, b)
  ) WITHOUT ROWID;
  CREATE INDEX pairs_by_b ON pairs (b, a);
  CREATE INDEX pairs_open ON pairs (a, b) WHERE score IS NULL;
  `,
];
