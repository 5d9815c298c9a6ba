import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { controlProtocolVersion } from '../protocol/control.ts';
import { AppError, systemCodeOf, toAppError } from '../protocol/errors.ts';
import type { PhotoId } from '../protocol/photo.ts';
import type { DaemonFile, FolderState, Marker } from '../protocol/state.ts';
import { DaemonFileSchema, folderState, MarkerSchema, privateFolderName } from '../protocol/state.ts';
import { version } from '../protocol/version.ts';
import { DisplayNameSchema } from '../protocol/wire.ts';
import type { DaemonArguments } from './arguments.ts';
import { writeFileAtomically } from './base/files.ts';
import { FolderLock, makePrivateDirectory } from './base/folderLock.ts';
import type { Logger } from './base/logger.ts';
import { FileLogger } from './base/logger.ts';
import { Tasks } from './base/tasks.ts';
import { openCatalogue } from './catalogue/catalogue.ts';
import { replicateDecisions } from './catalogue/decisionReplication.ts';
import { Decisions, decisionsMigration } from './catalogue/decisions.ts';
import { LookAlikeSearch } from './catalogue/lookAlikeSearch.ts';
import { OwnHoldings } from './catalogue/ownHoldings.ts';
import { HoldingsReplication } from './catalogue/replication.ts';
import { ControlServer } from './control/server.ts';
import { ControlService } from './control/service.ts';
import { openCache } from './library/cacheDatabase.ts';
import { openLibrary } from './library/library.ts';
import { isShared, readMarker, writeMarker } from './library/marker.ts';
import { ThumbnailStore } from './library/thumbnailStore.ts';
import { startNetwork } from './network/network.ts';
import { loadOrCreateNetworkKey } from './network/networkKey.ts';
import { Fetcher } from './transfer/fetcher.ts';
import { Libp2pCarrier } from './transfer/libp2pCarrier.ts';
import type { IndexedFile } from './transfer/openFiles.ts';
import { PhotoServer } from './transfer/photoServer.ts';
import { RemoteThumbnails, serveThumbnails } from './transfer/thumbnails.ts';
import { ViewedCache } from './transfer/viewedCache.ts';

/** Milliseconds between full looks at the folder, beside the watcher. */
const rescanInterval = 60 * 60 * 1000;

export interface DaemonEvents {
  /** A client asked the daemon to end. */
  onStop: () => void;
  /** Whether any client is connected, each time that changes. */
  onClients: (connected: boolean) => void;
}

type Dispose = () => Promise<void> | void;

/** One daemon: owns the folder's lock and every room, opened in the order in which they need each other, closed in reverse. */
export class Daemon implements AsyncDisposable {
  readonly logger: Logger;
  /** What is written to `daemon.json` while this daemon serves. */
  readonly file: DaemonFile;
  readonly #owned: Dispose[];

  private constructor(logger: Logger, file: DaemonFile, owned: Dispose[]) {
    this.logger = logger;
    this.file = file;
    this.#owned = owned;
  }

  /**
   * Starts serving a folder; resolves when other peers and clients can connect (the first scan goes on).
   * @throws AppError `not-a-folder`, `no-permission`, `already-running`, `folder-unavailable`, `port-taken` ...
   */
  static async start(options: DaemonArguments, events: DaemonEvents): Promise<Daemon> {
    const owned: Dispose[] = [];
    try {
      return await Daemon.#open(options, events, owned);
    } catch (error) {
      await disposeAll(owned);
      throw error;
    }
  }

  static async #open(options: DaemonArguments, events: DaemonEvents, owned: Dispose[]): Promise<Daemon> {
    const folder = photoFolder(options.folder);
    const state = folderState(options.home, folder);
    // Somebody's own folder may have been named: what is made in it is private, itself it stays as it is.
    fs.mkdirSync(options.home, { recursive: true, mode: 0o700 });
    makePrivateDirectory(state.directory);
    const lock = FolderLock.acquire(state.lockFile);
    if (lock === undefined) throw alreadyRunning(state);
    owned.push(() => lock[Symbol.dispose]());
    const logger = new FileLogger(state.logFile, options.logLevel);
    owned.push(() => logger[Symbol.dispose]());
    logger.info(`version ${version} serves ${folder}`, { node: process.version, pid: process.pid });

