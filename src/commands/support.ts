import fs from 'node:fs/promises';
import * as vscode from 'vscode';
import { startupLogFile } from '../client/launch.ts';
import { plainText } from '../client/sanitize.ts';
import { defaultHome } from '../protocol/state.ts';
import { version } from '../protocol/version.ts';
import type { Connection } from '../session/connection.ts';
import { stateOf } from '../session/folders.ts';
import type { CommandId } from '../session/ids.ts';
import { commandIds } from '../session/ids.ts';
import { readSettings } from '../session/settings.ts';
import type { CommandContext } from './commandContext.ts';
import type { CommandEntry } from './commandTable.ts';

/** Milliseconds that a remark stays in the status bar. */
const remarkTime = 3_000;

/** Commands that help when something is not as it should be, and the menu of the status bar item. */
export function supportCommands(context: CommandContext) {
  return {
    [commandIds.showLog]: { enabled: () => showLog(context), disabled: () => showLog(context) },
    [commandIds.copyDiagnostics]: {
      enabled: () => copyDiagnostics(context),
      disabled: () => copyDiagnostics(context),
    },
    [commandIds.showUnreadable]: { enabled: showUnreadable },
    [commandIds.showMenu]: { enabled: () => showMenu(runningMenu()), disabled: () => showMenu(stoppedMenu()) },
  } satisfies Record<string, CommandEntry>;
}

/** The daemon's log, from its end; this extension's own where there is none. */
async function showLog({ session, log }: CommandContext): Promise<void> {
  const { folder } = session;
  const state = folder === undefined ? undefined : await stateOf(defaultHome(), folder).catch(() => undefined);
  const files = state === undefined ? [] : [state.logFile, startupLogFile(state)];
  // A daemon that could not even start says why in the log of the start.
  if (session.state.kind === 'failed') files.reverse();
  for (const file of files) {
    const size = await fs.stat(file).then(
      (stat) => stat.size,
      () => 0,
    );
    if (size === 0) continue;
    const document = await vscode.workspace.openTextDocument(file);
    const end = document.lineAt(document.lineCount - 1).range.end;
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(end, end) });
    return;
  }
  log.show();
}

/** What a report of a fault needs; nothing that tells whose photos these are: no names, folders or addresses. */
async function copyDiagnostics({ session }: CommandContext): Promise<void> {
  const { state, connection, folder } = session;
  const settings = folder === undefined ? undefined : readSettings(folder.uri);
  const status = connection?.status;
  const diagnostics = {
    extension: version,
    vscode: vscode.version,
    host: {
      kind: vscode.env.remoteName ?? 'local',
      node: process.versions.node,
      electron: process.versions['electron'],
    },
    platform: `${process.platform}-${process.arch}`,
    state: state.kind,
    error: state.kind === 'failed' ? state.error.code : undefined,
    settings:
      settings === undefined
        ? undefined
        : {
            nodePath: settings.nodePath === '' ? 'default' : 'set',
            port: settings.port,
            keepRunning: settings.keepRunning,
            similarity: settings.similarity,
            exclude: settings.exclude.length,
          },
    daemon:
      status === undefined
        ? undefined
        : {
            version: status.version,
            health: status.health,
            term: status.term,
            central: status.central.self ? 'this peer' : 'another peer',
            scanning: status.scanning,
            comparing: status.comparing,
            photos: status.photos,
            bytes: status.bytes,
          },
    peers: connection?.peers.map(({ online, photos }) => ({ online, photos })),
  };
  await vscode.env.clipboard.writeText(`${JSON.stringify(diagnostics, undefined, 2)}\n`);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Diagnostics copied'), remarkTime);
}

async function showUnreadable({ client, signal }: Connection): Promise<void> {
  const files = await client.unreadable({ signal });
  if (files.length === 0) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('Every photo in this folder could be read.'), remarkTime);
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    files.map(({ path, reason }) => ({ label: plainText(path), detail: plainText(reason), path })),
    {
      title: vscode.l10n.t('Unreadable Files'),
      placeHolder: vscode.l10n.t('Files that look like photos but could not be read. Enter shows one in the Explorer.'),
    },
  );
  if (chosen === undefined) return;
  const file = vscode.Uri.joinPath(vscode.Uri.file(client.hello.folder), chosen.path);
  await vscode.commands.executeCommand('revealInExplorer', file);
}

interface MenuItem extends vscode.QuickPickItem {
  readonly command?: CommandId;
}

function runningMenu(): MenuItem[] {
  return [
    item('preview', vscode.l10n.t('Open Gallery'), commandIds.openGallery),
    item('cloud-download', vscode.l10n.t('Fetch Photo'), commandIds.fetchPhoto),
    { label: vscode.l10n.t('Duplicates'), kind: vscode.QuickPickItemKind.Separator },
    item('files', vscode.l10n.t('Review Duplicates'), commandIds.reviewDuplicates),
    item('search', vscode.l10n.t('Find Duplicates'), commandIds.findDuplicates),
    item('discard', vscode.l10n.t('Undo Decision'), commandIds.undoDecision),
    { label: vscode.l10n.t('Folder'), kind: vscode.QuickPickItemKind.Separator },
    item('refresh', vscode.l10n.t('Rescan Folder'), commandIds.rescan),
    item('warning', vscode.l10n.t('Show Unreadable Files'), commandIds.showUnreadable),
    { label: vscode.l10n.t('Daemon'), kind: vscode.QuickPickItemKind.Separator },
    item('debug-stop', vscode.l10n.t('Stop Daemon'), commandIds.stopDaemon),
    item('debug-restart', vscode.l10n.t('Restart Daemon'), commandIds.restartDaemon),
    item('output', vscode.l10n.t('Show Log'), commandIds.showLog),
    item('copy', vscode.l10n.t('Copy Diagnostics'), commandIds.copyDiagnostics),
  ];
}

function stoppedMenu(): MenuItem[] {
  return [
    item('debug-restart', vscode.l10n.t('Start Daemon'), commandIds.startDaemon),
    item('output', vscode.l10n.t('Show Log'), commandIds.showLog),
    item('copy', vscode.l10n.t('Copy Diagnostics'), commandIds.copyDiagnostics),
  ];
}

function item(icon: string, title: string, command: CommandId): MenuItem {
  return { label: title, iconPath: new vscode.ThemeIcon(icon), command };
}

async function showMenu(items: readonly MenuItem[]): Promise<void> {
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Photos') });
  if (chosen?.command !== undefined) await vscode.commands.executeCommand(chosen.command);
}
