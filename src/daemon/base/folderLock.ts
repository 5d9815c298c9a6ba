import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';

/**
 * Holds a folder's lock for the life of this process. The lock is SQLite's own exclusive lock on a file of its own: the
 * operating system lets go of it however the process ends, so there is no stale lock to guess about, and removing a dead
 * daemon's socket is safe for whoever holds it. (Node.js has no flock.)
 */
export class FolderLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * The lock, or undefined when another process holds it.
   * @throws AppError `internal` when the file is damaged
   */
  static acquire(file: string): FolderLock | undefined {
    const database = new DatabaseSync(file);
    try {
      // Journals in memory: nothing is ever written, and no journal file is left behind by a kill.
      database.exec(
        'PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;',
      );
      return new FolderLock(database);
    } catch (error) {
      database.close();
      if (systemCodeOf(error) === 'ERR_SQLITE_ERROR' && /locked|busy/i.test(String(error))) return undefined;
      throw new AppError('internal', `${file} cannot be used as a lock: delete it and try again.`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Makes a folder for this user alone. */
export function makePrivateDirectory(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.platform !== 'win32') fs.chmodSync(directory, 0o700);
}
