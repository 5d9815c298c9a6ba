import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import type {
  DuplicateGroup,
  DuplicatePhoto,
  GroupMetadata,
  KeeperReason,
  PhotoDifference,
} from '../protocol/control.ts';
import type { Place } from '../protocol/photo.ts';
import { countText, dates, photosText } from './photoText.ts';

const list = new Intl.ListFormat(vscode.env.language, { type: 'unit', style: 'short' });
const degrees = new Intl.NumberFormat(vscode.env.language, { maximumFractionDigits: 4 });

/** `4 photos, 12 MB to win`; of a photo with more copies than wanted `3 copies, 12 MB to win`. */
export function groupText({ photos, bytes }: Pick<DuplicateGroup, 'photos' | 'bytes'>): string {
  const [only] = photos;
  if (photos.length === 1 && only !== undefined) {
    return vscode.l10n.t('{0} copies, {1} to win', countText(only.holders.length), formatBytes(bytes));
  }
  return vscode.l10n.t('{0}, {1} to win', photosText(photos.length), formatBytes(bytes));
}

/** `17 groups of duplicates, 120 MB to win`. */
export function groupsText(groups: number, bytes: number): string {
  return groups === 1
    ? vscode.l10n.t('1 group of duplicates, {0} to win', formatBytes(bytes))
    : vscode.l10n.t('{0} groups of duplicates, {1} to win', countText(groups), formatBytes(bytes));
}

/** Pairs that only a peer who is offline could tell of. */
export function waitingText(pairs: number): string {
  return pairs === 1
    ? vscode.l10n.t('1 pair of photos waits for a peer to come back.')
    : vscode.l10n.t('{0} pairs of photos wait for a peer to come back.', countText(pairs));
}

/** Why a photo is in its group; for the keeper, why it is the best. */
export function reasonText(photo: DuplicatePhoto, group: Pick<DuplicateGroup, 'keeper' | 'keeperReason'>): string {
  // Alone in its group: then it says how many copies there are.
  const alone = group.keeperReason === 'only' && photo.differences.length > 0;
  if (photo.id === group.keeper && !alone) return keeperText(group.keeperReason);
  return photo.differences.length === 0
    ? vscode.l10n.t('same picture')
    : list.format(photo.differences.map(differenceText));
}

function keeperText(reason: KeeperReason): string {
  switch (reason) {
    case 'chosen':
      return vscode.l10n.t('keeper: chosen by hand');
    case 'whole':
      return vscode.l10n.t('keeper: not damaged');
    case 'colour':
      return vscode.l10n.t('keeper: in colour');
    case 'pixels':
      return vscode.l10n.t('keeper: most pixels');
    case 'format':
      return vscode.l10n.t('keeper: better format');
    case 'quality':
      return vscode.l10n.t('keeper: better quality');
    case 'metadata':
      return vscode.l10n.t('keeper: knows date, camera or place');
    case 'first-id':
    case 'only':
      break;
  }
  return vscode.l10n.t('keeper');
}

function differenceText(difference: PhotoDifference): string {
  switch (difference.kind) {
    case 'identical':
      return vscode.l10n.t('same file, {0} copies', countText(difference.copies));
    case 'same-pixels':
      return vscode.l10n.t('exactly the same pixels');
    case 'scaled':
      return vscode.l10n.t('{0} % of the size', countText(difference.percent));
    case 'format':
      return vscode.l10n.t('as {0}', difference.format.toUpperCase());
    case 'compressed':
      return vscode.l10n.t('compressed to {0} %', countText(difference.percent));
    case 'greyscale':
      return vscode.l10n.t('greyscale');
    case 'coloured':
      return vscode.l10n.t('in colour');
    case 'cropped':
      return vscode.l10n.t('cropped to {0} %', countText(difference.percent));
    case 'wider':
      return vscode.l10n.t('shows more, the keeper {0} % of it', countText(difference.percent));
    case 'turned':
      return vscode.l10n.t('turned by {0}°', String(difference.degrees));
    case 'mirrored':
      return vscode.l10n.t('mirrored');
    case 'edited':
      return vscode.l10n.t('edited');
    case 'damaged':
      break;
  }
  return vscode.l10n.t('damaged');
}

/** Where a photo was taken: `40.6405, -8.6538`. */
export function placeText({ latitude, longitude }: Place): string {
  return `${degrees.format(latitude)}, ${degrees.format(longitude)}`;
}

/** What the others of a group know and the keeper does not; undefined when there is nothing of the kind. */
export function groupMetadataText({ takenAt, camera, place }: GroupMetadata): string | undefined {
  const known = [dates.takenAt(takenAt), camera ?? undefined, place === null ? undefined : placeText(place)];
  const parts = known.filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : vscode.l10n.t('Known from its duplicates: {0}', parts.join(' · '));
}
