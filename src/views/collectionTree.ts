import type { ChangedTopic } from '../protocol/control.ts';
import type { Connection } from '../session/connection.ts';
import type { Session } from '../session/session.ts';
import type { PhotoTreeNode } from './photoNodes.ts';
import { PhotoTree } from './photoTree.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Every photo of the collection once, by year and month. */
export class CollectionTree extends PhotoTree {
  constructor(session: Session, thumbnails: Thumbnails) {
    super(session, thumbnails);
    this._follow();
  }

  protected override _onChanged(topics: ReadonlySet<ChangedTopic>): void {
    // Who is online, and what is a duplicate, is part of what is said of each photo.
    if (topics.has('collection') || topics.has('peers') || topics.has('duplicates')) {
      this._refreshSoon(() => undefined);
    }
  }

  protected override _roots(connection: Connection): Promise<PhotoTreeNode[]> {
    return this._years(connection, undefined);
  }
}
