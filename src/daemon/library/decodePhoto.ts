import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import fs from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../protocol/errors.ts';
import type { PhotoFormat, PhotoId } from '../../protocol/photo.ts';
import type { ContentFacts, Decoded } from './decoderMessages.ts';
import { embeddedJpegs } from './embeddedJpegs.ts';
import { formatOf, isSvg, sniffedBytes } from './format.ts';
import type { PhotoMetadata } from './metadata.ts';
import { metadataOf } from './metadata.ts';
import { isMotionHeic, isMotionJpeg } from './motion.ts';
import { featuresFingerprint } from './photoFeatures.ts';
import type { Pixels } from './pixels.ts';
import { maxPixels, pixelsOf, pixelsOfHeic, pixelsOfJpeg, pixelsOfPreview, uprightSizeOf } from './pixels.ts';
import type { Sharp } from './sharpBinding.ts';
import { stampOf } from './stamp.ts';

/** Bytes; larger files are hashed in pieces and kept without pixels. */
const maxDecodedFile = 512 * 1024 * 1024;
/** Bytes of memory that stay from one file to the next. */
const maxKeptMemory = 32 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/** Previews of a raw file that are tried: the largest. */
const maxPreviews = 3;

/**
 * One read and one decode: everything that the catalogue wants to know about a file. Never rejects for what is in it.
 * One call at a time: all use the same memory.
 */
export async function decodePhoto(sharp: Sharp, path: string): Promise<Decoded> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a named pipe would hold us until somebody writes; without O_NOFOLLOW a link would lead out.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
    handle = await fs.open(path, flags);
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? { kind: 'gone' } : { kind: 'inaccessible', reason: cannotRead(error) };
  }
  try {
    return await decodeOpened(sharp, path, handle);
  } catch (error) {
    return { kind: 'inaccessible', reason: cannotRead(error) };
  } finally {
    await handle.close();
  }
}

async function decodeOpened(sharp: Sharp, path: string, handle: FileHandle): Promise<Decoded> {
  const before = await handle.stat({ bigint: true });
  const stamp = stampOf(before);
  if (!before.isFile()) return { kind: 'inaccessible', reason: 'It is not a regular file.' };
  if (before.size === 0n) return { kind: 'broken', stamp, reason: 'The file is empty.' };
  const size = Number(before.size);
  const whole = size <= maxDecodedFile;
  const content = whole ? await readWhole(handle, size) : await readHashed(handle, size);
  const after = await handle.stat({ bigint: true });
  if (content === undefined || stampOf(after) !== stamp) return { kind: 'changing' };

  const { id, bytes } = content;
  const head = bytes.subarray(0, sniffedBytes);
  const format = formatOf(head, path);
  if (format === undefined) return { kind: 'broken', stamp, reason: notAPhoto(head) };
  const metadata = await metadataOf(bytes);
  const facts = {
    id,
    size,
    width: metadata.width,
    height: metadata.height,
    format,
    blockhash: null,
    takenAt: metadata.takenAt,
    camera: metadata.camera,
    place: metadata.place,
    damaged: false,
    grey: false,
    motion: metadata.live,
    subsecond: metadata.subsecond,
    features: null,
  };
  // Without its end, only what stands at the start of a file can be told.
  if (!whole) return { kind: 'photo', stamp, facts, thumbnail: null, likeness: null };
  try {
    const { thumbnail = null, likeness = null, ...found } = await lookInto({ sharp, bytes, format, metadata });
    const features = likeness === null ? null : featuresFingerprint(likeness.features);
    return { kind: 'photo', stamp, facts: { ...facts, ...found, features }, thumbnail, likeness };
  } catch (error) {
    return { kind: 'broken', stamp, reason: undecodable(error) };
  }
}

interface Opened {
  sharp: Sharp;
  bytes: Buffer;
  format: PhotoFormat;
  metadata: PhotoMetadata;
}

/** What else is known of a photo than its metadata. */
type Found = Partial<Pixels> & Partial<ContentFacts>;

