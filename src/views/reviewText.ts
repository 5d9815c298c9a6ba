import * as vscode from 'vscode';
import { formatBytes, formatPixels } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { DuplicateGroup, DuplicatePhoto } from '../protocol/control.ts';
import type { ReviewGroup, ReviewPhoto } from '../protocol/gallery.ts';
import { maxPictureBytes, maxReviewPhotos } from '../protocol/gallery.ts';
import { groupMetadataText, groupText, placeText, reasonText } from './duplicateText.ts';
import { availabilityOf } from './photoNodes.ts';
import { countText, dates, holdersText } from './photoText.ts';
import { pictureType } from './pictureQueue.ts';
import type { FactKind, FoundGroup } from './reviewGroups.ts';
import { differingFacts, factKinds } from './reviewGroups.ts';

/** What the gallery shows of a group, in the language of the window. */
export function reviewGroup(group: DuplicateGroup, self: string): ReviewGroup | null {
  const keeper = group.photos.find(({ id }) => id === group.keeper);
  if (keeper === undefined) return null;
  const photos = [keeper, ...group.photos.filter((photo) => photo !== keeper)].slice(0, maxReviewPhotos);
  return {
    id: group.group,
    title: groupText(group),
    note: groupMetadataText(group.metadata) ?? null,
    photos: photos.map((photo) => reviewPhoto(photo, keeper, group, self)),
  };
}

/** `Group 3 of 17, 12 MB to win`. */
export function positionText({ place, total, bytes }: FoundGroup): string {
  return vscode.l10n.t('Group {0} of {1}, {2} to win', countText(place + 1), countText(total), formatBytes(bytes));
}

function reviewPhoto(photo: DuplicatePhoto, keeper: DuplicatePhoto, group: DuplicateGroup, self: string): ReviewPhoto {
  const availability = availabilityOf(photo, self);
  const differing = differingFacts(photo, keeper);
  const texts = factTexts(photo, self);
  return {
    id: photo.id,
    name: plainText(photo.name),
    width: photo.width,
    height: photo.height,
    available: availability !== 'offline',
    here: availability === 'own',
    viewable: availability !== 'offline' && photo.size < maxPictureBytes && pictureType(photo.format) !== undefined,
    reason: reasonText(photo, group),
    facts: factKinds.map((kind) => ({ ...texts[kind], differs: differing.has(kind) })),
  };
}

function factTexts(photo: DuplicatePhoto, self: string): Record<FactKind, { label: string; text: string }> {
  const none = '–';
  return {
    pixels: { label: vscode.l10n.t('Pixels'), text: formatPixels(photo.width, photo.height) },
    bytes: { label: vscode.l10n.t('Size'), text: formatBytes(photo.size) },
    format: { label: vscode.l10n.t('Format'), text: photo.format.toUpperCase() },
    date: { label: vscode.l10n.t('Date'), text: dates.takenAt(photo.takenAt) ?? none },
    camera: { label: vscode.l10n.t('Camera'), text: photo.camera === null ? none : plainText(photo.camera) },
    place: { label: vscode.l10n.t('Place'), text: photo.place === null ? none : placeText(photo.place) },
    holders: {
      label: vscode.l10n.t('Held by'),
      text: photo.holders.length === 0 ? vscode.l10n.t('Nobody') : holdersText(photo, self),
    },
  };
}
