import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSharedByThisUser } from '../../src/client/consent.ts';
import type { FolderState } from '../../src/protocol/state.ts';
import { folderState, markerPath } from '../../src/protocol/state.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const marker = (last: string) =>
  JSON.stringify({
    version: 1,
    folderId: `3f2c1f60-7a55-4c55-9f6e-00000000000${last}`,
    sharedAt: '2026-06-01T10:00:00Z',
  });

/** A photo folder with the given marker, and what the user's state remembers of it. */
function folder({ inFolder, remembered }: { inFolder?: string; remembered?: string }): FolderState {
  const base = temporaryFolder();
  const state = folderState(path.join(base, 'home'), path.join(base, 'photos'));
  fs.mkdirSync(path.dirname(markerPath(state.folder)), { recursive: true });
  fs.mkdirSync(state.directory, { recursive: true });
  if (inFolder !== undefined) fs.writeFileSync(markerPath(state.folder), inFolder);
  if (remembered !== undefined) fs.writeFileSync(state.sharedFile, remembered);
  return state;
}

describe('a folder counts as shared by this user', () => {
  it('when its marker is the one that was written here', async () => {
    expect(await isSharedByThisUser(folder({ inFolder: marker('1'), remembered: marker('1') }))).toBe(true);
  });

  it.each([
    ['it came with a marker that nobody wrote here', { inFolder: marker('1') }],
    ['another marker lies there now', { inFolder: marker('2'), remembered: marker('1') }],
    ['its marker is gone', { remembered: marker('1') }],
    ['its marker is damaged', { inFolder: '{', remembered: '{' }],
    ['nothing is there', {}],
  ])('but not when %s', async (_case, files) => {
    expect(await isSharedByThisUser(folder(files))).toBe(false);
  });
});
