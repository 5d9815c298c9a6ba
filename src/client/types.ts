import type {
  ChangedTopic,
  CompareProgress,
  DaemonStatus,
  Decision,
  DecisionRecord,
  DedupeParams,
  DedupeResult,
  DuplicatesParams,
  DuplicatesResult,
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

/** What a request takes that tells how far it is. */
export interface ReportedOptions<T> extends CallOptions {
  onProgress?: (progress: T) => void;
}

export type TransferOptions = ReportedOptions<FetchProgress>;
export type CompareOptions = ReportedOptions<CompareProgress>;

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
  /** One page of the groups of look-alikes, as far as the photos have been compared. */
  duplicates(params: DuplicatesParams, options?: CallOptions): Promise<DuplicatesResult>;
  /** Resolves when every photo that is known now has been compared with all others. */
  compare(options?: CompareOptions): Promise<CompareProgress>;
  /** Says something of photos for all peers, or with `undo` takes it back. */
  decide(decisions: readonly Decision[], options?: CallOptions & { undo?: boolean }): Promise<void>;
  /** What counts now, newest first. */
  decisions(options?: CallOptions): Promise<DecisionRecord[]>;
  /** What would be dropped where; with `apply` it is dropped, or refused. */
  dedupe(params: DedupeParams, options?: CallOptions): Promise<DedupeResult>;
  unreadable(options?: CallOptions): Promise<UnreadableFile[]>;
  rescan(options?: CallOptions): Promise<void>;
  /** Asks the daemon to leave the network and exit; resolves when it serves no more (its process may live a little longer). */
  stop(options?: CallOptions): Promise<void>;
  onChanged(listener: (topics: readonly ChangedTopic[]) => void): () => void;
  /** The connection ended, by either side; not called after dispose. */
  onClosed(listener: () => void): () => void;
}
