import fs from 'node:fs/promises';
import * as v from 'valibot';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { DaemonFile, FolderState } from '../protocol/state.ts';
import { DaemonFileSchema } from '../protocol/state.ts';

/**
 * What the daemon of a folder says about itself; undefined when none left word there. A daemon that was killed leaves its
 * file behind: only a connection tells whether it lives.
 * @throws AppError `corrupt` when the file is not one of a daemon, `no-permission` when it belongs to another user
 */
export async function readDaemonFile(state: FolderState): Promise<DaemonFile | undefined> {
  let text: string;
  try {
    text = await fs.readFile(state.daemonFile, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw toAppError(error);
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), DaemonFileSchema), text);
  if (!parsed.success) {
    throw new AppError('corrupt', `${state.daemonFile} is damaged: remove it and start the daemon again.`);
  }
  return parsed.output;
}
