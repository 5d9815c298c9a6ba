import path from 'node:path';
import * as vscode from 'vscode';
import { plainText } from '../client/sanitize.ts';
import type { PhotoDetails, PhotoSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { commandIds } from '../session/ids.ts';
import type { CommandContext } from './commandContext.ts';
import type { CommandEntry } from './commandTable.ts';
import { fetchWithProgress } from './fetchProgress.ts';
import { photoIdOf, queryOf } from './photoArgument.ts';

/** Milliseconds that a remark stays in the status bar. */
const remarkTime = 3_000;

/** Commands on photos: find, bring, open, copy. */
export function photoCommands(context: CommandContext) {
  return {
    [commandIds.fetchPhoto]: { enabled: (connection, argument) => fetchPhoto(context, connection, argument) },
    [commandIds.openPhoto]: { enabled: (connection, argument) => openPhoto(context, connection, argument) },
    [commandIds.revealOriginal]: { enabled: revealOriginal },
    [commandIds.copyPhotoId]: { enabled: (connection, argument) => copyPhotoId(context, connection, argument) },
    [commandIds.openGallery]: {
      enabled: (_connection, argument) => context.showGallery(queryOf(argument)),
    },
  } satisfies Record<string, CommandEntry>;
}

async function fetchPhoto(context: CommandContext, connection: Connection, argument: unknown): Promise<void> {
  const id = photoIdOf(argument);
  const picked =
    id === undefined
      ? await context.pickPhoto(connection, {
          title: vscode.l10n.t('Fetch Photo'),
          placeholder: vscode.l10n.t(
            'Type a name, a date, a camera or an id. Enter brings the photo into this folder.',
          ),
          button: { icon: 'save-as', tooltip: vscode.l10n.t('Save As…') },
        })
      : { photo: { id }, byButton: false };
  if (picked === undefined) return;
  const photo = await connection.client.show(picked.photo.id, { signal: connection.signal });
  const here = photo.paths[0];
  if (here === undefined) requireHolder(connection, photo);
  if (picked.byButton) return saveAs(context, connection, photo);
  if (here !== undefined) return showFile(context, photo, inFolder(context, here));
  const { folder } = context.session;
  if (folder !== undefined) await fetchTo(context, connection, photo, folder.uri.fsPath, false);
}

async function saveAs(context: CommandContext, connection: Connection, photo: PhotoSummary): Promise<void> {
  const folder = context.session.folder?.uri;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save Photo'),
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, photo.name) }),
  });
  if (target === undefined) return;
  if (target.scheme !== 'file') {
    throw new AppError('usage', vscode.l10n.t('A photo can only be saved to a disk of this computer.'));
  }
  // The dialog has asked already whether an existing file is to be replaced.
  await fetchTo(context, connection, photo, target.fsPath, true);
}

async function fetchTo(
  context: CommandContext,
  connection: Connection,
  photo: PhotoSummary,
  target: string,
  force: boolean,
): Promise<void> {
  try {
    const result = await fetchWithProgress(connection, photo, target, force);
    if (result !== undefined) await showFile(context, photo, vscode.Uri.file(result.path));
  } catch (error) {
    if (!AppError.is(error, 'target-exists')) throw error;
    const replace = vscode.l10n.t('Replace');
    const elsewhere = vscode.l10n.t('Save As…');
    const choice = await vscode.window.showWarningMessage(error.message, replace, elsewhere);
    if (choice === replace) await fetchTo(context, connection, photo, target, true);
    if (choice === elsewhere) await saveAs(context, connection, photo);
  }
}

async function showFile(context: CommandContext, photo: PhotoSummary, file: vscode.Uri): Promise<void> {
  if (context.canPreview(photo.format)) {
    await vscode.commands.executeCommand('vscode.open', file);
    return;
  }
  const reveal = vscode.l10n.t('Reveal in Explorer');
  const text = vscode.l10n.t(
    '{0} is here: {1}. VS Code cannot show {2} pictures.',
    plainText(photo.name),
    vscode.workspace.asRelativePath(file),
    photo.format.toUpperCase(),
  );
  const choice = await vscode.window.showInformationMessage(text, reveal);
  if (choice === reveal) await vscode.commands.executeCommand('revealInExplorer', file);
}

async function openPhoto(context: CommandContext, connection: Connection, argument: unknown): Promise<void> {
  const id =
    photoIdOf(argument) ??
    (
      await context.pickPhoto(connection, {
        title: vscode.l10n.t('Open Photo'),
        placeholder: vscode.l10n.t('Type a name, a date, a camera or an id.'),
      })
    )?.photo.id;
  if (id === undefined) return;
  const photo = await connection.client.show(id, { signal: connection.signal });
  requireHolder(connection, photo);
  if (context.canPreview(photo.format)) {
    await vscode.commands.executeCommand('vscode.open', context.photoUri(photo));
  } else {
    await openElsewhere(connection, photo);
  }
}

/** Asks nobody for what nobody can give. @throws AppError `no-holder-online` */
function requireHolder(connection: Connection, photo: PhotoSummary): void {
  if (photo.holders.some(({ online, peerId }) => online || peerId === connection.status.peerId)) return;
  throw new AppError(
    'no-holder-online',
    vscode.l10n.t('Nobody who is online has {0}: try again when one of its holders is back.', plainText(photo.name)),
  );
}

/** For formats that VS Code has no viewer for. */
async function openElsewhere(connection: Connection, photo: PhotoSummary): Promise<void> {
  const outside = vscode.l10n.t('Open in Default App');
  const fetch = vscode.l10n.t('Fetch Photo');
  const text = vscode.l10n.t('VS Code cannot show {0} pictures.', photo.format.toUpperCase());
  const choice = await vscode.window.showInformationMessage(text, outside, fetch);
  if (choice === fetch) await vscode.commands.executeCommand(commandIds.fetchPhoto, { photo });
  if (choice !== outside) return;
  const { path: file } = await connection.client.open(photo.id, { signal: connection.signal });
  if (!(await vscode.env.openExternal(vscode.Uri.file(file)))) {
    throw new AppError(
      'refused',
      vscode.l10n.t('The system opened no program for it: fetch the photo and open it by hand.'),
    );
  }
}

async function revealOriginal(connection: Connection, argument: unknown): Promise<void> {
  const id = photoIdOf(argument);
  if (id === undefined) return;
  const photo: PhotoDetails = await connection.client.show(id, { signal: connection.signal });
  const here = photo.paths[0];
  if (here === undefined) {
    throw new AppError('not-found', vscode.l10n.t('{0} is not in this folder: fetch it first.', plainText(photo.name)));
  }
  const file = vscode.Uri.file(path.resolve(connection.client.hello.folder, here));
  await vscode.commands.executeCommand('revealInExplorer', file);
}

async function copyPhotoId(context: CommandContext, connection: Connection, argument: unknown): Promise<void> {
  const id =
    photoIdOf(argument) ??
    (
      await context.pickPhoto(connection, {
        title: vscode.l10n.t('Copy Photo Id'),
        placeholder: vscode.l10n.t('Type a name, a date, a camera or an id.'),
      })
    )?.photo.id;
  if (id === undefined) return;
  await vscode.env.clipboard.writeText(id);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Photo id copied'), remarkTime);
}

/** A path as the daemon says it, in the folder as this window calls it (a link may lie between them). */
function inFolder({ session }: CommandContext, file: string): vscode.Uri {
  return path.isAbsolute(file) || session.folder === undefined
    ? vscode.Uri.file(file)
    : vscode.Uri.joinPath(session.folder.uri, ...file.split(path.sep));
}
