import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../base/files.ts';
import { systemCodeOf } from '../../protocol/errors.ts';

/**
 * Creates `file` with `data` (mode 0600, its folders 0700) unless it is there already. Of several processes that do so at once,
 * one wins and all find its whole file afterwards: a hard link, unlike a rename, never replaces.
 */
export async function createFileOnce(file: string, data: string | Uint8Array): Promise<void> {
  const directory = path.dirname(file);
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await fs.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.link(temporary, file);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  } finally {
    await fs.rm(temporary, { force: true });
  }
  await syncDirectory(directory);
}
