import { setImmediate } from 'node:timers/promises';
import type { ScanProgress, UnreadableFile } from '../../protocol/control.ts';
import type { AppError } from '../../protocol/errors.ts';
import { toAppError } from '../../protocol/errors.ts';
import type { PhotoFeatures } from '../../protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay, Tasks } from '../base/tasks.ts';
import { availabilityOf } from './availability.ts';
import type { ContentFacts } from './decoderMessages.ts';
import { DecoderPool } from './decoderPool.ts';
import { shownPath } from './fileName.ts';
import type { Found } from './folderWalk.ts';
import { FolderWalk } from './folderWalk.ts';
import { FolderWatcher } from './folderWatcher.ts';
import { IndexWriter } from './indexWriter.ts';
import { LibraryIndex } from './libraryIndex.ts';
import { featuresFingerprint } from './photoFeatures.ts';
import { PhotoTable } from './photoTable.ts';
import { ScanMeter } from './scanMeter.ts';
import { Scanner } from './scanner.ts';
import type { ThumbnailStore } from './thumbnailStore.ts';
import type { Library, LibraryChange, LibraryOptions, ThumbnailImage } from './types.ts';

export interface LibraryParts {
  logger: Logger;
  /** Shared with the room that fetches thumbnails; stays open when the library stops. */
  thumbnails: ThumbnailStore;
  /** Processes to decode in; without it the library has its own. It stays open when the library stops. */
  decoders?: DecoderPool;
}

const defaultSettle = 1_000;
/** Milliseconds between the first event of the watcher and the look at what it names: events come in swarms. */
const watcherDelay = 100;
/** Events after which the whole folder is looked at instead of each path. */
const maxDirtyPaths = 5_000;
/** Milliseconds between looks at the marker: few while all is well (a disk may want to sleep), more while it is missed. */
const markerInterval = { available: 30_000, unavailable: 2_000 };
/** Part of the rescan interval by which it is shortened or lengthened, so that daemons do not all scan at once. */
const rescanJitter = 0.25;
/** Milliseconds after which, and files by which, changes are written and told while a scan goes on. */
const flushInterval = 200;
const flushFiles = 64;
/** Milliseconds after a write that failed. */
const retryInterval = 5_000;
/** Photos in one change event. */
const maxChange = 500;
/** Milliseconds between two status events while a scan goes on. */
const statusInterval = 250;
/** Rows that are gone through before others get their turn. */
const rowsAtOnce = 1_000;

/**
 * Opens the library of one photo folder with what its index knows; nothing is scanned before `start`.
 * @throws AppError when the index cannot be opened or made, or an exclude pattern cannot be understood
 */
export async function openLibrary(options: LibraryOptions, parts: LibraryParts): Promise<Library> {
  const walk = new FolderWalk(options.folder, options.exclude, options.home);
  const table = new PhotoTable();
  const index = new LibraryIndex(options.libraryFile, parts.logger);
  try {
    await load(table, index);
  } catch (error) {
    index[Symbol.dispose]();
    throw toAppError(error);
  }
  return new FolderLibrary(options, parts, { walk, table, index });
}

async function load(table: PhotoTable, index: LibraryIndex): Promise<void> {
  const photos = new Map<PhotoId, { facts: ContentFacts; current: boolean }>();
  for (const page of index.photos()) {
    for (const photo of page) photos.set(photo.facts.id, photo);
    await setImmediate();
  }
  for (const page of index.files()) {
    for (const { path, stamp, photo, reason } of page) {
      const known = photo === null ? undefined : photos.get(photo);
      if (known !== undefined) table.setPhoto(path, known.current ? stamp : undefined, known.facts);
      else if (reason !== null) table.setUnreadable(path, stamp, reason, true);
    }
    await setImmediate();
  }
  table.forgetChanges();
}

