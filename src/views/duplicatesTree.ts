import * as vscode from 'vscode';
import { plainText } from '../client/sanitize.ts';
import type { ChangedTopic, PhotoSummary } from '../protocol/control.ts';
import type { Connection } from '../session/connection.ts';
import { commandIds, itemContexts } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import { DaemonTree } from './daemonTree.ts';
import type { DuplicateNode, DuplicateTreeNode, GroupNode, MoreGroupsNode } from './duplicateNodes.ts';
import { duplicateNodes, groupNodes, maxGroups } from './duplicateNodes.ts';
import { groupMetadataText, groupText, reasonText } from './duplicateText.ts';
import { availabilityOf } from './photoNodes.ts';
import { countText, dates, holdersText, photoTooltip } from './photoText.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Groups of look-alikes, the ones with most bytes to win first, and the photos of each. */
export class DuplicatesTree extends DaemonTree<DuplicateTreeNode> {
  constructor(session: Session, thumbnails: Thumbnails) {
    super(session, thumbnails);
    this._follow();
  }

  protected override _onChanged(topics: ReadonlySet<ChangedTopic>): void {
    if (topics.has('duplicates') || topics.has('collection') || topics.has('peers')) {
      this._refreshSoon(() => undefined);
    }
  }

  protected override async _roots({ client, signal }: Connection): Promise<DuplicateTreeNode[]> {
    return groupNodes(await client.duplicates({ limit: maxGroups }, { signal }));
  }

  protected override async _below(node: DuplicateTreeNode): Promise<DuplicateTreeNode[]> {
    return node.kind === 'group' ? duplicateNodes(node) : [];
  }

  protected override _item(node: DuplicateTreeNode): vscode.TreeItem {
    switch (node.kind) {
      case 'group':
        return groupItem(node);
      case 'duplicate':
        return this.#photoItem(node);
      case 'moreGroups':
        break;
    }
    return moreItem(node);
  }

  #photoItem({ photo, parent }: DuplicateNode): vscode.TreeItem {
    const self = this._session.connection?.status.peerId ?? '';
    const keeper = photo.id === parent.keeper.id;
    const availability = availabilityOf(photo, self);
    const name = plainText(photo.name);
    const reason = reasonText(photo, parent.group);
    const item = new vscode.TreeItem(name);
    item.description = reason;
    item.contextValue = (keeper ? keeperContexts : duplicateContexts)[availability];
    item.iconPath = new vscode.ThemeIcon(
      keeper ? 'star-full' : availabilityIcons[availability],
      availability === 'offline' ? new vscode.ThemeColor('disabledForeground') : undefined,
    );
    const holders = vscode.l10n.t('Held by {0}', holdersText(photo, self));
    item.accessibilityInformation = {
      label: [name, reason, dates.takenAt(photo.takenAt), holders].filter((part) => part !== undefined).join(', '),
    };
    item.command = { command: commandIds.openPhoto, title: vscode.l10n.t('Open Photo'), arguments: [{ photo }] };
    return item;
  }

  protected override _photoOf(node: DuplicateTreeNode): PhotoSummary | undefined {
    if (node.kind === 'group') return node.keeper;
    return node.kind === 'duplicate' ? node.photo : undefined;
  }

  protected override async _tooltip(
    node: DuplicateTreeNode,
    photo: PhotoSummary,
    { status }: Connection,
    picture: string | undefined,
  ): Promise<vscode.MarkdownString> {
    return photoTooltip(photo, status.peerId, picture, linesOf(node));
  }
}

const keeperContexts = {
  own: itemContexts.ownKeeper,
  remote: itemContexts.remoteKeeper,
  offline: itemContexts.offlineKeeper,
} as const;

const duplicateContexts = {
  own: itemContexts.ownDuplicate,
  remote: itemContexts.remoteDuplicate,
  offline: itemContexts.offlineDuplicate,
} as const;

const availabilityIcons = { own: 'file-media', remote: 'cloud', offline: 'circle-slash' } as const;

/** What a hover says of a node beside the facts of its photo. */
function linesOf(node: DuplicateTreeNode): string[] {
  switch (node.kind) {
    case 'group':
      return [groupText(node.group), ...knownFromGroup(node)];
    case 'duplicate':
      return [
        reasonText(node.photo, node.parent.group),
        ...(node.photo.id === node.parent.keeper.id ? knownFromGroup(node.parent) : []),
      ];
    case 'moreGroups':
      break;
  }
  return [];
}

function knownFromGroup({ group }: GroupNode): string[] {
  const known = groupMetadataText(group.metadata);
  return known === undefined ? [] : [known];
}

function groupItem({ group, keeper }: GroupNode): vscode.TreeItem {
  const name = plainText(keeper.name);
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  item.description = groupText(group);
  item.iconPath = new vscode.ThemeIcon('files');
  item.contextValue = itemContexts.duplicateGroup;
  item.accessibilityInformation = { label: `${name}, ${groupText(group)}` };
  return item;
}

function moreItem({ groups }: MoreGroupsNode): vscode.TreeItem {
  const title = vscode.l10n.t('{0} more: show all in the gallery', countText(groups));
  const item = new vscode.TreeItem(title);
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.contextValue = itemContexts.more;
  item.command = { command: commandIds.reviewDuplicates, title };
  return item;
}
