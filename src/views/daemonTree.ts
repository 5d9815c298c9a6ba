import * as vscode from 'vscode';
import type { ChangedTopic, PhotoSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { Disposable } from '../session/disposable.ts';
import type { Session } from '../session/session.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Milliseconds without a further change until a tree is asked again, and at most so long while changes go on. */
const quiet = 300;
const calm = 2_000;

/** What VS Code needs of a node: an id that stays, and the way up. */
interface Node<N> {
  readonly id: string;
  readonly parent: N | undefined;
}

/** A tree of what the daemon says. Empty while there is no daemon; asked again when things have changed and calmed down. */
export abstract class DaemonTree<N extends Node<N>> extends Disposable implements vscode.TreeDataProvider<N> {
  protected readonly _session: Session;
  protected readonly _thumbnails: Thumbnails;
  readonly #changed = this._register(new vscode.EventEmitter<N[] | undefined>());
  readonly onDidChangeTreeData = this.#changed.event;
  #timer: NodeJS.Timeout | undefined;
  #firstChange = 0;

  constructor(session: Session, thumbnails: Thumbnails) {
    super();
    this._session = session;
    this._thumbnails = thumbnails;
    this._register(session.onDidChangeState(() => this._refresh(undefined)));
    this._register({ dispose: () => clearTimeout(this.#timer) });
  }

  /** What changed in the daemon; calls `_refreshSoon` when that is shown here. */
  protected abstract _onChanged(topics: ReadonlySet<ChangedTopic>): void;
  protected abstract _roots(connection: Connection): Promise<N[]>;
  protected abstract _below(node: N, connection: Connection): Promise<N[]>;
  protected abstract _item(node: N): vscode.TreeItem;
  /** The photo whose picture the hover of a node shows. */
  protected abstract _photoOf(node: N): PhotoSummary | undefined;
  /** What that hover says. @param picture address of a small picture, if there is one */
  protected abstract _tooltip(
    node: N,
    photo: PhotoSummary,
    connection: Connection,
    picture: string | undefined,
  ): Promise<vscode.MarkdownString>;

  /** Follows the changes of the connection that there is now. */
  protected _follow(): void {
    let listening: vscode.Disposable | undefined;
    const follow = (): void => {
      listening?.dispose();
      listening = this._session.connection?.onDidChange((topics) => this._onChanged(topics));
    };
    this._register(this._session.onDidChangeState(follow));
    this._register({ dispose: () => listening?.dispose() });
    follow();
  }

  /** Asks VS Code to look again, below the nodes that `which` tells, once things calm down. */
  protected _refreshSoon(which: () => N[] | undefined): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#firstChange = now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(quiet, this.#firstChange + calm - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this._refresh(which());
    }, wait);
  }

  protected _refresh(nodes: N[] | undefined): void {
    this.#changed.fire(nodes);
  }

  async getChildren(node?: N): Promise<N[]> {
    const { connection } = this._session;
    if (connection === undefined) return [];
    try {
      return await (node === undefined ? this._roots(connection) : this._below(node, connection));
    } catch (error) {
      // The connection went away under the question: with the new state the tree is asked again.
      if (AppError.is(error, 'cancelled', 'daemon-unreachable')) return [];
      throw error;
    }
  }

  getParent(node: N): N | undefined {
    return node.parent;
  }

  getTreeItem(node: N): vscode.TreeItem {
    const item = this._item(node);
    item.id = node.id;
    return item;
  }

  /** Brings the picture for the hover when there is a hover. */
  async resolveTreeItem(item: vscode.TreeItem, node: N, token: vscode.CancellationToken): Promise<vscode.TreeItem> {
    const { connection } = this._session;
    const photo = this._photoOf(node);
    if (photo === undefined || connection === undefined) return item;
    const cancel = new AbortController();
    const listening = token.onCancellationRequested(() => cancel.abort());
    try {
      await this._thumbnails.load(connection.client, [photo.id], AbortSignal.any([cancel.signal, connection.signal]));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The hover says the rest without the picture.
    } finally {
      listening.dispose();
    }
    item.tooltip = await this._tooltip(node, photo, connection, this._thumbnails.get(photo.id));
    return item;
  }
}