class FolderLibrary implements Library {
  readonly #folder: string;
  readonly #rescanInterval: number;
  readonly #settle: number;
  readonly #logger: Logger;
  readonly #thumbnails: ThumbnailStore;
  readonly #walk: FolderWalk;
  readonly #table: PhotoTable;
  readonly #index: LibraryIndex;
  readonly #writer: IndexWriter;
  readonly #pool: DecoderPool;
  readonly #ownsPool: boolean;
  readonly #scanner: Scanner;
  readonly #watcher: FolderWatcher;
  readonly #meter = new ScanMeter();
  readonly #tasks: Tasks;
  readonly #changes: Emitter<LibraryChange>;
  readonly #status: Emitter<void>;
  /** Relative paths of which something was heard. */
  readonly #dirty = new Set<string>();
  #dirtyScheduled = false;
  /** Scans run one after the other. */
  #lane: Promise<void> = Promise.resolve();
  /** A full scan that waits for its turn: who asks meanwhile gets the same one. */
  #waitingScan: Promise<void> | undefined;
  #closedFolders: ReadonlyMap<string, string> = new Map();
  #unavailable: string | null = null;
  #folderId: string | undefined;
  /** Whether it was tried to watch the folder since it was last away. */
  #watched = false;
  #watchProblem: string | null = null;
  #scanProblem: AppError | undefined;
  #flushing: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #lastFlush = 0;
  #lastCheck = 0;
  #lastStatus = 0;

