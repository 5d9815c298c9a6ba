import fs from 'node:fs/promises';
import path from 'node:path';
import type {
  CompareProgress,
  DaemonStatus,
  DecideParams,
  DecisionRecord,
  DedupeParams,
  DedupeResult,
  DuplicatesParams,
  DuplicatesResult,
  FetchParams,
  FetchProgress,
  FetchResult,
  GroupsParams,
  ListParams,
  ListResult,
  MonthCount,
  OpenResult,
  PeerSummary,
  PhotoDetails,
  Thumbnail,
  UnreadableFile,
} from '../../protocol/control.ts';
import { AppError, systemCodeOf, toAppError } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Decisions } from '../catalogue/decisions.ts';
import type { LookAlikeSearch } from '../catalogue/lookAlikeSearch.ts';
import type { Library } from '../library/types.ts';
import type { Network } from '../network/types.ts';
import type { Fetcher } from '../transfer/fetcher.ts';
import { targetIn } from '../transfer/target.ts';
import type { RemoteThumbnails } from '../transfer/thumbnails.ts';
import type { ViewedCache } from '../transfer/viewedCache.ts';
import type { SizeClaim } from './statedSizes.ts';
import { sizeClaims, withClaims } from './statedSizes.ts';

/** The rooms whose doors the control API opens. It owns none of them. */
export interface ControlServiceRooms {
  folder: string;
  networkName: string;
  quota: number | null;
  version: string;
  library: Library;
  catalogue: Catalogue;
  decisions: Decisions;
  search: LookAlikeSearch;
  network: Network;
  fetcher: Fetcher;
  viewed: ViewedCache;
  thumbnails: RemoteThumbnails;
}

/** Decisions that are shown, the newest first. */
const maxDecisions = 1000;

/** What the control API does, in terms of the rooms. Parameters arrive checked. */
export class ControlService {
  readonly #rooms: ControlServiceRooms;

  constructor(rooms: ControlServiceRooms) {
    this.#rooms = rooms;
  }

