import * as vscode from 'vscode';
import { commandIds } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { CommandContext } from './commandContext.ts';
import type { CommandEntry } from './commandTable.ts';

/** Milliseconds that a remark stays in the status bar. */
const remarkTime = 3_000;

/** Commands on the daemon of the folder. */
export function daemonCommands({ session }: CommandContext) {
  return {
    [commandIds.startDaemon]: {
      enabled: () => remark(vscode.l10n.t('The photo daemon is running already.')),
      disabled: (state) =>
        state.kind === 'stopped' || state.kind === 'failed' || state.kind === 'starting'
          ? start(session)
          : shareFirst(),
    },
    [commandIds.stopDaemon]: {
      enabled: () => inWindow(vscode.l10n.t('Stopping the photo daemon…'), () => session.stop()),
      disabled: () => session.stop(),
    },
    [commandIds.restartDaemon]: {
      enabled: () => inWindow(vscode.l10n.t('Restarting the photo daemon…'), () => session.restart()),
      disabled: (state) =>
        state.kind === 'stopped' || state.kind === 'failed' || state.kind === 'starting'
          ? inWindow(vscode.l10n.t('Restarting the photo daemon…'), () => session.restart())
          : shareFirst(),
    },
    [commandIds.rescan]: {
      enabled: ({ client, signal }) => client.rescan({ signal }),
    },
  } satisfies Record<string, CommandEntry>;
}

/** Nothing can be started in a folder that is not shared: asks for that instead. */
async function shareFirst(): Promise<void> {
  await vscode.commands.executeCommand(commandIds.shareFolder);
}

async function start(session: Session): Promise<void> {
  await inWindow(vscode.l10n.t('Starting the photo daemon…'), () => session.start());
}

async function inWindow(title: string, work: () => Promise<unknown>): Promise<void> {
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, work);
}

function remark(text: string): void {
  vscode.window.setStatusBarMessage(text, remarkTime);
}
