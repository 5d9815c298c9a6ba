import * as vscode from 'vscode';
import { formatBytes, formatPixels } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { PhotoSummary } from '../protocol/control.ts';
import { shortId } from '../protocol/photo.ts';
import { DateTexts } from './dates.ts';

/** Dates in the language of the window. */
export const dates = new DateTexts(vscode.env.language);

const list = new Intl.ListFormat(vscode.env.language, { type: 'conjunction' });
const quantity = new Intl.NumberFormat(vscode.env.language);

/** `12,345` in the language of the window. */
export function countText(count: number): string {
  return quantity.format(count);
}

/** `12,345 photos`. */
export function photosText(count: number): string {
  return count === 1 ? vscode.l10n.t('1 photo') : vscode.l10n.t('{0} photos', countText(count));
}

/** The peers that hold a photo, by name; this computer as such. */
export function holdersText(photo: PhotoSummary, self: string): string {
  return list.format(
    photo.holders.map(({ peerId, name, online }) => {
      if (peerId === self) return vscode.l10n.t('this computer');
      return online ? plainText(name) : vscode.l10n.t('{0} (offline)', plainText(name));
    }),
  );
}

/** A name that comes from others, where VS Code would take `$(name)` for an icon. */
export function withoutIcons(text: string): string {
  return plainText(text).replace(/\$(?=\()/g, '$\u2060');
}

/**
 * Puts `text` into Markdown as it is. `appendText` would make every space one at which no line can break.
 */
export function appendPlain(markdown: vscode.MarkdownString, text: string): vscode.MarkdownString {
  return markdown.appendMarkdown(withoutIcons(text).replace(/[\\`*_{}[\]()<>#+\-.!|~&]/g, '\\$&'));
}

/**
 * What a hover says of a photo.
 * @param picture address of a small picture, if there is one
 * @param more what is to be said beside the facts, a line each
 */
export function photoTooltip(
  photo: PhotoSummary,
  self: string,
  picture: string | undefined,
  more: readonly string[] = [],
): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  if (picture !== undefined) text.appendMarkdown(`![](${picture}|width=240)\n\n`);
  const facts = [
    dates.takenAt(photo.takenAt),
    photo.width > 0 ? formatPixels(photo.width, photo.height) : undefined,
    formatBytes(photo.size),
    photo.format.toUpperCase(),
  ];
  const lines = [
    photo.name,
    facts.filter((fact) => fact !== undefined).join(' · '),
    vscode.l10n.t('Held by {0}', holdersText(photo, self)),
    ...more,
  ];
  for (const line of lines) appendPlain(text, line).appendMarkdown('\n\n');
  text.appendMarkdown(`\`${shortId(photo.id)}\``);
  return text;
}
