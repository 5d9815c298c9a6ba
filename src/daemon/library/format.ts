import path from 'node:path';
import type { PhotoFormat } from '../../protocol/photo.ts';

/** Raw formats of cameras: most are TIFF files inside, so the name helps where the content does not say. */
const rawExtensions = new Set(
  'dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef srw 3fr fff erf kdc dcr mos mrw rwl x3f iiq raw'.split(' '),
);

const photoExtensions = new Set([
  ...'jpg jpeg jpe jfif png apng webp avif tif tiff gif heic heif hif jxl jp2 j2k jpx jpf j2c bmp dib'.split(' '),
  ...rawExtensions,
]);

/** Bytes of the start of a file that are enough to tell its format. */
export const sniffedBytes = 64 * 1024;

/** Whether a file is worth reading, by its name: what it really is, its content says. */
export function isNamedLikePhoto(name: string): boolean {
  return photoExtensions.has(extensionOf(name));
}

/**
 * The format of a file by its first bytes; undefined when it is no image format of ours.
 * @param head the first {@link sniffedBytes} bytes, or all
 * @param name consulted only to tell a camera's raw file from a plain TIFF
 */
export function formatOf(head: Buffer, name: string): PhotoFormat | undefined {
  if (starts(head, 'ffd8ff')) return 'jpeg';
  if (starts(head, '89504e470d0a1a0a')) return 'png';
  const text = head.toString('latin1', 0, 16);
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp';
  if (text.slice(4, 8) === 'ftyp') return isoFormat(head);
  if (starts(head, 'ff0a') || starts(head, '0000000c4a584c200d0a870a')) return 'jxl';
  if (starts(head, '0000000c6a5020200d0a870a') || starts(head, 'ff4fff51')) return 'jp2';
  if (isBmp(head)) return 'bmp';
  if (text.startsWith('FUJIFILMCCD-RAW') || text.startsWith('FOVb') || text.startsWith('\0MRM')) return 'raw';
  // Olympus and Panasonic write their own magic number where TIFF has 42.
  if (/^(?:IIRO|IIRS|MMOR|IIU\0)/.test(text)) return 'raw';
  if (/^II[*+]\0/.test(text) || /^MM\0[*+]/.test(text)) {
    return isRawTiff(head) || rawExtensions.has(extensionOf(name)) ? 'raw' : 'tiff';
  }
  return undefined;
}

/** Whether a file that is no photo is a drawing in SVG: said in its own words, for people do name them so. */
export function isSvg(head: Buffer): boolean {
  return /<svg[\s>]/i.test(head.toString('latin1', 0, 4096));
}

function extensionOf(name: string): string {
  return path.extname(name).slice(1).toLowerCase();
}

function starts(head: Buffer, hex: string): boolean {
  return head.subarray(0, hex.length / 2).equals(Buffer.from(hex, 'hex'));
}

/** AVIF, HEIC and CR3 are all ISO media files: their brands tell which. */
function isoFormat(head: Buffer): PhotoFormat | undefined {
  const length = Math.min(head.length, head.readUInt32BE(0), 256);
  const brands = new Set<string>();
  for (let at = 8; at + 4 <= length; at += at === 8 ? 8 : 4) brands.add(head.toString('latin1', at, at + 4));
  if (brands.has('crx ')) return 'raw';
  if (brands.has('avif') || brands.has('avis')) return 'avif';
  if (['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'].some((brand) => brands.has(brand))) {
    return 'heic';
  }
  return undefined;
}

function isBmp(head: Buffer): boolean {
  return starts(head, '424d') && head.length > 18 && [12, 40, 52, 56, 64, 108, 124].includes(head.readUInt32LE(14));
}

const tags = { newSubfileType: 0x00fe, make: 0x010f, subDirectories: 0x014a, dngVersion: 0xc612 };

/** Canon marks its raw files; the others put a reduced picture first and the sensor's data into a sub-directory. */
function isRawTiff(head: Buffer): boolean {
  if (head.toString('latin1', 8, 10) === 'CR') return true;
  const little = head[0] === 0x49;
  const u16 = (at: number): number => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const u32 = (at: number): number => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  if (head.length < 8) return false;
  const directory = u32(4);
  if (directory + 2 > head.length) return false;
  const found = new Map<number, number>();
  for (let n = 0, at = directory + 2; n < u16(directory) && at + 12 <= head.length; n++, at += 12) {
    found.set(u16(at), u32(at + 8));
  }
  if (found.has(tags.dngVersion)) return true;
  return found.get(tags.newSubfileType) === 1 && found.has(tags.make) && found.has(tags.subDirectories);
}
