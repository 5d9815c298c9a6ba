import path from 'node:path';
import * as v from 'valibot';
import { FileNameSchema } from '../../protocol/photo.ts';

/** What the name rule forbids: separators, control characters and marks that turn the reading direction. */
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const forbidden = /[/\\\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const maxNameBytes = 255;

/**
 * The name that a file on this disk goes by in the collection: its own where `FileNameSchema` allows it, else the
 * nearest allowed one (bad characters become `_`, a too long name is cut before its extension).
 */
export function photoName(relativePath: string): string {
  const name = path.posix.basename(relativePath);
  if (isAllowed(name)) return name;
  const clean = shorten(name.toWellFormed().replace(forbidden, '_'));
  return isAllowed(clean) ? clean : `_${clean.replace(/^\.+/, '')}`;
}

/** `text` fit to be shown: bad characters of a path become the replacement character, folders stay. */
export function shownPath(relativePath: string): string {
  return relativePath.toWellFormed().replace(forbidden, (found) => (found === '/' ? '/' : '\ufffd'));
}

function isAllowed(name: string): boolean {
  return v.is(FileNameSchema, name);
}

function shorten(name: string): string {
  const extension = path.posix.extname(name).slice(0, 16);
  let stem = name.slice(0, name.length - path.posix.extname(name).length);
  while (Buffer.byteLength(stem + extension) > maxNameBytes - 1) stem = stem.slice(0, -1).toWellFormed();
  return stem + extension;
}
