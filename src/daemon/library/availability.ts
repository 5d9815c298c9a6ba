import fs from 'node:fs/promises';
import { AppError, messageOf, systemCodeOf } from '../../protocol/errors.ts';
import { readMarker } from './marker.ts';

/** Whether the folder is the shared one, by its marker; if not, why (one sentence). */
export type Availability = { folderId: string; why: null } | { folderId: null; why: string };

/** Never believe an empty disk: a folder without its marker is another folder, or none. */
export async function availabilityOf(folder: string): Promise<Availability> {
  try {
    const stats = await fs.stat(folder);
    if (!stats.isDirectory()) return unavailable(`${folder} is no folder any more.`);
    await fs.access(folder, fs.constants.R_OK | fs.constants.X_OK);
    const marker = await readMarker(folder);
    if (marker !== undefined) return { folderId: marker.folderId, why: null };
    return unavailable(
      `${folder} has lost its marker: if its disk is not connected, connect it; if this is the right folder, share it again.`,
    );
  } catch (error) {
    if (AppError.is(error)) return unavailable(error.message);
    switch (systemCodeOf(error)) {
      case 'ENOENT':
        return unavailable(`${folder} is not there: connect its disk, or move it back.`);
      case 'EACCES':
      case 'EPERM':
        return unavailable(`${folder} may not be read any more: give this user permission again.`);
      default:
        return unavailable(`${folder} cannot be read: ${messageOf(error)}`);
    }
  }
}

function unavailable(why: string): Availability {
  return { folderId: null, why };
}
