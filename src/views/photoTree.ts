import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { ChangedTopic, ListParams, PeerSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { Disposable } from '../session/disposable.ts';
import { commandIds, itemContexts } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { MonthNode, MoreNode, PeerNode, PhotoNode, PhotoTreeNode, YearNode } from './photoNodes.ts';
import { availabilityOf, maxChildren, monthNodes, peerOf, photoNodes, queryFor, yearNodes } from './photoNodes.ts';
import { appendPlain, countText, dates, holdersText, photosText, photoTooltip } from './photoText.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Milliseconds without a further change until a tree is asked again, and at most so long while changes go on. */
const quiet = 300;
const calm = 2_000;

/** A tree of photos, grouped so that no node has more children than VS Code can show at once. */
export abstract class PhotoTree extends Disposable implements vscode.TreeDataProvider<PhotoTreeNode> {
  protected readonly _session: Session;
  readonly #thumbnails: Thumbnails;
  readonly #changed = this._register(new vscode.EventEmitter<PhotoTreeNode[] | undefined>());
  readonly onDidChangeTreeData = this.#changed.event;
  #timer: NodeJS.Timeout | undefined;
  #firstChange = 0;

  constructor(session: Session, thumbnails: Thumbnails) {
    super();
    this._session = session;
    this.#thumbnails = thumbnails;
    this._register(session.onDidChangeState(() => this._refresh(undefined)));
    this._register({ dispose: () => clearTimeout(this.#timer) });
  }

  /** What changed in the daemon; calls `_refreshSoon` when that is shown here. */
  protected abstract _onChanged(topics: ReadonlySet<ChangedTopic>): void;
  protected abstract _roots(connection: Connection): Promise<PhotoTreeNode[]>;

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
  protected _refreshSoon(which: () => PhotoTreeNode[] | undefined): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#firstChange = now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(quiet, this.#firstChange + calm - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this._refresh(which());
    }, wait);
  }

  protected _refresh(nodes: PhotoTreeNode[] | undefined): void {
    this.#changed.fire(nodes);
  }

  async getChildren(node?: PhotoTreeNode): Promise<PhotoTreeNode[]> {
    const { connection } = this._session;
    if (connection === undefined) return [];
    try {
      return await (node === undefined ? this._roots(connection) : this.#below(node, connection));
    } catch (error) {
      // The connection went away under the question: with the new state the tree is asked again.
      if (AppError.is(error, 'cancelled', 'daemon-unreachable')) return [];
      throw error;
    }
  }

  getParent(node: PhotoTreeNode): PhotoTreeNode | undefined {
    return node.parent;
  }

  protected async _years(connection: Connection, parent: PeerNode | undefined): Promise<YearNode[]> {
    const months = await connection.client.months(parent === undefined ? {} : { peer: parent.peer.peerId }, {
      signal: connection.signal,
    });
    return yearNodes(parent, months);
  }

  async #below(node: PhotoTreeNode, connection: Connection): Promise<PhotoTreeNode[]> {
    switch (node.kind) {
      case 'peer':
        return this._years(connection, node);
      case 'year':
        return node.year === null ? this.#photos(node, null, connection) : monthNodes(node);
      case 'month':
        return this.#photos(node, node.month, connection);
      case 'photo':
      case 'more':
        break;
    }
    return [];
  }

  async #photos(parent: YearNode | MonthNode, month: string | null, connection: Connection): Promise<PhotoTreeNode[]> {
    const peer = peerOf(parent);
    const params: ListParams = { month, limit: maxChildren, ...(peer === undefined ? {} : { peer: peer.peerId }) };
    const { photos, total } = await connection.client.list(params, { signal: connection.signal });
    return photoNodes(parent, photos, total);
  }

  getTreeItem(node: PhotoTreeNode): vscode.TreeItem {
    const item = this.#itemOf(node);
    item.id = node.id;
    return item;
  }

  #itemOf(node: PhotoTreeNode): vscode.TreeItem {
    switch (node.kind) {
      case 'peer':
        // VS Code knows a node by identity and asks again with the old one: what it says must be of now.
        return peerItem(this._session.connection?.peers.find(({ peerId }) => peerId === node.peer.peerId) ?? node.peer);
      case 'year':
        return groupItem(node.year ?? vscode.l10n.t('No date'), node.photos, itemContexts.year);
      case 'month':
        return groupItem(dates.month(node.month), node.photos, itemContexts.month);
      case 'photo':
        return this.#photoItem(node);
      case 'more':
        break;
    }
    return moreItem(node);
  }

  #photoItem({ photo }: PhotoNode): vscode.TreeItem {
    const self = this._session.connection?.status.peerId ?? '';
    const availability = availabilityOf(photo, self);
    const name = plainText(photo.name);
    const item = new vscode.TreeItem(name);
    const shown: Record<typeof availability, { context: string; icon: string; description: string }> = {
      own: { context: itemContexts.ownPhoto, icon: 'file-media', description: '' },
      remote: { context: itemContexts.remotePhoto, icon: 'cloud', description: holdersText(photo, self) },
      offline: {
        context: itemContexts.offlinePhoto,
        icon: 'circle-slash',
        description: vscode.l10n.t('nobody online has it'),
      },
    };
    const { context, icon, description } = shown[availability];
    item.contextValue = context;
    item.iconPath = new vscode.ThemeIcon(
      icon,
      availability === 'offline' ? new vscode.ThemeColor('disabledForeground') : undefined,
    );
    item.description = description;
    const holders = vscode.l10n.t('Held by {0}', holdersText(photo, self));
    item.accessibilityInformation = {
      label: [name, dates.takenAt(photo.takenAt), availability === 'offline' ? description : holders]
        .filter((part) => part !== undefined)
        .join(', '),
    };
    item.command = { command: commandIds.openPhoto, title: vscode.l10n.t('Open Photo'), arguments: [{ photo }] };
    return item;
  }

  /** Brings the picture for the hover when there is a hover. */
  async resolveTreeItem(
    item: vscode.TreeItem,
    node: PhotoTreeNode,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    const { connection } = this._session;
    if (node.kind !== 'photo' || connection === undefined) return item;
    const { photo } = node;
    const cancel = new AbortController();
    const listening = token.onCancellationRequested(() => cancel.abort());
    try {
      await this.#thumbnails.load(connection.client, [photo.id], AbortSignal.any([cancel.signal, connection.signal]));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The hover says the rest without the picture.
    } finally {
      listening.dispose();
    }
    item.tooltip = photoTooltip(photo, connection.status.peerId, this.#thumbnails.get(photo.id));
    return item;
  }
}

