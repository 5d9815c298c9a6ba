import * as vscode from 'vscode';
import type { AppError } from '../protocol/errors.ts';
import { toAppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import type { CommandId } from '../session/ids.ts';
import { commandIds, settingIds, settingsPrefix } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { SessionState } from '../session/state.ts';

/** What a command does. Every command always exists and always answers. */
export interface CommandEntry {
  /**
   * While the daemon runs.
   * @param argument what it was run on: the item of a tree, or what the gallery says of a picture
   * @param selection all items that are selected in a tree, when they are several
   */
  readonly enabled: (connection: Connection, argument: unknown, selection: unknown) => Promise<void> | void;
  /** While it does not; left out: it is said why nothing can be done, with what helps. */
  readonly disabled?: (state: SessionState, argument: unknown) => Promise<void> | void;
}

/** All commands: one that is missing does not compile. */
export type CommandTable = { readonly [id in CommandId]: CommandEntry };

/** Registers every command of `table`. What a command throws is said to the person who ran it. */
export function registerCommands(
  table: CommandTable,
  session: Session,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const registered = Object.values(commandIds).map((id) =>
    vscode.commands.registerCommand(id, async (argument: unknown, selection: unknown) => {
      try {
        await run(table[id], session, argument, selection);
      } catch (error) {
        await sayError(toAppError(error), id, log);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

async function run(entry: CommandEntry, session: Session, argument: unknown, selection: unknown): Promise<void> {
  if (entry.disabled === undefined && session.state.kind === 'starting') await whileStarting(session);
  const { connection, state } = session;
  if (connection !== undefined) await entry.enabled(connection, argument, selection);
  else if (entry.disabled === undefined) await explain(state);
  else await entry.disabled(state, argument);
}

/** Somebody who asks for something while the daemon starts gets it when it has started. */
async function whileStarting(session: Session): Promise<void> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Starting the photo daemon…') },
    () => session.whenSettled(),
  );
}

interface Offer {
  readonly title: string;
  readonly command: string;
  readonly argument?: unknown;
}

/** Says why nothing can be done now. */
async function explain(state: SessionState): Promise<void> {
  switch (state.kind) {
    case 'noFolder':
      return offer('information', vscode.l10n.t('Open a folder with photos first.'), [
        { title: vscode.l10n.t('Open Folder'), command: 'vscode.openFolder' },
      ]);
    case 'untrusted':
      return offer('information', vscode.l10n.t('Nothing of a folder is shared before you trust it.'), [
        { title: vscode.l10n.t('Manage Workspace Trust'), command: 'workbench.trust.manage' },
      ]);
    case 'notShared':
      return offer('information', vscode.l10n.t('This folder is not shared yet: share it to see the collection.'), [
        { title: vscode.l10n.t('Share This Folder'), command: commandIds.shareFolder },
      ]);
    case 'stopped':
      return offer('information', vscode.l10n.t('The photo daemon is stopped.'), [
        { title: vscode.l10n.t('Start Daemon'), command: commandIds.startDaemon },
      ]);
    case 'starting':
      return offer('information', vscode.l10n.t('The photo daemon is starting.'), [showLog()]);
    case 'failed':
      return offer('error', state.error.message, offersForFailure(state.error));
    case 'running':
      return;
  }
}

async function sayError(error: AppError, id: CommandId, log: vscode.LogOutputChannel): Promise<void> {
  if (error.code === 'cancelled') return;
  log.error(`${id}: ${error.message}`);
  await offer('error', error.message, offersFor(error));
}

/** The button that does what the sentence of an error says. */
function offersFor(error: AppError): Offer[] {
  switch (error.code) {
    case 'unsupported-runtime':
      return [openSetting(settingIds.nodePath)];
    case 'port-taken':
      return [openSetting(settingIds.port), showLog()];
    case 'daemon-unreachable':
    case 'timeout':
      return [showLog(), restartDaemon()];
    case 'internal':
    case 'corrupt':
    case 'protocol':
    case 'version-mismatch':
      return [showLog()];
    default:
      return [];
  }
}

/** For a daemon that does not run: what the sentence says, else to look and to try again. */
function offersForFailure(error: AppError): Offer[] {
  return error.code === 'unsupported-runtime' || error.code === 'port-taken'
    ? offersFor(error)
    : [showLog(), restartDaemon()];
}

function showLog(): Offer {
  return { title: vscode.l10n.t('Show Log'), command: commandIds.showLog };
}

function restartDaemon(): Offer {
  return { title: vscode.l10n.t('Restart Daemon'), command: commandIds.restartDaemon };
}

function openSetting(id: string): Offer {
  return {
    title: vscode.l10n.t('Open Settings'),
    command: 'workbench.action.openSettings',
    argument: `${settingsPrefix}.${id}`,
  };
}

async function offer(kind: 'information' | 'error', text: string, offers: readonly Offer[]): Promise<void> {
  const titles = offers.map(({ title }) => title);
  const chosen =
    kind === 'error'
      ? await vscode.window.showErrorMessage(text, ...titles)
      : await vscode.window.showInformationMessage(text, ...titles);
  const taken = offers.find(({ title }) => title === chosen);
  if (taken === undefined) return;
  await vscode.commands.executeCommand(taken.command, ...(taken.argument === undefined ? [] : [taken.argument]));
}
