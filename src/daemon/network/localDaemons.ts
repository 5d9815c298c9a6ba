import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { systemCodeOf } from '../../protocol/errors.ts';
import { DaemonFileSchema, foldersDirectory, type DaemonFile } from '../../protocol/state.ts';

const maxDaemons = 256;
const maxBytes = 64 * 1024;

/** The daemons that this user runs (or that were killed and left their file), as their `daemon.json` say. */
export async function findLocalDaemons(home: string): Promise<DaemonFile[]> {
  const directory = foldersDirectory(home);
  const found: DaemonFile[] = [];
  for (const name of (await listDirectory(directory)).slice(0, maxDaemons)) {
    const daemon = await readDaemonFile(path.join(directory, name, 'daemon.json'));
    if (daemon !== undefined) found.push(daemon);
  }
  return found;
}

async function listDirectory(directory: string): Promise<string[]> {
  try {
    return await fs.readdir(directory);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined for a file that is not there, or not one of ours: it is only a hint where to dial. */
async function readDaemonFile(file: string): Promise<DaemonFile | undefined> {
  try {
    const { size } = await fs.stat(file);
    if (size > maxBytes) return undefined;
    const checked = v.safeParse(DaemonFileSchema, JSON.parse(await fs.readFile(file, 'utf8')));
    return checked.success ? checked.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || systemCodeOf(error) !== undefined) return undefined;
    throw error;
  }
}
