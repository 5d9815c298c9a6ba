import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { openCache } from '../../src/daemon/library/cacheDatabase.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const migrations = ['CREATE TABLE things (thing TEXT)'];

/** A file that is no database, opened as one; what lies beside it afterwards. */
function opened(options: { setAside?: boolean }): { file: string; files: string[]; rows: number } {
  const file = path.join(temporaryFolder(), 'things.db');
  fs.writeFileSync(file, 'what a broken disk left of it');
  const database = openCache(file, migrations, silentLogger, options);
  onTestFinished(() => database.close());
  const rows = database.prepare('SELECT * FROM things').all().length;
  const files = fs.readdirSync(path.dirname(file)).filter((name) => !/-(?:wal|shm)$/.test(name));
  return { file, files: files.sort((a, b) => a.localeCompare(b)), rows };
}

test('a damaged cache is made anew', () => {
  const { files, rows } = opened({});
  expect({ files, rows }).toEqual({ files: ['things.db'], rows: 0 });
});

test('a damaged database of what people said is set aside, byte for byte', () => {
  const { file, files, rows } = opened({ setAside: true });
  expect({ files, rows }).toEqual({ files: ['things.db', 'things.db.damaged'], rows: 0 });
  expect(fs.readFileSync(`${file}.damaged`, 'utf8')).toBe('what a broken disk left of it');
});