    await share(state, options.share);
    const thumbnailStore = new ThumbnailStore(state.thumbnailsFile, { logger: logger.child('library') });
    owned.push(() => thumbnailStore[Symbol.dispose]());
    const library = await openLibrary(
      {
        folder,
        libraryFile: state.libraryFile,
        exclude: options.exclude,
        home: fs.realpathSync(options.home),
        rescanInterval,
      },
      { logger: logger.child('library'), thumbnails: thumbnailStore },
    );
    owned.push(() => library.stop());

    const { key } = await loadOrCreateNetworkKey(options.home, options.network);
    const network = await startNetwork(
      {
        keyFile: state.keyFile,
        networkKey: key,
        networkName: options.network,
        name: options.name ?? defaultName(folder),
        ...(options.port === undefined ? {} : { port: options.port }),
        listen: options.listen,
        join: options.join,
        home: options.home,
        stateFile: state.networkStateFile,
      },
      { logger: logger.child('network') },
    );
    owned.push(() => network.stop());
    const { self } = network;

    const catalogueLogger = logger.child('catalogue');
    const decisionsDatabase = openCache(state.decisionsFile, [decisionsMigration], catalogueLogger, {
      setAside: true,
    });
    owned.push(() => decisionsDatabase.close());
    const decisions = new Decisions(decisionsDatabase, self.peerId, catalogueLogger);
    const catalogue = openCatalogue(
      {
        file: state.catalogueFile,
        self: { peerId: self.peerId, name: self.name },
        copies: options.copies,
        featuresOf: (id) => library.features(id),
        verdicts: decisions,
        similarity: options.similarity,
      },
      { logger: catalogueLogger },
    );
    owned.push(() => catalogue[Symbol.dispose]());
    catalogue.reconcileOwn(library.photos());
    const replication = new HoldingsReplication(catalogue, network, logger.child('holdings'));
    owned.push(() => replication.stop());
    decisions.onChange((photos) => catalogue.verdictsChanged(photos));
    const decisionReplication = replicateDecisions(decisions, network, logger.child('decisions'));
    owned.push(() => decisionReplication.stop());
    const search = new LookAlikeSearch({
      catalogue,
      network,
      lumaOf: (id) => library.luma(id),
      logger: logger.child('look-alikes'),
    });
    owned.push(() => search[Symbol.asyncDispose]());

    const transferLogger = logger.child('transfer');
    const locate = (id: PhotoId): IndexedFile[] => {
      const size = library.get(id)?.size;
      return size === undefined ? [] : library.paths(id).map((file) => ({ path: file, size }));
    };
    const photoServer = new PhotoServer(network, { locate }, transferLogger);
    owned.push(() => photoServer[Symbol.asyncDispose]());
    serveThumbnails(network, (id) => library.thumbnail(id));
    const fetcher = new Fetcher({
      incoming: path.join(folder, privateFolderName, `incoming-${self.peerId.slice(-8)}`),
      carriers: [new Libp2pCarrier(network)],
      self: self.peerId,
      local: (id) => library.paths(id),
      logger: transferLogger,
    });
    owned.push(() => fetcher[Symbol.asyncDispose]());
    const tasks = new Tasks(transferLogger);
    owned.push(() => tasks[Symbol.asyncDispose]());
    tasks.run('removing partial photos that nobody came back for', () => fetcher.sweep());
    const viewed = new ViewedCache(state.viewedDirectory, fetcher);
    const thumbnails = new RemoteThumbnails(network, thumbnailStore, transferLogger);

    const service = new ControlService({
      folder,
      networkName: options.network,
      quota: options.quota,
      version,
      library,
      catalogue,
      decisions,
      search,
      network,
      fetcher,
      viewed,
      thumbnails,
    });
    const file: DaemonFile = {
      pid: process.pid,
      peerId: self.peerId,
      folder,
      network: options.network,
      port: self.port,
      addresses: self.addresses,
      control: state.socket,
      token: randomBytes(32).toString('hex'),
    };
    const control = await ControlServer.start(
      {
        socket: state.socket,
        token: file.token,
        hello: {
          protocol: controlProtocolVersion,
          version,
          pid: process.pid,
          peerId: self.peerId,
          folder,
          logFile: state.logFile,
        },
        onStop: events.onStop,
        onClients: events.onClients,
      },
      service,
      logger.child('control'),
    );
    owned.push(() => control[Symbol.asyncDispose]());