function groupItem(label: string, photos: number, context: string): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.description = countText(photos);
  item.contextValue = context;
  item.accessibilityInformation = { label: `${label}, ${photosText(photos)}` };
  return item;
}

function moreItem({ parent, photos }: MoreNode): vscode.TreeItem {
  const title = vscode.l10n.t('{0} more: show all in the gallery', countText(photos));
  const item = new vscode.TreeItem(title);
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.contextValue = itemContexts.more;
  item.command = { command: commandIds.openGallery, title, arguments: [{ query: queryFor(parent) }] };
  return item;
}

function peerItem(peer: PeerSummary): vscode.TreeItem {
  const name = plainText(peer.name);
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  const state = peer.self
    ? vscode.l10n.t('this computer')
    : peer.online
      ? undefined
      : vscode.l10n.t('offline, last seen {0}', dates.ago(peer.lastSeen, Date.now()));
  item.description = [state, countText(peer.photos)].filter((part) => part !== undefined).join(' · ');
  item.iconPath = new vscode.ThemeIcon(
    peer.self ? 'home' : peer.online ? 'vm-active' : 'vm-outline',
    peer.online ? undefined : new vscode.ThemeColor('disabledForeground'),
  );
  item.contextValue = itemContexts.peer;
  item.tooltip = peerTooltip(peer, state);
  item.accessibilityInformation = {
    label: [name, state ?? vscode.l10n.t('online'), photosText(peer.photos)].join(', '),
  };
  return item;
}

function peerTooltip(peer: PeerSummary, state: string | undefined): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (value: string): void => {
    appendPlain(text, value).appendMarkdown('\n\n');
  };
  line(`${peer.name} · ${state ?? vscode.l10n.t('online')}`);
  line(`${photosText(peer.photos)}, ${formatBytes(peer.bytes)}`);
  if (peer.central) line(vscode.l10n.t('Central: it anchors the network.'));
  for (const address of peer.addresses) appendPlain(text.appendMarkdown('- '), address).appendMarkdown('\n');
  return text;
}
