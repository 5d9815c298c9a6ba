import { expect, test } from 'vitest';
import { formatOf, isNamedLikePhoto, isSvg } from '../../src/daemon/library/format.ts';
import { picture } from './support/images.ts';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('%s is told by its content', async (format) => {
  expect(formatOf(await picture(1, 32, 32).toFormat(format).toBuffer(), 'x.dat')).toBe(format);
});

test.each([
  ['heic', bytes([0, 0, 0, 24], 'ftypheic', [0, 0, 0, 0], 'mif1heic')],
  ['heic', bytes([0, 0, 0, 24], 'ftypmif1', [0, 0, 0, 0], 'mif1heic')],
  ['avif', bytes([0, 0, 0, 24], 'ftypmif1', [0, 0, 0, 0], 'mif1avif')],
  ['raw', bytes([0, 0, 0, 24], 'ftypcrx ', [0, 0, 0, 1], 'crx isom')],
  ['raw', bytes('FUJIFILMCCD-RAW 0201')],
  ['raw', bytes('IIRO', [8, 0, 0, 0, 0, 0])],
  ['raw', bytes('IIU\0', [8, 0, 0, 0, 0, 0])],
  ['raw', bytes('II*\0', [16, 0, 0, 0], 'CR', [2, 0], [0, 0, 0, 0, 0, 0])],
  ['jxl', bytes([0xff, 0x0a, 0, 0])],
  ['jxl', bytes([0, 0, 0, 0x0c], 'JXL ', [0x0d, 0x0a, 0x87, 0x0a])],
  ['jp2', bytes([0, 0, 0, 0x0c], 'jP  ', [0x0d, 0x0a, 0x87, 0x0a])],
  ['bmp', bytes('BM', [60, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0])],
] as const)('%s is told by its magic number', (format, head) => {
  expect(formatOf(head, 'x.jpg')).toBe(format);
});

/** A TIFF with one directory of these tags (type LONG, one value). */
function tiff(tags: Record<number, number>): Buffer {
  const entries = Object.entries(tags);
  const file = Buffer.alloc(10 + entries.length * 12 + 4);
  file.write('MM\0*', 'latin1');
  file.writeUInt32BE(8, 4);
  file.writeUInt16BE(entries.length, 8);
  for (const [n, [tag, value]] of entries.entries()) {
    const at = 10 + n * 12;
    file.writeUInt16BE(Number(tag), at);
    file.writeUInt16BE(4, at + 2);
    file.writeUInt32BE(1, at + 4);
    file.writeUInt32BE(value, at + 8);
  }
  return file;
}

test('a camera’s raw file is told from a plain TIFF whatever it is named', () => {
  expect(formatOf(tiff({ 0xc612: 0x01040000 }), 'x.tif')).toBe('raw');
  expect(formatOf(tiff({ 0xfe: 1, 0x10f: 8, 0x14a: 8 }), 'x.tif')).toBe('raw');
  expect(formatOf(tiff({ 0xfe: 0, 0x10f: 8 }), 'x.tif')).toBe('tiff');
  expect(formatOf(tiff({ 0xfe: 0 }), 'x.NEF')).toBe('raw');
});

test('what is no image is none, cut off heads and directories that point nowhere included', () => {
  for (const head of [bytes('hello'), bytes(''), bytes('BM is not a bitmap at all'), bytes('RIFF1234WAVE')]) {
    expect(formatOf(head, 'x.jpg')).toBeUndefined();
  }
  expect(formatOf(bytes('II*\0', [0xff, 0xff, 0xff, 0xff]), 'x.tif')).toBe('tiff');
  expect(formatOf(bytes('MM\0*', [0, 0, 0, 8], [0xff, 0xff]), 'x.tif')).toBe('tiff');
  expect(formatOf(bytes([0xff, 0xff, 0xff, 0xff], 'ftypqt  '), 'x.jpg')).toBeUndefined();
  expect(isSvg(bytes('<?xml version="1.0"?>\n<svg xmlns="x">'))).toBe(true);
});

test('files are candidates by extension, in any case', () => {
  expect(['a.JPG', 'a.HeIc', 'a.cr3', 'a.jxl'].filter(isNamedLikePhoto)).toHaveLength(4);
  expect(['a.txt', 'jpg', 'a.jpg.part', 'a.mp4', 'a.svg'].filter(isNamedLikePhoto)).toEqual([]);
});
