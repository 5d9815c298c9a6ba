import * as vscode from 'vscode';
import { formatBytes, formatDuration } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { DaemonStatus, PeerSummary } from '../protocol/control.ts';
import { version } from '../protocol/version.ts';
import { Disposable } from '../session/disposable.ts';
import { commandIds, statusBarItemId } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import { groupsText } from './duplicateText.ts';
import { appendPlain, countText, photosText } from './photoText.ts';
import { comparingNow, statusLook } from './statusText.ts';

/** One item on the left: how the daemon does; everything else is in its tooltip and menu. */
export class StatusBar extends Disposable {
  readonly #session: Session;
  readonly #item: vscode.StatusBarItem;
  #listening: vscode.Disposable | undefined;

  constructor(session: Session) {
    super();
    this.#session = session;
    this.#item = this._register(vscode.window.createStatusBarItem(statusBarItemId, vscode.StatusBarAlignment.Left, 0));
    this.#item.name = vscode.l10n.t('Photos');
    this.#item.command = commandIds.showMenu;
    this._register(session.onDidChangeState(() => this.#follow()));
    this._register({ dispose: () => this.#listening?.dispose() });
    this.#follow();
  }

  #follow(): void {
    this.#listening?.dispose();
    this.#listening = this.#session.connection?.onDidChange(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { state, connection } = this.#session;
    const look = statusLook(state.kind, connection?.status);
    if (look === undefined) return this.#item.hide();
    const percent = look.percent === null ? '' : ` ${look.percent} %`;
    this.#item.text = `$(${look.icon}) ${vscode.l10n.t('Photos')}${percent}`;
    this.#item.backgroundColor = backgrounds[look.severity];
    const lines = this.#lines();
    this.#item.tooltip = this.#tooltip(lines);
    this.#item.accessibilityInformation = { label: [vscode.l10n.t('Photos'), ...lines].join(', '), role: 'button' };
    this.#item.show();
  }

  #lines(): string[] {
    const { state } = this.#session;
    switch (state.kind) {
      case 'noFolder':
      case 'untrusted':
      case 'notShared':
        return [];
      case 'starting':
        return [vscode.l10n.t('The photo daemon is starting.')];
      case 'stopped':
        return [vscode.l10n.t('The photo daemon is stopped: nobody sees the photos of this folder.')];
      case 'failed':
        return [state.error.message];
      case 'running':
        break;
    }
    return statusLines(state.connection.status, state.connection.peers);
  }

  #tooltip(lines: readonly string[]): vscode.MarkdownString {
    const text = new vscode.MarkdownString('', true);
    // Only our own commands may be run from here: what peers say is put in as text.
    text.isTrusted = { enabledCommands: Object.values(commandIds) };
    for (const line of lines) appendPlain(text, line).appendMarkdown('\n\n');
    text.appendMarkdown('---\n\n');
    const links =
      this.#session.connection === undefined
        ? [
            link('play', vscode.l10n.t('Start'), commandIds.startDaemon),
            link('output', vscode.l10n.t('Log'), commandIds.showLog),
          ]
        : [
            link('preview', vscode.l10n.t('Gallery'), commandIds.openGallery),
            link('files', vscode.l10n.t('Duplicates'), commandIds.reviewDuplicates),
            link('cloud-download', vscode.l10n.t('Fetch Photo'), commandIds.fetchPhoto),
            link('debug-stop', vscode.l10n.t('Stop'), commandIds.stopDaemon),
            link('debug-restart', vscode.l10n.t('Restart'), commandIds.restartDaemon),
            link('output', vscode.l10n.t('Log'), commandIds.showLog),
          ];
    text.appendMarkdown(links.join(' &nbsp; '));
    const daemon = this.#session.connection?.status.version;
    const versions =
      daemon === undefined || daemon === version
        ? vscode.l10n.t('Version {0}', version)
        : vscode.l10n.t('Extension {0}, daemon {1}', version, daemon);
    appendPlain(text.appendMarkdown('\n\n'), versions);
    return text;
  }
}

const backgrounds = {
  none: undefined,
  warning: new vscode.ThemeColor('statusBarItem.warningBackground'),
  error: new vscode.ThemeColor('statusBarItem.errorBackground'),
};

function link(icon: string, title: string, command: string): string {
  return `[$(${icon}) ${title}](command:${command})`;
}

/** What is to be said of a daemon that runs, most important first. */
function statusLines(status: DaemonStatus, peers: readonly PeerSummary[]): string[] {
  const others = peers.filter(({ self }) => !self);
  const online = others.filter((peer) => peer.online).length;
  const central = status.central.self ? vscode.l10n.t('this computer') : plainText(status.central.name);
  return [
    ...status.problems.map(plainText),
    ...scanLine(status),
    ...compareLine(status),
    vscode.l10n.t(
      '{0} in the collection, {1} here',
      photosText(status.photos.collection),
      countText(status.photos.local),
    ),
    others.length === 0
      ? vscode.l10n.t('No other peers yet')
      : vscode.l10n.t('{0} of {1} other peers online', online, others.length),
    vscode.l10n.t('Network {0}, central: {1}', plainText(status.network), central),
    vscode.l10n.t(
      '{0} on port {1}, {2}',
      plainText(status.name),
      String(status.port),
      formatBytes(status.bytes.originals),
    ),
    ...(status.photos.duplicateGroups > 0
      ? [groupsText(status.photos.duplicateGroups, status.photos.duplicateBytes)]
      : []),
    ...(status.photos.unreadable > 0
      ? [vscode.l10n.t('{0} files could not be read', countText(status.photos.unreadable))]
      : []),
  ];
}

function scanLine({ scanning }: DaemonStatus): string[] {
  if (scanning === null) return [];
  const { done, total, rate, secondsLeft } = scanning;
  const progress = vscode.l10n.t(
    'Looking at {0} of {1} photos, {2} a second',
    countText(done),
    countText(total),
    rate.toFixed(rate < 10 ? 1 : 0),
  );
  return [secondsLeft === null ? progress : vscode.l10n.t('{0}, {1} left', progress, formatDuration(secondsLeft))];
}

function compareLine(status: DaemonStatus): string[] {
  const comparing = comparingNow(status);
  if (comparing === null) return [];
  return [vscode.l10n.t('Comparing {0} of {1} photos', countText(comparing.done), countText(comparing.total))];
}
