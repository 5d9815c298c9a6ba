import path from 'node:path';
import * as vscode from 'vscode';
import { AppError } from '../protocol/errors.ts';
import { diskFolders, isShared } from '../session/folders.ts';
import { commandIds } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import { readSettings } from '../session/settings.ts';
import type { CommandContext } from './commandContext.ts';
import type { CommandEntry } from './commandTable.ts';

/** Commands that decide what is shared. Nothing is shared but by the first of them. */
export function sharingCommands({ session }: CommandContext) {
  const share = async (): Promise<void> => {
    const folder = session.folder;
    if (folder === undefined || !vscode.workspace.isTrusted) {
      throw new AppError('usage', vscode.l10n.t('Open a folder with photos, and trust it, first.'));
    }
    if (!(await mayShare(folder))) return;
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Starting the photo daemon…') },
      () => session.start(true),
    );
  };
  const stopSharing = async (): Promise<void> => {
    const folder = session.folder;
    if (folder !== undefined && (await mayStop(folder))) await session.stopSharing();
  };
  const selectFolder = async (): Promise<void> => {
    const chosen = await pickFolder(session);
    if (chosen !== undefined) await session.use(chosen);
  };
  return {
    [commandIds.shareFolder]: {
      enabled: () => {
        void vscode.window.showInformationMessage(vscode.l10n.t('This folder is shared already.'));
      },
      disabled: share,
    },
    [commandIds.stopSharing]: {
      enabled: stopSharing,
      disabled: (state) => (state.kind === 'notShared' ? undefined : stopSharing()),
    },
    [commandIds.selectFolder]: { enabled: selectFolder, disabled: selectFolder },
  } satisfies Record<string, CommandEntry>;
}

/** Says what sharing means, and asks. */
async function mayShare(folder: vscode.WorkspaceFolder): Promise<boolean> {
  const { listen, network } = readSettings(folder.uri);
  const loopback = listen === '' || listen === '::1' || listen.startsWith('127.');
  const share = vscode.l10n.t('Share');
  const detail = [
    vscode.l10n.t('The photos in this folder become part of the collection of the network "{0}".', network),
    loopback
      ? vscode.l10n.t('Your other shared folders on this computer see them. Nobody beyond this computer can connect.')
      : vscode.l10n.t('Everybody who has the key of the network and reaches {0} sees them.', listen),
    vscode.l10n.t(
      'A background process serves them from now on whenever you open this folder. You can stop sharing at any time.',
    ),
  ].join('\n\n');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Share the photos in {0}?', path.basename(folder.uri.fsPath)),
    { modal: true, detail },
    share,
  );
  return answer === share;
}

async function mayStop(folder: vscode.WorkspaceFolder): Promise<boolean> {
  const stop = vscode.l10n.t('Stop Sharing');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Stop sharing {0}?', path.basename(folder.uri.fsPath)),
    {
      modal: true,
      detail: vscode.l10n.t(
        'The others can no longer get at the photos in this folder, and the copies kept here for them no longer count. No file is deleted.',
      ),
    },
    stop,
  );
  return answer === stop;
}

async function pickFolder(session: Session): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = await Promise.all(
    diskFolders().map(async (folder) => ({
      label: folder.name,
      description: folder.uri.fsPath,
      detail: (await isShared(session.home, folder)) ? vscode.l10n.t('shared') : vscode.l10n.t('not shared'),
      picked: folder.uri.toString() === session.folder?.uri.toString(),
      folder,
    })),
  );
  const chosen = await vscode.window.showQuickPick(folders, {
    title: vscode.l10n.t('Select Photo Folder'),
    placeHolder: vscode.l10n.t('The folder whose collection this window shows'),
  });
  return chosen?.folder;
}
