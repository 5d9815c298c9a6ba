import * as vscode from 'vscode';
import { Disposable } from '../session/disposable.ts';
import { commandIds, settingsPrefix } from '../session/ids.ts';
import type { Session } from '../session/session.ts';

/** Settings take effect when the daemon starts: offers to restart it when a person has changed one. */
export class SettingsOffer extends Disposable {
  #open = false;

  constructor(session: Session) {
    super();
    this._register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        const { folder, connection } = session;
        if (connection === undefined || !event.affectsConfiguration(settingsPrefix, folder)) return;
        void this.#offer();
      }),
    );
  }

  async #offer(): Promise<void> {
    // Somebody who types a number into the settings changes it several times.
    if (this.#open) return;
    this.#open = true;
    const restart = vscode.l10n.t('Restart Daemon');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('The settings take effect when the photo daemon starts the next time.'),
      restart,
    );
    this.#open = false;
    if (answer === restart) await vscode.commands.executeCommand(commandIds.restartDaemon);
  }
}
