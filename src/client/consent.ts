import fs from 'node:fs/promises';
import * as v from 'valibot';
import type { FolderState } from '../protocol/state.ts';
import { markerPath, MarkerSchema } from '../protocol/state.ts';

/**
 * Whether this user shared this very folder: its marker is the one that was written then. A marker that came with the folder
 * (copied, cloned, unpacked, or another user's on a common disk) is not this user's consent.
 */
export async function isSharedByThisUser(state: FolderState): Promise<boolean> {
  const [marker, shared] = await Promise.all([folderIdIn(markerPath(state.folder)), folderIdIn(state.sharedFile)]);
  return marker !== undefined && marker === shared;
}

async function folderIdIn(file: string): Promise<string | undefined> {
  try {
    return v.parse(MarkerSchema, JSON.parse(await fs.readFile(file, 'utf8'))).folderId;
  } catch {
    // Not there, not readable or not a marker: in each case it is no consent.
    return undefined;
  }
}
