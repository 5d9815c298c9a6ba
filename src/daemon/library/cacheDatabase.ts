import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Migration } from '../base/sqlite.ts';
import { openDatabase } from '../base/sqlite.ts';

/** Bytes of a database that is read through when it is opened: up to here that takes a fraction of a second. */
const checkedWhole = 64 * 1024 * 1024;

/** SQLite's primary result codes. */
const sqliteCodes = { corrupt: 11, full: 13, notADatabase: 26 };

/**
 * Opens a database of things that can be found out again, from the photos or from other peers. One that is damaged is
 * thrown away: the photos are the truth.
 * @param options.setAside keeps a damaged one as `<file>.damaged`: what people said may be nowhere else
 * @throws AppError `version-mismatch`, `disk-full`
 */
export function openCache(
  file: string,
  migrations: readonly Migration[],
  logger: Logger,
  options: { setAside?: boolean } = {},
): DatabaseSync {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    return openChecked(file, migrations);
  } catch (error) {
    if (!isDamaged(error)) throw databaseError(error);
    logger.warn(`${path.basename(file)} is damaged and is made anew`, error);
    if (options.setAside === true) fs.renameSync(file, `${file}.damaged`);
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(file + suffix, { force: true });
    return openDatabase(file, migrations);
  }
}

function openChecked(file: string, migrations: readonly Migration[]): DatabaseSync {
  const database = openDatabase(file, migrations);
  try {
    // The first read of the schema: a file that is something else is found out here.
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    if (fs.statSync(file).size <= checkedWhole) checkPages(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Damage inside the file would come to light only when what lies there is asked for. @throws an error that says so */
function checkPages(database: DatabaseSync): void {
  const result = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (result !== 'ok') throw Object.assign(new Error(String(result)), { errcode: sqliteCodes.corrupt });
}

/** `error` of a write as an AppError: `disk-full` with what to do, or `internal`. */
export function databaseError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (sqliteCode(error) === sqliteCodes.full) {
    return new AppError('disk-full', 'The disk with the state folder is full: free some space.', { cause: error });
  }
  return new AppError('internal', `The state folder cannot be written to: ${messageOf(error)}`, { cause: error });
}

function isDamaged(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === sqliteCodes.corrupt || code === sqliteCodes.notADatabase;
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