  /** Ids of the peers that can be asked now, this one included. */
  #online(): ReadonlySet<string> {
    const { network } = this.#rooms;
    return new Set([network.self.peerId, ...network.peers().map((peer) => peer.peerId)]);
  }

  status(): DaemonStatus {
    const { catalogue, folder, library, network, networkName, quota, search, version } = this.#rooms;
    const { term, central, port } = network.central();
    const self = central === network.self.peerId;
    const own = library.totals();
    const collection = catalogue.totals();
    const unavailable = library.unavailable();
    const problems = library.problems();
    return {
      peerId: network.self.peerId,
      name: network.self.name,
      folder,
      port: network.self.port,
      addresses: network.self.addresses,
      network: networkName,
      central: {
        peerId: central,
        name: self ? network.self.name : (network.peers().find((peer) => peer.peerId === central)?.name ?? ''),
        port,
        self,
      },
      term,
      health: unavailable === null ? (problems.length === 0 ? 'ok' : 'warning') : 'error',
      problems: unavailable === null ? problems : [unavailable, ...problems],
      scanning: library.progress(),
      comparing: search.progress(),
      photos: {
        local: own.photos,
        collection: collection.photos,
        underReplicated: collection.underReplicated,
        redundant: collection.redundant + own.extraFiles,
        duplicateGroups: collection.duplicateGroups,
        duplicateBytes: collection.duplicateBytes,
        unreadable: library.unreadable().length,
      },
      bytes: { originals: own.bytes, replicas: 0, quota },
      version,
    };
  }

  peers(): PeerSummary[] {
    return this.#rooms.catalogue.peers(this.#online(), this.#rooms.network.central().central);
  }

  list(params: ListParams): ListResult {
    return this.#rooms.catalogue.list(params, this.#online());
  }

  months(params: GroupsParams): MonthCount[] {
    return this.#rooms.catalogue.months(params);
  }

  /** @throws AppError `not-found`, `ambiguous` */
  show(reference: string): PhotoDetails {
    const details = this.#rooms.catalogue.show(reference, this.#online());
    const { folder, library } = this.#rooms;
    return { ...details, paths: library.paths(details.id).map((file) => path.relative(folder, file)) };
  }

  /** Brings a photo to `target`. @throws AppError as the transfer room says, and `not-found`, `ambiguous` */
  async fetch(
    { photo, target, force }: FetchParams,
    signal: AbortSignal,
    onProgress: ((progress: FetchProgress) => void) | undefined,
  ): Promise<FetchResult> {
    const { fetcher } = this.#rooms;
    const details = this.show(photo);
    const file = await targetFile(target, details.name);
    const fetched = await withClaims(this.#claims(details), (claim) =>
      fetcher.fetch({
        ...claim,
        id: details.id,
        target: file,
        force: force ?? false,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
      }),
    );
    return { id: details.id, ...fetched };
  }

  /** A file with the photo's bytes: the one in this folder, else a cached copy of a friend's. */
  async open(
    id: PhotoId,
    signal: AbortSignal,
    onProgress: ((progress: FetchProgress) => void) | undefined,
  ): Promise<OpenResult> {
    const details = this.show(id);
    for (const relative of details.paths) {
      const file = path.join(this.#rooms.folder, relative);
      const found = await fs.stat(file).catch((error: unknown) => {
        // Gone since the last look: the next copy of it will do.
        if (systemCodeOf(error) === 'ENOENT') return undefined;
        throw toAppError(error);
      });
      if (found?.size === details.size) return { path: file, size: details.size };
    }
    return withClaims(this.#claims(details), async (claim) => {
      const cached = await this.#rooms.viewed.open({
        ...claim,
        id,
        name: details.name,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      return { path: cached, size: claim.size };
    });
  }

  /** The other peers that hold the photo and are online, by the size that they state. */
  #claims(details: PhotoDetails): SizeClaim[] {
    const { catalogue, network } = this.#rooms;
    const self = network.self.peerId;
    const askable = details.holders
      .filter((holder) => holder.online && holder.peerId !== self)
      .map((holder) => holder.peerId);
    // This peer has read the bytes that it holds: their size is known.
    if (details.holders.some((holder) => holder.peerId === self)) return [{ size: details.size, holders: askable }];
    return sizeClaims(details.size, askable, catalogue.statedSizes(details.id));
  }

  async thumbnails(ids: readonly PhotoId[], signal: AbortSignal): Promise<Thumbnail[]> {
    const { catalogue, library, network, thumbnails } = this.#rooms;
    const found: Thumbnail[] = [];
    const elsewhere: PhotoId[] = [];
    for (const id of ids) {
      const own = library.thumbnail(id);
      if (own !== undefined) found.push({ id, mime: own.mime, data: Buffer.from(own.data).toString('base64') });
      else elsewhere.push(id);
    }
    const online = this.#online();
    const self = network.self.peerId;
    const holdersOf = (id: PhotoId): string[] =>
      catalogue.holders(id).filter((peerId) => peerId !== self && online.has(peerId));
    for (const [id, image] of await thumbnails.get(elsewhere, holdersOf, signal)) {
      found.push({ id, mime: image.mime, data: Buffer.from(image.data).toString('base64') });
    }
    return found;
  }

  duplicates(params: DuplicatesParams): DuplicatesResult {
    return this.#rooms.catalogue.duplicates(params, this.#online());
  }

  /** Waits until every photo known now has been compared. @throws AppError `cancelled` */
  compare(signal: AbortSignal, onProgress?: (progress: CompareProgress) => void): Promise<CompareProgress> {
    return this.#rooms.search.settled(signal, onProgress);
  }

  /** @throws AppError `not-found` when a photo is not in the collection, `usage` when both of a pair are the same */
  decide({ decisions, undo }: DecideParams): null {
    const { catalogue } = this.#rooms;
    for (const decision of decisions) {
      const photos = decision.kind === 'distinct' ? decision.photos : [decision.photo];
      if (new Set(photos).size < photos.length) {
        throw new AppError('usage', 'A photo is no duplicate of itself: give two photos.');
      }
      const unknown = photos.find((id) => !catalogue.has(id));
      if (unknown !== undefined && undo !== true) {
        throw new AppError(
          'not-found',
          `No photo of the collection has the id ${unknown}: list the photos to see theirs.`,
        );
      }
    }
    this.#rooms.decisions.decide(decisions, undo ?? false, Date.now());
    return null;
  }

  decisions(): DecisionRecord[] {
    const { catalogue, decisions } = this.#rooms;
    return decisions.records(maxDecisions).map(({ decision, at, author }) => ({
      ...decision,
      names: (decision.kind === 'distinct' ? decision.photos : [decision.photo]).map((id) => catalogue.photoName(id)),
      at: new Date(at).toISOString(),
      by: catalogue.nameOf(author) ?? '',
    }));
  }

  /**
   * What would be dropped.
   * @throws AppError `refused` when it is to be applied; `not-found`, `ambiguous`
   */
  dedupe(params: DedupeParams): DedupeResult {
    const planned = this.#rooms.catalogue.planDrops(params, this.#online());
    if (params.apply === true && planned.length > 0) {
      throw new AppError(
        'refused',
        'Nothing was dropped: this version cannot yet make sure that other copies stay when a photo is dropped. Without --apply you see what would be.',
      );
    }
    return { planned, dropped: [], refused: [] };
  }

  unreadable(): UnreadableFile[] {
    return this.#rooms.library.unreadable();
  }

  rescan(): Promise<void> {
    return this.#rooms.library.rescan();
  }
}

/** The file to write: `target` itself, or a file with the photo's own name when `target` is a folder. */
async function targetFile(target: string, name: string): Promise<string> {
  if (!path.isAbsolute(target)) throw new AppError('usage', `"${target}" is not an absolute path.`);
  try {
    return (await fs.stat(target)).isDirectory() ? targetIn(target, name) : target;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return target;
    throw toAppError(error);
  }
}
