import { bmvbhash } from 'blockhash-core';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import fs from 'node:fs/promises';
import type { SharpOptions } from 'sharp';
import { messageOf, systemCodeOf } from '../../protocol/errors.ts';
import { featuresVersion } from '../../protocol/features.ts';
import type { PhotoFormat, PhotoId } from '../../protocol/photo.ts';
import { wireLimits } from '../../protocol/wire.ts';
import { lookAlikeFeatures } from '../similarity/lookAlikeFeatures.ts';
import type { Raster } from '../similarity/types.ts';
import type { Decoded } from './decoderMessages.ts';
import { formatOf, isSvg, sniffedBytes } from './format.ts';
import { jpegSize } from './jpegSize.ts';
import { metadataOf } from './metadata.ts';
import type { Likeness } from './photoFeatures.ts';
import { featuresFingerprint } from './photoFeatures.ts';
import type { Sharp } from './sharpBinding.ts';
import { stampOf } from './stamp.ts';
import type { ThumbnailImage } from './types.ts';

/** Pixels on the longer side of a thumbnail, and of the raster that the blockhash is made from. */
const thumbnailSide = 320;
/** Pixels of the square raster for pictures of which the thumbnail is too narrow for 16 x 16 blocks. */
const squareSide = 256;
const narrowestRaster = 64;
/** Blocks a side: 256 bits. */
const blockhashBits = 16;
/** A small file can claim any size: more than this is not decoded. */
const maxPixels = 120e6;
/** Pixels; the catalogue takes no longer side. */
const maxSide = 1_000_000;
/** Bytes; larger files are hashed in pieces and kept without pixels. */
const maxDecodedFile = 512 * 1024 * 1024;
/** Bytes of memory that stay from one file to the next. */
const maxKeptMemory = 32 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/** Formats that sharp's prebuilt library decodes. The others are kept by their bytes and metadata. */
const decodable: ReadonlySet<PhotoFormat> = new Set(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif']);

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
    motion: false,
    subsecond: null,
    features: null,
  };
  if (!whole || !decodable.has(format)) {
    // Its container says the size; where that is broken, the bytes are kept all the same.
    const measured = whole && format === 'heic' ? await uprightSize(sharp, bytes).catch(() => undefined) : undefined;
    return { kind: 'photo', stamp, facts: { ...facts, ...measured }, thumbnail: null, likeness: null };
  }
  try {
    const { thumbnail, likeness, ...pixels } = await pixelsOf(sharp, bytes, format);
    const features = featuresFingerprint(likeness.features);
    return { kind: 'photo', stamp, facts: { ...facts, ...pixels, features }, thumbnail, likeness };
  } catch (error) {
    return { kind: 'broken', stamp, reason: undecodable(error) };
  }
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

interface Pixels {
  width: number;
  height: number;
  blockhash: string | null;
  damaged: boolean;
  grey: boolean;
  thumbnail: ThumbnailImage;
  likeness: Likeness;
}

/** @throws when nothing of the picture can be decoded */
async function pixelsOf(sharp: Sharp, bytes: Buffer, format: PhotoFormat): Promise<Pixels> {
  let damaged = false;
  let raster: Raster;
  try {
    raster = await thumbnailRaster(sharp, bytes, 'error');
  } catch {
    // Show what is there of a cut off picture.
    raster = await thumbnailRaster(sharp, bytes, 'none');
    damaged = true;
  }
  const { grey, luma, aspect, hashes } = lookAlikeFeatures(raster);
  return {
    ...((format === 'jpeg' ? uprightJpegSize(bytes, raster) : undefined) ?? (await uprightSize(sharp, bytes))),
    // Half a picture would look like every other one that is cut off at the same place.
    blockhash: damaged ? null : await blockhashOf(sharp, bytes, raster),
    damaged,
    grey,
    thumbnail: await encodeThumbnail(sharp, raster),
    // Those of half a picture are kept: they lead to the whole one.
    likeness: { features: { version: featuresVersion, aspect, digest: null, hashes }, luma },
  };
}

function decodeOptions(failOn: 'error' | 'none'): SharpOptions {
  return { failOn, limitInputPixels: maxPixels, sequentialRead: true, autoOrient: true };
}

async function uprightSize(sharp: Sharp, bytes: Buffer): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(bytes, decodeOptions('none')).metadata();
  const { width, height } = autoOrient;
  if (Math.max(width, height) > maxSide) throw new Error(`a side has more than ${maxSide} pixels`);
  return { width, height };
}

/** Undefined where the frame header does not tell it beyond doubt. */
function uprightJpegSize(bytes: Buffer, upright: Raster): { width: number; height: number } | undefined {
  const size = jpegSize(bytes);
  if (size === undefined || upright.width === upright.height) return undefined;
  const turned = size.width > size.height !== upright.width > upright.height;
  return turned ? { width: size.height, height: size.width } : size;
}

async function thumbnailRaster(sharp: Sharp, bytes: Buffer, failOn: 'error' | 'none'): Promise<Raster> {
  const { data, info } = await sharp(bytes, decodeOptions(failOn))
    .resize(thumbnailSide, thumbnailSide, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** Made from the thumbnail's pixels: the same decode, and as good as from all pixels (measured). */
async function blockhashOf(sharp: Sharp, bytes: Buffer, raster: Raster): Promise<string> {
  if (Math.min(raster.width, raster.height) >= narrowestRaster) return bmvbhash(toRgba(raster), blockhashBits);
  const { data, info } = await sharp(bytes, decodeOptions('error'))
    .resize(squareSide, squareSide, { fit: 'fill' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const square = { width: info.width, height: info.height, channels: info.channels, data };
  return bmvbhash(toRgba(square), blockhashBits);
}

/** blockhash-core reads four channels: grey and opaque pictures have fewer. */
function toRgba({ width, height, channels, data }: Raster): { width: number; height: number; data: Uint8Array } {
  if (channels === 4) return { width, height, data };
  const rgba = new Uint8Array(width * height * 4);
  const grey = channels < 3;
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    rgba[to] = data[from] ?? 0;
    rgba[to + 1] = data[grey ? from : from + 1] ?? 0;
    rgba[to + 2] = data[grey ? from : from + 2] ?? 0;
    rgba[to + 3] = channels === 2 ? (data[from + 1] ?? 0) : 255;
  }
  return { width, height, data: rgba };
}

/** JPEG takes a third of WebP's time at the same size; only pictures with transparency need the other. */
async function encodeThumbnail(sharp: Sharp, { width, height, channels, data }: Raster): Promise<ThumbnailImage> {
  const picture = sharp(data, { raw: { width, height, channels } });
  if (channels === 2 || channels === 4) {
    const webp = await picture.clone().webp({ quality: 75, effort: 0, alphaQuality: 50 }).toBuffer();
    if (webp.length <= wireLimits.thumbnail) return { mime: 'image/webp', data: webp };
  }
  const jpeg = await picture.flatten({ background: '#ffffff' }).jpeg({ quality: 75 }).toBuffer();
  return { mime: 'image/jpeg', data: jpeg };
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
