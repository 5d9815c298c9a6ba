import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { CompareProgress, Decision, DecisionRecord, DuplicateGroup, PhotoSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { commandIds } from '../session/ids.ts';
import { withCancellableProgress } from './cancellableProgress.ts';
import type { CommandContext } from './commandContext.ts';
import type { CommandEntry } from './commandTable.ts';
import { groupIdOf, photoIdOf, twoPhotosOf } from './photoArgument.ts';

/** Milliseconds that a remark stays in the status bar. */
const remarkTime = 3_000;

/** Commands on look-alikes: find, look at, decide, take back. */
export function duplicateCommands(context: CommandContext) {
  return {
    [commandIds.findDuplicates]: { enabled: findDuplicates },
    [commandIds.reviewDuplicates]: {
      enabled: (_connection, argument) => context.reviewDuplicates(groupIdOf(argument)),
    },
    [commandIds.comparePhotos]: {
      enabled: (connection, argument, selection) => comparePhotos(context, connection, argument, selection),
    },
    [commandIds.notDuplicate]: { enabled: notDuplicate },
    [commandIds.keepThisPhoto]: { enabled: keepThisPhoto },
    [commandIds.undoDecision]: { enabled: undoDecision },
  } satisfies Record<string, CommandEntry>;
}

async function findDuplicates(connection: Connection): Promise<void> {
  const progress = await compareWithProgress(connection);
  if (progress === undefined) return;
  const { client, signal } = connection;
  const { total, bytes } = await client.duplicates({ limit: 1 }, { signal });
  const waiting =
    progress.waiting === 0
      ? []
      : [vscode.l10n.t('Some photos can only be compared when a peer is back ({0}).', formatCount(progress.waiting))];
  if (total === 0) {
    await vscode.window.showInformationMessage([vscode.l10n.t('No duplicates were found.'), ...waiting].join(' '));
    return;
  }
  const review = vscode.l10n.t('Review');
  const found =
    total === 1
      ? vscode.l10n.t('1 group of duplicates was found, {0} to win.', formatBytes(bytes))
      : vscode.l10n.t('{0} groups of duplicates were found, {1} to win.', formatCount(total), formatBytes(bytes));
  const chosen = await vscode.window.showInformationMessage([found, ...waiting].join(' '), review);
  if (chosen === review) await vscode.commands.executeCommand(commandIds.reviewDuplicates);
}

/** Waits until all photos are compared; undefined when a person would not wait (comparing goes on in the daemon). */
function compareWithProgress({ client, signal }: Connection): Promise<CompareProgress | undefined> {
  return withCancellableProgress(vscode.l10n.t('Comparing photos'), signal, (compareSignal, tell) =>
    client.compare({
      signal: compareSignal,
      onProgress: ({ done, total }) =>
        tell(done, total, vscode.l10n.t('{0} of {1}', formatCount(done), formatCount(total))),
    }),
  );
}

/** Side by side in VS Code's own comparison: the two that are selected, else the keeper and the photo. */
async function comparePhotos(
  context: CommandContext,
  connection: Connection,
  argument: unknown,
  selection: unknown,
): Promise<void> {
  const two = twoPhotosOf(selection);
  const { client, signal } = connection;
  const [left, right] =
    two === undefined
      ? await keeperAnd(connection, argument)
      : await Promise.all(two.map((id) => client.show(id, { signal })));
  if (left === undefined || right === undefined) return;
  for (const { format } of [left, right]) {
    if (context.canPreview(format)) continue;
    throw new AppError('usage', vscode.l10n.t('VS Code cannot show {0} pictures.', format.toUpperCase()));
  }
  await vscode.commands.executeCommand(
    'vscode.diff',
    context.photoUri(left),
    context.photoUri(right),
    `${plainText(left.name)} ↔ ${plainText(right.name)}`,
  );
}

async function notDuplicate(connection: Connection, argument: unknown): Promise<void> {
  const [keeper, photo] = await keeperAnd(connection, argument);
  await decideUndoably(
    connection,
    { kind: 'distinct', photos: [keeper.id, photo.id] },
    vscode.l10n.t('{0} no longer counts as a duplicate of {1}, for everybody.', photo.name, keeper.name),
  );
}

async function keepThisPhoto(connection: Connection, argument: unknown): Promise<void> {
  const [, photo] = await keeperAnd(connection, argument);
  await decideUndoably(
    connection,
    { kind: 'keeper', photo: photo.id },
    vscode.l10n.t('{0} is the keeper of its group now, for everybody.', photo.name),
  );
}

/**
 * The keeper of a group, and the photo of it that the command was run on (the other one, when it was run on the keeper of two).
 * @throws AppError `usage` when that names no pair
 */
async function keeperAnd(connection: Connection, argument: unknown): Promise<[PhotoSummary, PhotoSummary]> {
  const group = await groupOf(connection, argument);
  const id = photoIdOf(argument);
  const keeper = group?.photos.find((photo) => photo.id === group.keeper);
  const others = group?.photos.filter((photo) => photo !== keeper) ?? [];
  const photo = others.find((other) => other.id === id) ?? (others.length === 1 ? others[0] : undefined);
  if (keeper === undefined || photo === undefined) {
    throw new AppError('usage', vscode.l10n.t('Choose a photo of a group of duplicates that is not its keeper.'));
  }
  return [keeper, photo];
}

/** The group as it is now, whatever the tree or the gallery still shows. */
async function groupOf({ client, signal }: Connection, argument: unknown): Promise<DuplicateGroup | undefined> {
  const photo = photoIdOf(argument);
  const group =
    groupIdOf(argument) ??
    (photo === undefined ? undefined : (await client.show(photo, { signal })).group) ??
    undefined;
  return group === undefined ? undefined : (await client.duplicates({ group }, { signal })).groups[0];
}

/** Decides, says so, and offers to take it back. */
async function decideUndoably({ client, signal }: Connection, decision: Decision, text: string): Promise<void> {
  await client.decide([decision], { signal });
  const undo = vscode.l10n.t('Undo');
  const chosen = await vscode.window.showInformationMessage(plainText(text), undo);
  if (chosen === undo) await client.decide([decision], { signal, undo: true });
}

async function undoDecision({ client, signal }: Connection): Promise<void> {
  const records = await client.decisions({ signal });
  if (records.length === 0) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('Nothing was decided about duplicates.'), remarkTime);
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    records.map((record) => ({
      label: decisionText(record),
      description: vscode.l10n.t('by {0}, {1}', plainText(record.by), dateText(record.at)),
      record,
    })),
    {
      title: vscode.l10n.t('Undo Decision'),
      placeHolder: vscode.l10n.t(
        'What was decided about duplicates, newest first. Enter takes it back, for everybody.',
      ),
      matchOnDescription: true,
    },
  );
  if (chosen === undefined) return;
  await client.decide([decisionOf(chosen.record)], { signal, undo: true });
  vscode.window.setStatusBarMessage(vscode.l10n.t('Taken back: {0}', chosen.label), remarkTime);
}

function decisionText({ kind, names }: DecisionRecord): string {
  // A quick pick would take `$(name)` for an icon.
  const [first = '', second = ''] = names.map((name) =>
    name === '' ? vscode.l10n.t('a photo that is gone') : plainText(name).replace(/\$(?=\()/g, '$\u2060'),
  );
  return kind === 'distinct'
    ? vscode.l10n.t('{0} and {1} are no duplicates', first, second)
    : vscode.l10n.t('{0} is the keeper', first);
}

/** The decision alone, as it was made. */
function decisionOf(record: DecisionRecord): Decision {
  return record.kind === 'distinct'
    ? { kind: record.kind, photos: record.photos }
    : { kind: record.kind, photo: record.photo };
}

const days = new Intl.DateTimeFormat(vscode.env.language, { dateStyle: 'medium', timeStyle: 'short' });

function dateText(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : days.format(time);
}