  constructor(
    options: LibraryOptions,
    { logger, thumbnails, decoders }: LibraryParts,
    { walk, table, index }: { walk: FolderWalk; table: PhotoTable; index: LibraryIndex },
  ) {
    this.#folder = options.folder;
    this.#rescanInterval = options.rescanInterval;
    this.#settle = options.settle ?? defaultSettle;
    this.#logger = logger;
    this.#thumbnails = thumbnails;
    this.#walk = walk;
    this.#table = table;
    this.#index = index;
    this.#tasks = new Tasks(logger);
    this.#changes = new Emitter(logger);
    this.#status = new Emitter(logger);
    this.#writer = new IndexWriter(table, index, thumbnails, logger);
    this.#pool =
      decoders ?? new DecoderPool(logger, options.decodeLimit === undefined ? {} : { wallLimit: options.decodeLimit });
    this.#ownsPool = decoders === undefined;
    this.#scanner = new Scanner({
      walk,
      table,
      writer: this.#writer,
      pool: this.#pool,
      meter: this.#meter,
      settle: this.#settle,
      again: (path) => this.#lookLater([path], this.#settle),
      afterFile: () => this.#afterFile(),
    });
    this.#watcher = new FolderWatcher(
      options.folder,
      {
        changed: (paths) => this.#heard(paths),
        lost: () => this.#tasks.run('the rescan', () => this.rescan()),
      },
      logger,
    );
  }

  async start(): Promise<void> {
    await this.#checkAvailable();
    await this.#watch();
    this.#tasks.run('the first scan', () => this.rescan());
    this.#tasks.run('the rescans', (signal) => this.#rescanNowAndThen(signal));
    this.#tasks.run('the look at the marker', (signal) => this.#watchMarker(signal));
  }

  rescan(): Promise<void> {
    this.#waitingScan ??= this.#inTurn(() => {
      this.#waitingScan = undefined;
      return this.#scanAll();
    });
    return this.#waitingScan;
  }

  photos(): Iterable<PhotoFacts> {
    return this.#table.photos();
  }

  get(id: PhotoId): PhotoFacts | undefined {
    return this.#table.photo(id);
  }

  paths(id: PhotoId): string[] {
    return this.#table.paths(id).map((path) => this.#walk.absolute(path));
  }

  thumbnail(id: PhotoId): ThumbnailImage | undefined {
    if (this.#table.photo(id) === undefined) return undefined;
    return this.#writer.thumbnail(id) ?? this.#thumbnails.get(id);
  }

  features(id: PhotoId): PhotoFeatures | undefined {
    const named = this.#table.photo(id)?.features ?? null;
    if (named === null) return undefined;
    const features = this.#writer.likeness(id)?.features ?? this.#index.features(id);
    // Those of before, where the new ones could not be written and were forgotten, are not what we say that we have.
    return features !== undefined && featuresFingerprint(features) === named ? features : undefined;
  }

  luma(id: PhotoId): Uint8Array | undefined {
    if (this.features(id) === undefined) return undefined;
    return this.#writer.likeness(id)?.luma ?? this.#index.luma(id);
  }

  unreadable(): UnreadableFile[] {
    const files: UnreadableFile[] = [];
    for (const [path, { reason }] of this.#table.files()) {
      if (reason !== undefined) files.push({ path: shownPath(path), reason });
    }
    for (const [path, reason] of this.#closedFolders) files.push({ path: shownPath(path), reason });
    return files.sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  progress(): ScanProgress | null {
    return this.#meter.progress();
  }

  unavailable(): string | null {
    return this.#unavailable;
  }

  problems(): string[] {
    return [this.#watchProblem, this.#scanProblem?.message, this.#writer.problem?.message].filter(
      (problem) => typeof problem === 'string',
    );
  }

  totals(): { photos: number; bytes: number; extraFiles: number } {
    return this.#table.totals;
  }

  onChange(listener: (change: LibraryChange) => void): Unsubscribe {
    return this.#changes.on(listener);
  }

  onStatus(listener: () => void): Unsubscribe {
    return this.#status.on(listener);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const tasks = this.#tasks[Symbol.asyncDispose]();
    if (this.#ownsPool) this.#pool[Symbol.dispose]();
    await this.#watcher[Symbol.asyncDispose]();
    await tasks;
    await this.#lane;
    await this.#writer.flush();
    this.#index[Symbol.dispose]();
  }

  //#region when to look

  /** Runs `scan` after those before it; there is progress from now until it has ended. Its failure is a problem that people see. */
  #inTurn(scan: () => Promise<void>): Promise<void> {
    if (this.#tasks.signal.aborted) return Promise.resolve();
    this.#meter.begin();
    this.#tellStatus();
    const turn = this.#lane.then(async () => {
      try {
        if (!this.#tasks.signal.aborted) await scan();
        this.#scanProblem = undefined;
      } catch (error) {
        this.#scanProblem = toAppError(error);
        this.#logger.error('the folder could not be scanned', error);
      } finally {
        this.#meter.end();
        this.#tellStatus();
      }
    });
    this.#lane = turn;
    return turn;
  }

  async #rescanNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const jitter = 1 + rescanJitter * (2 * Math.random() - 1);
      await delay(this.#rescanInterval * jitter, signal);
      if (!signal.aborted) await this.rescan();
    }
  }

  /** A folder that came back is looked at at once. */
  async #watchMarker(signal: AbortSignal): Promise<void> {
    for (;;) {
      await delay(Math.min(markerInterval.unavailable, this.#rescanInterval), signal);
      if (signal.aborted) return;
      const sinceCheck = performance.now() - this.#lastCheck;
      if (this.#watched && sinceCheck < Math.min(markerInterval.available, this.#rescanInterval)) continue;
      if (!(await this.#checkAvailable())) continue;
      if (this.#writer.problem !== undefined) await this.#flush();
      if (this.#watched) continue;
      await this.#watch();
      await this.rescan();
    }
  }

  async #watch(): Promise<void> {
    // While the folder is away there is nothing to watch, and that is said by `unavailable`.
    if (this.#unavailable !== null) return;
    this.#watched = true;
    this.#watchProblem = await this.#watcher.watch();
    this.#tellStatus();
  }

  #heard(absolutePaths: readonly string[]): void {
    const paths = absolutePaths.flatMap((path) => this.#walk.relative(path) ?? []);
    if (paths.length > 0) this.#lookLater(paths, watcherDelay);
  }

  #lookLater(paths: Iterable<string>, milliseconds: number): void {
    for (const path of paths) this.#dirty.add(path);
    if (this.#dirtyScheduled) return;
    this.#dirtyScheduled = true;
    this.#tasks.run('the look at changed files', async (signal) => {
      await delay(milliseconds, signal);
      this.#dirtyScheduled = false;
      if (signal.aborted || this.#dirty.size === 0) return;
      if (this.#dirty.size > maxDirtyPaths) {
        this.#dirty.clear();
        return this.rescan();
      }
      await this.#inTurn(() => this.#scanDirty());
    });
  }

  //#endregion

  //#region looking

  async #scanAll(): Promise<void> {
    if (!(await this.#checkAvailable())) return;
    const { signal } = this.#tasks;
    const { paths, closed } = await this.#scanner.scan(this.#walk.below(''), signal);
    if (signal.aborted) return;
    this.#closedFolders = closed;
    // What was moved while we walked is found where it is now, before it is missed where it was.
    const gone = await this.#lookAtDirty();
    const missing = await this.#rows((path) => (!paths.has(path) && !isUnder(path, closed)) || isUnder(path, gone));
    await this.#conclude(missing);
  }

  async #scanDirty(): Promise<void> {
    if (!(await this.#checkAvailable())) return;
    const gone = await this.#lookAtDirty();
    if (this.#tasks.signal.aborted) return;
    const missing = await this.#rows((path) => isUnder(path, gone));
    await this.#conclude(missing);
  }

  /** Looks at the paths that something was heard of; returns those where nothing is now. */
  async #lookAtDirty(): Promise<ReadonlySet<string>> {
    const gone = new Set<string>();
    if (this.#dirty.size === 0) return gone;
    const paths = [...this.#dirty];
    this.#dirty.clear();
    await this.#scanner.scan(this.#lookAt(paths, gone), this.#tasks.signal);
    return gone;
  }

  async *#lookAt(paths: readonly string[], gone: Set<string>): AsyncGenerator<Found> {
    for (const path of paths) {
      const real = await this.#walk.resolve(path);
      if (real !== path) gone.add(path);
      if (real === undefined) continue;
      const looked = await this.#walk.look(real);
      if (looked.kind === 'gone' || looked.kind === 'other') gone.add(real);
      else if (looked.kind === 'folder') yield* this.#walk.below(real);
      else yield looked;
    }
  }

  /** Paths of rows for which `isMeant`. */
  async #rows(isMeant: (path: string) => boolean): Promise<string[]> {
    const found: string[] = [];
    let count = 0;
    for (const path of [...this.#table.files()].map(([path]) => path)) {
      if (++count % rowsAtOnce === 0) await setImmediate();
      if (isMeant(path)) found.push(path);
    }
    return found;
  }

  /** Takes out what has really gone, if the folder is still the shared one, and tells everything that changed. */
  async #conclude(missing: readonly string[]): Promise<void> {
    const gone: string[] = [];
    for (const path of missing) {
      if (this.#tasks.signal.aborted) return;
      const looked = this.#walk.isLeftOut(path) ? 'other' : (await this.#walk.look(path)).kind;
      if (looked === 'gone' || looked === 'other' || looked === 'folder') gone.push(path);
    }
    // Before anything is concluded from absence: a folder that went away while we looked is empty too.
    const available = await this.#checkAvailable();
    if (available) {
      for (const [n, path] of gone.entries()) {
        if (n % rowsAtOnce === rowsAtOnce - 1) await setImmediate();
        const photo = this.#table.file(path)?.photo;
        this.#table.remove(path);
        this.#writer.note(path, photo);
      }
    }
    await this.#flush();
    await this.#tellChanges(available);
  }

  /** Whether the folder is there and ours; if not, everybody is told why. */
  async #checkAvailable(): Promise<boolean> {
    this.#lastCheck = performance.now();
    const { folderId, why } = await availabilityOf(this.#folder);
    if (folderId !== null) this.#folderId ??= folderId;
    const other = folderId !== null && folderId !== this.#folderId;
    const unavailable = other
      ? `Another shared folder is now at ${this.#folder}: connect the right disk, or restart to use this one.`
      : why;
    if (unavailable !== null) this.#watched = false;
    if (unavailable !== this.#unavailable) {
      this.#unavailable = unavailable;
      if (unavailable === null) this.#logger.info('the folder can be used');
      else this.#logger.warn(unavailable);
      this.#tellStatus();
    }
    return unavailable === null;
  }

  //#endregion

  //#region writing and telling

  async #afterFile(): Promise<void> {
    const now = performance.now();
    if (now - this.#lastStatus >= statusInterval) this.#tellStatus();
    const sinceFlush = now - this.#lastFlush;
    const due = this.#writer.waiting >= flushFiles || sinceFlush >= flushInterval;
    if (!due || (this.#writer.problem !== undefined && sinceFlush < retryInterval)) return;
    await this.#flush();
    await this.#tellChanges(false);
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#writer.flush().finally(() => {
      this.#flushing = undefined;
      this.#lastFlush = performance.now();
    });
    return this.#flushing;
  }

  async #tellChanges(removals: boolean): Promise<void> {
    const { added, removed } = this.#table.takeChanges(removals);
    for (let n = 0; n < added.length; n += maxChange) {
      if (n > 0) await setImmediate();
      this.#changes.emit({ added: added.slice(n, n + maxChange), removed: [] });
    }
    for (let n = 0; n < removed.length; n += maxChange) {
      if (n > 0) await setImmediate();
      this.#changes.emit({ added: [], removed: removed.slice(n, n + maxChange) });
    }
  }

  #tellStatus(): void {
    this.#lastStatus = performance.now();
    this.#status.emit();
  }

  //#endregion
}

/** Whether `path` or a folder that it lies in is one of `places`. */
function isUnder(path: string, places: { has(path: string): boolean }): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (places.has(path.slice(0, end))) return true;
  }
  return false;
}
