import type { ChangedTopic, PeerSummary } from '../protocol/control.ts';
import type { Connection } from '../session/connection.ts';
import type { Session } from '../session/session.ts';
import type { PeerNode, PhotoTreeNode } from './photoNodes.ts';
import { peerNodes } from './photoNodes.ts';
import { PhotoTree } from './photoTree.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Who is in the network, and the photos of each. Empty while nobody else is known: then the welcome text says what to do. */
export class PeersTree extends PhotoTree {
  #shown: readonly PeerNode[] = [];

  constructor(session: Session, thumbnails: Thumbnails) {
    super(session, thumbnails);
    this._follow();
  }

  protected override _onChanged(topics: ReadonlySet<ChangedTopic>): void {
    if (topics.has('peers') || topics.has('collection') || topics.has('duplicates')) {
      this._refreshSoon(() => this.#toRefresh());
    }
  }

  protected override async _roots({ peers }: Connection): Promise<PhotoTreeNode[]> {
    this.#shown = withoutLoneSelf(peers);
    return [...this.#shown];
  }

  /**
   * The peers, each for itself, as long as the list is the same: VS Code then asks again only below those that are open.
   * All of them, because a photo that came here is shown differently below every peer that holds it.
   */
  #toRefresh(): PhotoTreeNode[] | undefined {
    const now = withoutLoneSelf(this._session.connection?.peers ?? []);
    const same = now.length === this.#shown.length && now.every(({ id }, index) => id === this.#shown[index]?.id);
    return same ? [...this.#shown] : undefined;
  }
}

function withoutLoneSelf(peers: readonly PeerSummary[]): PeerNode[] {
  return peers.every(({ self }) => self) ? [] : peerNodes(peers);
}
