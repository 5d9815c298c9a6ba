import fs from 'node:fs/promises';
import * as vscode from 'vscode';
import type { PhotoSummary } from '../protocol/control.ts';
import { AppError, messageOf } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { Disposable } from '../session/disposable.ts';
import { photoScheme } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import { takenTime } from './dates.ts';
import type { PhotoPath } from './photoUri.ts';
import { parsePhotoPath, photoAddress } from './photoUri.ts';

/** Address of any photo of the collection. */
export function photoUri(photo: Pick<PhotoSummary, 'id' | 'name' | 'format'>): vscode.Uri {
  return vscode.Uri.from({ scheme: photoScheme, ...photoAddress(photo) });
}

/**
 * `photo:/<id>/<name>`: every photo of the collection as a file that can be read, brought here when it is. With it, VS Code's
 * own image preview and comparison show photos of other peers.
 */
export class PhotoFileSystem extends Disposable implements vscode.FileSystemProvider {
  readonly #session: Session;
  readonly #changed = this._register(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  /** Reads under way by photo: several editors of one photo bring it once. */
  readonly #reading = new Map<string, Promise<Uint8Array>>();

  /** Never fired: a photo is its content, it cannot change. */
  readonly onDidChangeFile = this.#changed.event;

  constructor(session: Session) {
    super();
    this.#session = session;
    this._register(
      vscode.workspace.registerFileSystemProvider(photoScheme, this, {
        isCaseSensitive: true,
        isReadonly: new vscode.MarkdownString(
          vscode.l10n.t('This photo belongs to the collection. Use *Photos: Fetch Photo* to get a file of your own.'),
        ),
      }),
    );
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  /** @throws vscode.FileSystemError `FileNotFound`, `Unavailable` */
  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const path = pathOf(uri);
    if (path.kind === 'root') return folderStat;
    const photo = await this.#ask(uri, ({ client, signal }) => client.show(path.id, { signal }));
    if (path.kind === 'folder') return folderStat;
    const time = takenTime(photo.takenAt) ?? 0;
    return {
      type: vscode.FileType.File,
      ctime: time,
      mtime: time,
      size: photo.size,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  /** @throws vscode.FileSystemError `FileNotFound`, `Unavailable` when nobody who is online holds the photo */
  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const path = pathOf(uri);
    if (path.kind !== 'photo') throw vscode.FileSystemError.FileIsADirectory(uri);
    const { id } = path;
    const under = this.#reading.get(id);
    if (under !== undefined) return under;
    const reading = this.#ask(uri, async ({ client, signal }) => {
      const opened = await client.open(id, { signal });
      return fs.readFile(opened.path, { signal });
    }).finally(() => this.#reading.delete(id));
    this.#reading.set(id, reading);
    return reading;
  }

  /** The one photo in its folder; the folders themselves are not listed, there may be a million. */
  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const path = pathOf(uri);
    if (path.kind === 'photo') throw vscode.FileSystemError.FileNotADirectory(uri);
    if (path.kind === 'root') return [];
    const photo = await this.#ask(uri, ({ client, signal }) => client.show(path.id, { signal }));
    const name = photoAddress(photo).path.split('/').at(-1) ?? photo.name;
    return [[name, vscode.FileType.File]];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  writeFile(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  async #ask<T>(uri: vscode.Uri, question: (connection: Connection) => Promise<T>): Promise<T> {
    // An editor that VS Code restores asks before the daemon is up.
    const connection = await this.#session.whenSettled();
    if (connection === undefined) {
      throw vscode.FileSystemError.Unavailable(
        vscode.l10n.t('The photo daemon is not running: start it with Photos: Start Daemon.'),
      );
    }
    try {
      return await question(connection);
    } catch (error) {
      throw fileSystemError(error, uri);
    }
  }
}

const folderStat: vscode.FileStat = { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };

function pathOf(uri: vscode.Uri): PhotoPath {
  const path = parsePhotoPath(uri.path);
  if (path === undefined) throw vscode.FileSystemError.FileNotFound(uri);
  return path;
}

function fileSystemError(error: unknown, uri: vscode.Uri): vscode.FileSystemError {
  if (AppError.is(error, 'not-found')) return vscode.FileSystemError.FileNotFound(uri);
  if (AppError.is(error, 'no-permission')) return vscode.FileSystemError.NoPermissions(error.message);
  return vscode.FileSystemError.Unavailable(messageOf(error));
}
