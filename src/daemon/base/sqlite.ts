import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../protocol/errors.ts';

/** One step of a schema: SQL that brings a database from version n to n + 1. Never changed once shipped; new ones are added. */
export type Migration = string;

/**
 * Opens (or creates) a database in WAL mode and brings its schema up to date. `user_version` counts the migrations done;
 * each runs in a transaction of its own with the version it leads to.
 * @throws AppError `version-mismatch` when the file was written by a newer version of this product
 */
export function openDatabase(file: string, migrations: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // NORMAL: a power cut can cost the last transactions, never the database; what is in it is found again on disk or at peers.
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;',
    );
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version > migrations.length) {
      throw new AppError(
        'version-mismatch',
        `${file} was written by a newer version of Distributed Photo Organizer: update this one.`,
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      inTransaction(database, () => {
        database.exec(migration);
        database.exec(`PRAGMA user_version = ${index + 1}`);
      });
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work` in one transaction: all of it or, when it throws, nothing of it. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // On a full disk SQLite has already rolled back: what counts is why.
    }
    throw error;
  }
}
