import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { AppError } from './errors.ts';
import { PeerIdSchema } from './photo.ts';

/** The only thing this product writes into a photo folder. */
export const privateFolderName = '.photo-organizer';

/** Its presence says "this folder is shared": written by a person's choice, never by a scan (rule 4: never believe an empty disk). */
export const markerFileName = 'marker.json';

export const MarkerSchema = v.object({
  version: v.literal(1),
  /** Random, so that a folder that moves or is mounted elsewhere can be told from another one. */
  folderId: v.pipe(v.string(), v.uuid()),
  /** ISO 8601 date and time of the sharing. */
  sharedAt: v.string(),
});
export type Marker = v.InferOutput<typeof MarkerSchema>;

/** Path of the marker of a photo folder. */
export function markerPath(folder: string): string {
  return path.join(folder, privateFolderName, markerFileName);
}

/** The state folder of this user: `PHOTO_ORGANIZER_HOME`, else the platform's place for state. */
export function defaultHome(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['PHOTO_ORGANIZER_HOME']) return path.resolve(environment['PHOTO_ORGANIZER_HOME']);
  if (process.platform === 'win32') {
    return path.join(environment['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'photo-organizer');
  }
  if (process.platform === 'darwin') {
    return path.join(os.homedir(), 'Library', 'Application Support', 'photo-organizer');
  }
  return path.join(environment['XDG_STATE_HOME'] || path.join(os.homedir(), '.local', 'state'), 'photo-organizer');
}

/** Where everything about one photo folder lies in the state folder of this user. */
export interface FolderState {
  /** The user's state folder. */
  readonly home: string;
  /** Real path of the photo folder. */
  readonly folder: string;
  /** The state of this photo folder: key, databases, log. Mode 0700. */
  readonly directory: string;
  /** Control socket (POSIX) or pipe name (Windows). */
  readonly socket: string;
  /** Written when a daemon is ready, removed when it leaves: see {@link DaemonFileSchema}. Mode 0600. */
  readonly daemonFile: string;
  /** The marker of the folder as this user shared it (see {@link MarkerSchema}): a marker that came with a folder is nobody's consent. */
  readonly sharedFile: string;
  /** libp2p private key (protobuf). Mode 0600. */
  readonly keyFile: string;
  readonly libraryFile: string;
  readonly thumbnailsFile: string;
  readonly catalogueFile: string;
  /** An SQLite file whose exclusive lock is held for as long as a daemon serves the folder. */
  /** What people decided about photos of the collection. */
  readonly decisionsFile: string;
  readonly lockFile: string;
  /** Members and term that the network remembers from last time (JSON). */
  readonly networkStateFile: string;
  readonly logFile: string;
  /** Photos of other peers that were opened to be looked at: a cache with a size cap. */
  readonly viewedDirectory: string;
}

/** What `daemon.json` says about the daemon that serves a folder. */
export const DaemonFileSchema = v.object({
  pid: v.pipe(v.number(), v.integer()),
  peerId: PeerIdSchema,
  folder: v.string(),
  network: v.string(),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  addresses: v.array(v.string()),
  control: v.string(),
  /** Must be shown in `hello`: who can read this 0600 file is this user. */
  token: v.string(),
});
export type DaemonFile = v.InferOutput<typeof DaemonFileSchema>;

/** Longest socket path that every POSIX system takes (`sun_path` is 104 bytes on macOS, 108 on Linux). */
const maxSocketPathBytes = 95;

/**
 * @param home the user's state folder
 * @param folder real path of the photo folder (symbolic links resolved: two names of one folder are one folder)
 * @throws AppError `usage` when no socket path short enough can be made
 */
export function folderState(home: string, folder: string): FolderState {
  const key = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const directory = path.join(home, 'folders', key);
  return {
    home,
    folder,
    directory,
    socket: socketPath(home, key),
    daemonFile: path.join(directory, 'daemon.json'),
    sharedFile: path.join(directory, 'shared.json'),
    keyFile: path.join(directory, 'peer.key'),
    libraryFile: path.join(directory, 'library.db'),
    thumbnailsFile: path.join(directory, 'thumbnails.db'),
    catalogueFile: path.join(directory, 'catalogue.db'),
    decisionsFile: path.join(directory, 'decisions.db'),
    lockFile: path.join(directory, 'lock.db'),
    networkStateFile: path.join(directory, 'network.json'),
    logFile: path.join(directory, 'daemon.log'),
    viewedDirectory: path.join(directory, 'viewed'),
  };
}

function socketPath(home: string, key: string): string {
  const user = createHash('sha256').update(home).digest('hex').slice(0, 12);
  if (process.platform === 'win32') return `\\\\.\\pipe\\photo-organizer-${user}-${key}`;
  const inHome = path.join(home, 'run', `${key}.sock`);
  if (Buffer.byteLength(inHome) <= maxSocketPathBytes) return inHome;
  // A deep home does not fit into sun_path: a 0700 folder of this user beside the system's temporary files does.
  const inTemporary = path.join(os.tmpdir(), `photo-organizer-${os.userInfo().uid}-${user}`, `${key}.sock`);
  if (Buffer.byteLength(inTemporary) <= maxSocketPathBytes) return inTemporary;
  throw new AppError(
    'usage',
    `The state folder ${home} and the temporary folder ${os.tmpdir()} are both too long a path for a socket: set PHOTO_ORGANIZER_HOME to a shorter one.`,
  );
}

/** File with the key of a network (`{ name, key }`, key as 64 hex digits). Mode 0600. */
export function networkFile(home: string, name: string): string {
  return path.join(home, 'networks', `${name}.json`);
}

/** Folder with one sub-folder for each photo folder that this user ever shared. */
export function foldersDirectory(home: string): string {
  return path.join(home, 'folders');
}

/** Name of a network as people choose it: it becomes a file name. */
export const NetworkNameSchema = v.pipe(
  v.string(),
  v.regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,62}$/u,
    'a network name has letters, digits, spaces, dots and dashes, at most 63',
  ),
);
