import * as vscode from 'vscode';
import { formatDuration } from '../client/format.ts';
import { Disposable } from '../session/disposable.ts';
import { viewIds } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { CollectionTree } from './collectionTree.ts';
import type { PeersTree } from './peersTree.ts';
import type { PhotoTreeNode } from './photoNodes.ts';
import { countText } from './photoText.ts';

/** The two views of the side bar around their trees: what is going on is said where it goes on. */
export class SideBar extends Disposable {
  readonly #session: Session;
  readonly #peers: vscode.TreeView<PhotoTreeNode>;
  readonly #collection: vscode.TreeView<PhotoTreeNode>;
  #listening: vscode.Disposable | undefined;
  #starting = false;

  constructor(session: Session, peers: PeersTree, collection: CollectionTree) {
    super();
    this.#session = session;
    this.#peers = this._register(
      vscode.window.createTreeView(viewIds.peers, { treeDataProvider: peers, showCollapseAll: true }),
    );
    this.#collection = this._register(
      vscode.window.createTreeView(viewIds.collection, { treeDataProvider: collection, showCollapseAll: true }),
    );
    this._register(session.onDidChangeState(() => this.#follow()));
    this._register({ dispose: () => this.#listening?.dispose() });
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
  }

  #showProgress(): void {
    if (this.#starting) return;
    this.#starting = true;
    void vscode.window
      .withProgress({ location: { viewId: viewIds.peers } }, () => this.#session.whenSettled())
      .then(() => (this.#starting = false));
  }
}
