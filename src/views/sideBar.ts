import * as vscode from 'vscode';
import { formatDuration } from '../client/format.ts';
import type { DaemonStatus } from '../protocol/control.ts';
import { Disposable } from '../session/disposable.ts';
import { viewIds } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { CollectionTree } from './collectionTree.ts';
import type { DuplicatesTree } from './duplicatesTree.ts';
import type { DuplicateTreeNode } from './duplicateNodes.ts';
import { groupsText, waitingText } from './duplicateText.ts';
import type { PeersTree } from './peersTree.ts';
import type { PhotoTreeNode } from './photoNodes.ts';
import { countText } from './photoText.ts';
import { comparingNow } from './statusText.ts';

/** The views of the side bar around their trees: what is going on is said where it goes on. */
export class SideBar extends Disposable {
  readonly #session: Session;
  readonly #peers: vscode.TreeView<PhotoTreeNode>;
  readonly #collection: vscode.TreeView<PhotoTreeNode>;
  readonly #duplicates: vscode.TreeView<DuplicateTreeNode>;
  #listening: vscode.Disposable | undefined;
  #starting = false;
  /** Ends the progress of comparing in the view; undefined while nothing is compared. */
  #compared: (() => void) | undefined;

  constructor(session: Session, peers: PeersTree, collection: CollectionTree, duplicates: DuplicatesTree) {
    super();
    this.#session = session;
    this.#peers = this._register(
      vscode.window.createTreeView(viewIds.peers, {
        treeDataProvider: peers,
        showCollapseAll: true,
        canSelectMany: true,
      }),
    );
    this.#collection = this._register(
      vscode.window.createTreeView(viewIds.collection, {
        treeDataProvider: collection,
        showCollapseAll: true,
        canSelectMany: true,
      }),
    );
    this.#duplicates = this._register(
      vscode.window.createTreeView(viewIds.duplicates, {
        treeDataProvider: duplicates,
        showCollapseAll: true,
        canSelectMany: true,
      }),
    );
    this._register(session.onDidChangeState(() => this.#follow()));
    this._register({ dispose: () => this.#listening?.dispose() });
    this._register({ dispose: () => this.#compared?.() });
    this.#follow();
  }

  #follow(): void {
    const { connection, state } = this.#session;
    this.#listening?.dispose();
    this.#listening = connection?.onDidChange(() => this.#update());
    this.#update();
    if (state.kind === 'starting') this.#showProgress();
  }

  #update(): void {
    const status = this.#session.connection?.status;
    this.#peers.description = status === undefined || status.network === 'default' ? '' : status.network;
    const scanning = status?.scanning ?? null;
    // Numbers that change all the time belong into the status bar; here only that more will come.
    this.#collection.message =
      scanning === null || scanning.total === 0
        ? ''
        : scanning.secondsLeft === null
          ? vscode.l10n.t('Looking at {0} photos…', countText(scanning.total))
          : vscode.l10n.t(
              'Looking at {0} photos, {1} left…',
              countText(scanning.total),
              formatDuration(scanning.secondsLeft),
            );
    this.#updateDuplicates(status);
  }

  #updateDuplicates(status: DaemonStatus | undefined): void {
    const groups = status?.photos.duplicateGroups ?? 0;
    this.#duplicates.badge =
      status === undefined || groups === 0
        ? undefined
        : { value: groups, tooltip: groupsText(groups, status.photos.duplicateBytes) };
    this.#duplicates.message = status === undefined ? '' : comparingMessage(status);
    if (status === undefined || comparingNow(status) === null) {
      this.#compared?.();
      this.#compared = undefined;
    } else if (this.#compared === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#compared = resolve;
      void vscode.window.withProgress({ location: { viewId: viewIds.duplicates } }, () => promise);
    }
  }

  #showProgress(): void {
    if (this.#starting) return;
    this.#starting = true;
    void vscode.window
      .withProgress({ location: { viewId: viewIds.peers } }, () => this.#session.whenSettled())
      .then(() => (this.#starting = false));
  }
}

/** That more groups may come, while photos are compared or wait for it. */
function comparingMessage(status: DaemonStatus): string {
  const now = comparingNow(status);
  if (now !== null) return vscode.l10n.t('Comparing {0} photos…', countText(now.total));
  const waiting = status.comparing?.waiting ?? 0;
  return waiting > 0 ? waitingText(waiting) : '';
}
