import { jpegSegments } from './jpegStructure.ts';

const app1 = 0xe1;
const xmp = 'http://ns.adobe.com/xap/1.0/\0';
/** Google's Motion Photo, and what it was before: as an attribute or as an element. */
const motionProperty = /:(?:MotionPhoto|MicroVideo)(?:\s*=\s*["']1["']|>\s*1\s*<)/;

/** Whether a film hangs on a JPEG, as phones of Google and Samsung make them. */
export function isMotionJpeg(bytes: Buffer): boolean {
  for (const { marker, start, end } of jpegSegments(bytes)) {
    if (marker !== app1 || bytes.toString('latin1', start + 4, start + 4 + xmp.length) !== xmp) continue;
    if (motionProperty.test(bytes.toString('latin1', start, end))) return true;
  }
  return hasSamsungFilm(bytes);
}

/** Samsung's directory at the end of a file: entries of 12 bytes between `SEFH` and `SEFT`. */
const samsung = { head: 12, entry: 12, tail: 8, film: 0x0a30 };

function hasSamsungFilm(bytes: Buffer): boolean {
  const end = bytes.length - samsung.tail;
  if (end < samsung.head || bytes.toString('latin1', bytes.length - 4) !== 'SEFT') return false;
  const head = end - bytes.readUInt32LE(end);
  if (head < 0 || bytes.toString('latin1', head, head + 4) !== 'SEFH') return false;
  for (let at = head + samsung.head; at + samsung.entry <= end; at += samsung.entry) {
    if (bytes.readUInt16LE(at + 2) === samsung.film) return true;
  }
  return false;
}

/** Boxes of an ISO media file that are looked at: the film is one of a handful. */
const maxBoxes = 64;

/** Whether a film hangs on a HEIC: a box of its own. */
export function isMotionHeic(bytes: Buffer): boolean {
  let at = 0;
  for (let n = 0; n < maxBoxes && at + 8 <= bytes.length; n++) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'mpvd') return true;
    const size = bytes.readUInt32BE(at);
    if (size < 8) break;
    at += size;
  }
  return hasSamsungFilm(bytes);
}

const apple = { name: 'Apple iOS\0', directory: 14, contentIdentifier: 0x0011 };

/** Whether a maker note is that of a Live Photo: it names the film that belongs to it, a file of its own. */
export function isLivePhoto(makerNote: Uint8Array): boolean {
  const note = Buffer.from(makerNote.buffer, makerNote.byteOffset, makerNote.byteLength);
  if (note.length < apple.directory + 2 || !note.toString('latin1', 0, 16).startsWith(apple.name)) return false;
  const big = note.toString('latin1', 12, 14) === 'MM';
  const u16 = (at: number): number => (big ? note.readUInt16BE(at) : note.readUInt16LE(at));
  const count = u16(apple.directory);
  for (let n = 0, at = apple.directory + 2; n < count && at + 12 <= note.length; n++, at += 12) {
    if (u16(at) === apple.contentIdentifier) return true;
  }
  return false;
}
