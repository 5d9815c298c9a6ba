import fs from 'node:fs/promises';
import * as vscode from 'vscode';
import { isSharedByThisUser } from '../client/consent.ts';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { folderState, markerPath } from '../protocol/state.ts';

/** The folders of this window that lie on a disk: no other can be served. */
export function diskFolders(): vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
}

/** Whether this user has shared the folder. @param home the user's state folder */
export async function isShared(home: string, folder: vscode.WorkspaceFolder): Promise<boolean> {
  try {
    return await isSharedByThisUser(await stateOf(home, folder));
  } catch (error) {
    if (AppError.is(error, 'folder-unavailable')) return false;
    throw error;
  }
}

/** Those of `folders` that this user has shared. */
export async function sharedAmong(
  home: string,
  folders: readonly vscode.WorkspaceFolder[],
): Promise<vscode.WorkspaceFolder[]> {
  const shared = await Promise.all(folders.map((folder) => isShared(home, folder)));
  return folders.filter((_folder, index) => shared[index]);
}

/**
 * Where the daemon of a folder keeps its state.
 * @throws AppError `folder-unavailable` when the folder is not there
 */
export async function stateOf(home: string, folder: vscode.WorkspaceFolder): Promise<FolderState> {
  try {
    return folderState(home, await fs.realpath(folder.uri.fsPath));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw toAppError(error);
    throw new AppError(
      'folder-unavailable',
      vscode.l10n.t('The folder {0} is not there: is its disk connected?', folder.uri.fsPath),
      { cause: error },
    );
  }
}

/**
 * Takes back a person's decision to share. Photos, kept copies and trash stay where they are.
 * @throws AppError `no-permission`, `folder-unavailable`
 */
export async function removeMarker(home: string, folder: vscode.WorkspaceFolder): Promise<void> {
  const state = await stateOf(home, folder);
  try {
    await fs.rm(markerPath(state.folder), { force: true });
    await fs.rm(state.sharedFile, { force: true });
  } catch (error) {
    throw toAppError(error);
  }
}
