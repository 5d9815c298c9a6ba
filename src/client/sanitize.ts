/**
 * What names chosen by others may hold that no terminal and no label should get: escape sequences, control characters,
 * bidirectional controls (they make `gpj.exe` read as `exe.jpg`), and characters that take no room at all.
 */
const escapeSequence =
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not get through
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|\u001b[ -/]*[0-~]/g;
const lineBreaks = /[\n\r\t\v\f\u0085\u2028\u2029]+/g;
const unwanted =
  // oxlint-disable-next-line no-control-regex -- as above
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** `text` as one harmless line. Letters of every script stay, and so do emoji that are joined of several. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(escapeSequence, '').replace(lineBreaks, ' ').replace(unwanted, '');
}

const unprintable = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** JSON that is as harmless on a terminal and still means the same: what JSON leaves unescaped is escaped. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