/** @throws when a picture that should be decodable is not, in whole or in part */
async function lookInto({ sharp, bytes, format, metadata }: Opened): Promise<Found> {
  switch (format) {
    case 'jpeg': {
      const pixels = await pixelsOfJpeg(sharp, bytes, metadata.orientation ?? 1);
      return { ...pixels, motion: metadata.live || isMotionJpeg(bytes) };
    }
    case 'png':
    case 'webp':
    case 'avif':
    case 'tiff':
    case 'gif':
      return pixelsOf(sharp, bytes);
    case 'heic': {
      const pixels = await heicPixels(sharp, bytes);
      return { ...pixels, motion: metadata.live || isMotionHeic(bytes) };
    }
    case 'raw':
      return rawPreview(sharp, bytes, metadata);
    case 'jxl':
    case 'jp2':
    case 'bmp':
      break;
  }
  return {};
}

/** Where the decoder cannot help, a HEIC is kept by its bytes, with the size that its container says. */
async function heicPixels(sharp: Sharp, bytes: Buffer): Promise<Found> {
  // An installation without libheif is no fault of the file.
  const pixels = await pixelsOfHeic(sharp, bytes).catch(() => 'unsupported' as const);
  if (typeof pixels === 'object') return pixels;
  if (pixels === 'too-large') throw new Error('pixel limit');
  const size = await uprightSizeOf(sharp, bytes).catch(() => undefined);
  return { ...size, damaged: pixels === 'damaged' };
}

/** A raw file is shown by its preview; its own size is that of the sensor, where it says it. */
async function rawPreview(sharp: Sharp, bytes: Buffer, metadata: PhotoMetadata): Promise<Found> {
  const previews = embeddedJpegs(bytes).slice(0, maxPreviews);
  const pixels = await pixelsOfPreview(sharp, previews, metadata.orientation);
  if (pixels === undefined) return {};
  const { width, height } = metadata.width > 0 && metadata.height > 0 ? metadata : pixels;
  const [preview] = previews;
  // Some raw formats have their metadata in the preview only.
  const unknown = preview !== undefined && metadata.takenAt === null && metadata.camera === null;
  if (!unknown) return { ...pixels, width, height };
  const { takenAt, subsecond, camera, place } = await metadataOf(preview);
  return { ...pixels, width, height, takenAt, subsecond, camera, place: metadata.place ?? place };
}

interface Content {
  id: PhotoId;
  /** All bytes of the file, or the start of a very large one. */
  bytes: Buffer;
}

/** Memory for the bytes of a file, used again: a decoder has one file at a time, and new memory costs a millisecond. */
let kept = Buffer.alloc(0);

function scratch(size: number): Buffer {
  if (size > maxKeptMemory) return Buffer.allocUnsafeSlow(size);
  if (kept.length < size) kept = Buffer.allocUnsafeSlow(Math.min(maxKeptMemory, 2 * size));
  return kept.subarray(0, size);
}

/** Undefined when the file has become shorter meanwhile. */
async function readWhole(handle: FileHandle, size: number): Promise<Content | undefined> {
  const bytes = scratch(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return { id: createHash('sha256').update(bytes).digest('hex'), bytes };
}

async function readHashed(handle: FileHandle, size: number): Promise<Content | undefined> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  let head: Buffer = Buffer.alloc(0);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(piece, 0, pieceBytes, at);
    if (bytesRead === 0) return undefined;
    if (at === 0) head = Buffer.from(piece.subarray(0, bytesRead));
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return { id: hash.digest('hex'), bytes: head };
}

function notAPhoto(head: Buffer): string {
  return isSvg(head)
    ? 'It is an SVG drawing, not a photo.'
    : 'It is named like a photo, but its content is no image format that is known.';
}

function cannotRead(error: unknown): string {
  const code = systemCodeOf(error);
  if (code === 'EACCES' || code === 'EPERM') return 'No permission to read the file.';
  if (code === 'ELOOP') return 'It is a link, which is not followed.';
  return `The file cannot be read: ${oneLine(error)}.`;
}

function undecodable(error: unknown): string {
  const text = oneLine(error);
  if (/pixel limit/i.test(text)) return `The picture has more than ${maxPixels / 1e6} million pixels.`;
  return `The picture is damaged and cannot be decoded: ${text}.`;
}

/** What a library said, short enough for a list. */
function oneLine(error: unknown): string {
  return messageOf(error).replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 200);
}
