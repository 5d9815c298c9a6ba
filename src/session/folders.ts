import fs from 'node:fs/promises';
import * as vscode from 'vscode';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { FolderState } from '../protocol/state.ts';
import { folderState, markerPath } from '../protocol/state.ts';

/** The folders of this window that lie on a disk: no other can be served. */
export function diskFolders(): vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
}

/** Whether a person has shared the folder. */
export async function isShared(folder: vscode.WorkspaceFolder): Promise<boolean> {
  try {
    await fs.access(markerPath(folder.uri.fsPath));
    return true;
  } catch {
    // No marker, or one that cannot be read: nobody shared it, as far as this user is concerned.
    return false;
  }
}

/** Those of `folders` that are shared. */
export async function sharedAmong(folders: readonly vscode.WorkspaceFolder[]): Promise<vscode.WorkspaceFolder[]> {
  const shared = await Promise.all(folders.map(isShared));
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
 * @throws AppError `no-permission`
 */
export async function removeMarker(folder: vscode.WorkspaceFolder): Promise<void> {
  try {
    await fs.rm(markerPath(folder.uri.fsPath), { force: true });
  } catch (error) {
    throw toAppError(error);
  }
}
