import { createHash } from 'node:crypto';
import { digestBytes } from '../../protocol/features.ts';
import type { JpegFrame, JpegSegment } from './jpegStructure.ts';
import { frameOf, isFrameHeader, jpegMarkers, jpegSegments } from './jpegStructure.ts';

/** Pixels in their own depth, upright, row by row. */
export interface FullRaster {
  width: number;
  height: number;
  channels: number;
  depth: 'uchar' | 'ushort';
  data: Uint8Array;
}

/**
 * Digest of the pixels of a picture and of the colour profile that says what they mean: equal for files that decode to
 * the same, whatever else is in them.
 */
export function rasterDigest(raster: FullRaster, profile: Uint8Array | undefined): Uint8Array {
  const { width, height, channels, depth, data } = raster;
  const hash = createHash('sha256').update(`pixels ${width} ${height} ${channels} ${depth} ${profile?.length ?? 0}\n`);
  if (profile !== undefined) hash.update(profile);
  return start(hash.update(data).digest());
}

const [app2, app14] = [0xe2, 0xee];

/**
 * Digest of those parts of a JPEG that its pixels are made from, up to the end of the image, and of how it is held:
 * without a second decode. Files that differ in their EXIF, captions or what is hung on behind have the same one.
 * @param orientation as EXIF counts them, from 1 to 8
 * @returns null when the file does not go on to the end of the image
 */
export function jpegDigest(bytes: Buffer, orientation: number): Uint8Array | null {
  const hash = createHash('sha256').update(`jpeg ${orientation}\n`);
  let frame: JpegFrame | undefined;
  let isJfif = false;
  let isAdobe = false;
  for (const segment of jpegSegments(bytes)) {
    if (isFrameHeader(segment.marker)) frame = frameOf(bytes, segment);
    isJfif ||= segment.marker === jpegMarkers.app0 && says(bytes, segment, 'JFIF\0');
    isAdobe ||= segment.marker === app14 && says(bytes, segment, 'Adobe');
    if (segment.marker === jpegMarkers.startOfScan) {
      const end = endOfImage(bytes, segment.end);
      if (frame === undefined || end < 0) return null;
      // These three tell together what colours the components are (as libjpeg reads them).
      const ordinary = frame.components.every((id, n) => id === n + 1);
      if (isJfif && (isAdobe || !ordinary)) hash.update('jfif\n');
      return start(hash.update(bytes.subarray(segment.start, end)).digest());
    }
    if (makesPixels(bytes, segment)) hash.update(bytes.subarray(segment.start, segment.end));
  }
  return null;
}

/** All but notes of applications; of these, the colour profile and the colour transform of Adobe are no mere notes. */
function makesPixels(bytes: Buffer, segment: JpegSegment): boolean {
  const { marker } = segment;
  if (marker === app2) return says(bytes, segment, 'ICC_PROFILE\0');
  if (marker === app14) return says(bytes, segment, 'Adobe');
  return marker < jpegMarkers.app0 || (marker > 0xef && marker !== jpegMarkers.com);
}

function says(bytes: Buffer, { start, end }: JpegSegment, name: string): boolean {
  return bytes.toString('latin1', start + 4, Math.min(end, start + 4 + name.length)) === name;
}

/** Where the image ends of which the first scan's data begin at `from`: behind the marker; negative when there is no end. */
function endOfImage(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length;) {
    const marker = bytes.readUInt8(at + 1);
    if (marker === jpegMarkers.endOfImage) return at + 2;
    let next = at + 2;
    if (marker === 0xff) {
      next = at + 1;
    } else if (!isInData(marker)) {
      // A table or another scan.
      if (at + 4 > bytes.length) return -1;
      next = at + 2 + bytes.readUInt16BE(at + 2);
    }
    at = bytes.indexOf(0xff, next);
  }
  return -1;
}

/** A byte 0xff of the data, or a restart in it. */
function isInData(marker: number): boolean {
  return marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/** A copy: a view would keep the rest. */
function start(digest: Buffer): Uint8Array {
  return Uint8Array.from(digest.subarray(0, digestBytes));
}
