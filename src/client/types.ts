import type {
  ChangedTopic,
  DaemonStatus,
  FetchParams,
  FetchProgress,
  FetchResult,
  GroupsParams,
  HelloResult,
  ListParams,
  ListResult,
  MonthCount,
  OpenResult,
  PeerSummary,
  PhotoDetails,
  Thumbnail,
  UnreadableFile,
} from '../protocol/control.ts';

/** What every request takes: aborting the signal cancels it in the daemon too. */
export interface CallOptions {
  signal?: AbortSignal;
}

export interface TransferOptions extends CallOptions {
  onProgress?: (progress: FetchProgress) => void;
}

/** A connection to the daemon of one photo folder. Every call rejects with an `AppError`. */
export interface DaemonClient extends Disposable {
  readonly hello: HelloResult;
  status(options?: CallOptions): Promise<DaemonStatus>;
  peers(options?: CallOptions): Promise<PeerSummary[]>;
  list(params: ListParams, options?: CallOptions): Promise<ListResult>;
  months(params: GroupsParams, options?: CallOptions): Promise<MonthCount[]>;
  show(photo: string, options?: CallOptions): Promise<PhotoDetails>;
  fetch(params: FetchParams, options?: TransferOptions): Promise<FetchResult>;
  /** Path of a file with the photo's bytes, brought here first if need be. Read it, never write it. */
  open(id: string, options?: TransferOptions): Promise<OpenResult>;
  /** At most `maxThumbnailBatch` ids; photos without a thumbnail are left out. */
  thumbnails(ids: readonly string[], options?: CallOptions): Promise<Thumbnail[]>;
  unreadable(options?: CallOptions): Promise<UnreadableFile[]>;
  rescan(options?: CallOptions): Promise<void>;
  /** Asks the daemon to leave the network and exit; resolves when it serves no more (its process may live a little longer). */
  stop(options?: CallOptions): Promise<void>;
  onChanged(listener: (topics: readonly ChangedTopic[]) => void): () => void;
  /** The connection ended, by either side; not called after dispose. */
  onClosed(listener: () => void): () => void;
}
