import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { ListParams, PeerSummary, PhotoSummary } from '../protocol/control.ts';
import type { Connection } from '../session/connection.ts';
import { commandIds, itemContexts } from '../session/ids.ts';
import { DaemonTree } from './daemonTree.ts';
import { keeperOf } from './duplicateNodes.ts';
import type { MonthNode, MoreNode, PeerNode, PhotoNode, PhotoTreeNode, YearNode } from './photoNodes.ts';
import { availabilityOf, maxChildren, monthNodes, peerOf, photoNodes, queryFor, yearNodes } from './photoNodes.ts';
import { appendPlain, countText, dates, holdersText, photosText, photoTooltip } from './photoText.ts';

/** A tree of photos, grouped so that no node has more children than VS Code can show at once. */
export abstract class PhotoTree extends DaemonTree<PhotoTreeNode> {
  protected async _years(connection: Connection, parent: PeerNode | undefined): Promise<YearNode[]> {
    const months = await connection.client.months(parent === undefined ? {} : { peer: parent.peer.peerId }, {
      signal: connection.signal,
    });
    return yearNodes(parent, months);
  }

  protected override async _below(node: PhotoTreeNode, connection: Connection): Promise<PhotoTreeNode[]> {
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

  protected override _item(node: PhotoTreeNode): vscode.TreeItem {
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
    item.description = [description, photo.keeper ? '' : vscode.l10n.t('duplicate')]
      .filter((part) => part !== '')
      .join(' · ');
    const holders = vscode.l10n.t('Held by {0}', holdersText(photo, self));
    item.accessibilityInformation = {
      label: [
        name,
        dates.takenAt(photo.takenAt),
        photo.keeper ? undefined : vscode.l10n.t('duplicate'),
        availability === 'offline' ? description : holders,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    };
    item.command = { command: commandIds.openPhoto, title: vscode.l10n.t('Open Photo'), arguments: [{ photo }] };
    return item;
  }

  protected override _photoOf(node: PhotoTreeNode): PhotoSummary | undefined {
    return node.kind === 'photo' ? node.photo : undefined;
  }

  protected override async _tooltip(
    _node: PhotoTreeNode,
    photo: PhotoSummary,
    connection: Connection,
    picture: string | undefined,
  ): Promise<vscode.MarkdownString> {
    const keeper = photo.keeper ? undefined : await keeperOf(connection, photo);
    const lines = keeper === undefined ? [] : [vscode.l10n.t('Duplicate of {0}', keeper.name)];
    return photoTooltip(photo, connection.status.peerId, picture, lines);
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