    const ownHoldings = new OwnHoldings(library, catalogue, catalogueLogger);
    owned.push(() => ownHoldings[Symbol.asyncDispose]());
    library.onStatus(() => control.changed('status'));
    catalogue.onChange(() => {
      control.changed('collection');
      control.changed('status');
    });
    catalogue.onGroups(() => control.changed('duplicates'));
    search.onProgress(() => control.changed('status'));
    const peersChanged = (): void => {
      control.changed('peers');
      control.changed('status');
    };
    network.onPeerUp(peersChanged);
    network.onPeerDown(peersChanged);
    network.onCentralChanged(peersChanged);

    await writeFileAtomically(state.daemonFile, JSON.stringify(file));
    owned.push(() => fs.rmSync(state.daemonFile, { force: true }));
    await library.start();
    return new Daemon(logger, file, owned);
  }

  /** Leaves the network and closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.logger.info('leaving');
    await disposeAll(this.#owned, this.logger);
  }
}

/** In reverse; what fails to close does not keep the rest open. */
async function disposeAll(owned: Dispose[], logger?: Logger): Promise<void> {
  for (let dispose = owned.pop(); dispose !== undefined; dispose = owned.pop()) {
    try {
      await dispose();
    } catch (error) {
      logger?.error('closing failed', error);
    }
  }
}

/** Real path of the folder. @throws AppError `not-a-folder`, `no-permission` */
function photoFolder(folder: string): string {
  try {
    const real = fs.realpathSync(folder);
    if (!fs.statSync(real).isDirectory()) throw new AppError('not-a-folder', `${folder} is not a folder.`);
    fs.accessSync(real, fs.constants.R_OK | fs.constants.X_OK);
    return real;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new AppError('not-a-folder', `There is no folder ${folder}.`, { cause: error });
    if (code === 'EACCES')
      throw new AppError('no-permission', `The folder ${folder} may not be read: ask its owner for permission.`, {
        cause: error,
      });
    throw toAppError(error);
  }
}

function alreadyRunning(state: FolderState): AppError {
  let where = '';
  try {
    const running = v.parse(DaemonFileSchema, JSON.parse(fs.readFileSync(state.daemonFile, 'utf8')));
    where = ` (process ${running.pid}, port ${running.port})`;
  } catch {
    // It has not come as far as writing the file: there is no more to tell.
  }
  return new AppError(
    'already-running',
    `A daemon already serves ${state.folder}${where}. Stop it with: photo-organizer --folder "${state.folder}" stop`,
  );
}

/**
 * Makes sure that the folder is the one that this user shared. The first time, serving it is the sharing; later, a marker that is
 * missing or another one means that this is perhaps not the folder it was (an unmounted disk), and only a person can say (I8).
 */
async function share(state: FolderState, again: boolean): Promise<void> {
  const before = sharedBefore(state);
  try {
    const present = (await isShared(state.folder)) ? await readMarker(state.folder) : undefined;
    if (before !== undefined && !again && present?.folderId !== before.folderId) {
      throw new AppError(
        'folder-unavailable',
        `${state.folder} was shared before, but ${present === undefined ? `its ${privateFolderName} folder is gone` : 'it is another folder now'}. Is the right disk mounted? If this is the right folder, share it again: photo-organizer daemon --share "${state.folder}"`,
      );
    }
    const marker = await writeMarker(state.folder);
    if (before?.folderId !== marker.folderId) await writeFileAtomically(state.sharedFile, JSON.stringify(marker));
  } catch (error) {
    if (!AppError.is(error, 'no-permission', 'disk-full')) throw error;
    throw new AppError(
      error.code,
      `To share ${state.folder}, its ${privateFolderName} folder must be written: ${error.message}`,
      { cause: error },
    );
  }
}

function sharedBefore(state: FolderState): Marker | undefined {
  try {
    return v.parse(MarkerSchema, JSON.parse(fs.readFileSync(state.sharedFile, 'utf8')));
  } catch {
    // Never shared here, or the record of it is damaged: then the marker in the folder is all there is to go by.
    return undefined;
  }
}

/** What a peer is called unless a person says otherwise: the folder and its owner. */
function defaultName(folder: string): string {
  const name = `${path.basename(folder)} (${os.userInfo().username})`.slice(0, 64);
  return v.is(DisplayNameSchema, name) ? name : 'Photos';
}
