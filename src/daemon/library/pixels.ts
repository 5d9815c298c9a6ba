import { bmvbhash } from 'blockhash-core';
import { crc32, deflateSync } from 'node:zlib';
import type { SharpOptions, Sharp as Pipeline } from 'sharp';
import { featuresVersion } from '../../protocol/features.ts';
import { wireLimits } from '../../protocol/wire.ts';
import { lookAlikeFeatures } from '../similarity/lookAlikeFeatures.ts';
import type { Raster } from '../similarity/types.ts';
import { jpegFrame } from './jpegStructure.ts';
import type { HeifFailure } from './libheif.ts';
import type { Likeness } from './photoFeatures.ts';
import { jpegDigest, rasterDigest } from './pixelDigest.ts';
import type { Sharp } from './sharpBinding.ts';
import type { ThumbnailImage } from './types.ts';

/** Pixels on the longer side of a thumbnail, and of the raster that hashes and features are made from. */
const thumbnailSide = 320;
/** Pixels of the square raster for pictures of which the thumbnail is too narrow for 16 x 16 blocks. */
const squareSide = 256;
const narrowestRaster = 64;
/** Blocks a side: 256 bits. */
const blockhashBits = 16;
/** A small file can claim any size: more than this is not decoded. */
export const maxPixels = 120e6;
/** Pixels; the catalogue takes no longer side. */
const maxSide = 1_000_000;
/** A larger picture has no digest: all its pixels would be in memory at once. */
const maxDigestPixels = 40e6;

/** What the pixels of a file say. */
export interface Pixels {
  /** Upright size. */
  width: number;
  height: number;
  blockhash: string | null;
  damaged: boolean;
  grey: boolean;
  thumbnail: ThumbnailImage;
  likeness: Likeness;
}

/** Begins a pipeline of one picture. */
type Source = (failOn: 'error' | 'none') => Pipeline;

interface Size {
  width: number;
  height: number;
}

/**
 * The pixels of a JPEG.
 * @param orientation by which EXIF says that it is held, from 1 to 8
 * @throws when nothing of the picture can be decoded
 */
export async function pixelsOfJpeg(sharp: Sharp, bytes: Buffer, orientation: number): Promise<Pixels> {
  const source = sourceOf(sharp, bytes);
  const { raster, damaged } = await thumbnailOrWhatIsThere(source);
  const size = uprightJpegSize(bytes, raster) ?? (await uprightSize(source));
  const digest = damaged ? null : jpegDigest(bytes, orientation);
  return { ...size, ...(await described(sharp, { source, raster, damaged, digest })) };
}

/**
 * The pixels of a picture in another format that sharp decodes.
 * @throws when nothing of the picture can be decoded
 */
export async function pixelsOf(sharp: Sharp, bytes: Buffer): Promise<Pixels> {
  const source = sourceOf(sharp, bytes);
  const { digest, plain } = await fullDecode(sharp, bytes).catch(() => ({ digest: null, plain: undefined }));
  if (plain !== undefined) return pixelsOfRaster(sharp, plain, { digest });
  const { raster, damaged } = await thumbnailOrWhatIsThere(source);
  const size = await uprightSize(source);
  return { ...size, ...(await described(sharp, { source, raster, damaged, digest: damaged ? null : digest })) };
}

/** The pixels of a HEIC, or why there are none. */
export async function pixelsOfHeic(sharp: Sharp, bytes: Buffer): Promise<Pixels | HeifFailure> {
  // Two megabytes that only who has such photos needs.
  const { decodeHeif } = await import('./libheif.ts');
  const picture = decodeHeif(bytes, maxPixels);
  if (typeof picture === 'string') return picture;
  const container = await sharp(bytes, decodeOptions('none'))
    .metadata()
    .catch(() => undefined);
  const profile = container?.icc;
  // More than eight bits were rounded, and other pictures were not looked at: such files may differ in what was left out.
  const whole = container?.depth === 'uchar' && (container.pages ?? 1) === 1;
  const digest = whole ? rasterDigest({ ...picture, depth: 'uchar' }, profile) : null;
  return pixelsOfRaster(sharp, picture, { digest, profile });
}

/**
 * The pixels of the preview in a camera's raw file: the first that can be decoded, else what is there of the first.
 * @param orientation of the raw file (1 to 8); null when only the preview may know
 * @returns undefined when there is no preview that shows anything
 */
export async function pixelsOfPreview(
  sharp: Sharp,
  previews: readonly Buffer[],
  orientation: number | null,
): Promise<Pixels | undefined> {
  for (const failOn of ['error', 'none'] as const) {
    for (const preview of previews) {
      const source: Source = () => sharp(preview, { ...decodeOptions(failOn), autoOrient: orientation === null });
      try {
        const lying = await thumbnailRaster(source(failOn));
        const raster = await turned(sharp, lying, orientation ?? 1);
        const size = uprightJpegSize(preview, raster) ?? (await uprightSize(source));
        const damaged = failOn === 'none';
        // A digest of the preview would be one of less than the photo.
        return { ...size, ...(await described(sharp, { source, raster, damaged, digest: null })) };
      } catch {
        // Not a picture after all, or damaged: another preview may be whole.
      }
    }
  }
  return undefined;
}

interface AboutRaster {
  digest: Uint8Array | null;
  /** What the colours are to be understood by; without it they are sRGB. */
  profile?: Buffer | undefined;
}

async function pixelsOfRaster(sharp: Sharp, picture: Raster, { digest, profile }: AboutRaster): Promise<Pixels> {
  const { width, height, channels, data } = picture;
  if (Math.max(width, height) > maxSide) throw tooLong();
  const source: Source = () => sharp(data, { raw: { width, height, channels }, limitInputPixels: maxPixels });
  const unmanaged = await thumbnailRaster(source('error'));
  const raster = profile === undefined ? unmanaged : await inSrgb(sharp, unmanaged, profile);
  return { width, height, ...(await described(sharp, { source, raster, damaged: false, digest })) };
}

interface Found {
  source: Source;
  raster: Raster;
  damaged: boolean;
  digest: Uint8Array | null;
}

async function described(
  sharp: Sharp,
  { source, raster, damaged, digest }: Found,
): Promise<Omit<Pixels, 'width' | 'height'>> {
  const { aspect, hashes, luma, grey } = lookAlikeFeatures(raster);
  return {
    // Half a picture would have the hash of every other one that is cut off at the same place.
    blockhash: damaged ? null : await blockhashOf(source, raster),
    damaged,
    grey,
    thumbnail: await encodeThumbnail(sharp, raster),
    // Half a picture has features all the same: they lead to the whole one.
    likeness: { features: { version: featuresVersion, aspect, digest, hashes }, luma },
  };
}

function decodeOptions(failOn: 'error' | 'none'): SharpOptions {
  return { failOn, limitInputPixels: maxPixels, sequentialRead: true, autoOrient: true };
}

function sourceOf(sharp: Sharp, bytes: Buffer): Source {
  return (failOn) => sharp(bytes, decodeOptions(failOn));
}

/**
 * Upright size of a picture of which only the container can be read.
 * @throws when that cannot be read either
 */
export function uprightSizeOf(sharp: Sharp, bytes: Buffer): Promise<Size> {
  return uprightSize(sourceOf(sharp, bytes));
}

async function uprightSize(source: Source): Promise<Size> {
  const { autoOrient } = await source('none').metadata();
  const { width, height } = autoOrient;
  if (Math.max(width, height) > maxSide) throw tooLong();
  return { width, height };
}

function tooLong(): Error {
  return new Error(`a side has more than ${maxSide} pixels`);
}

/** Undefined where the frame header does not tell it beyond doubt. */
function uprightJpegSize(bytes: Buffer, upright: Raster): Size | undefined {
  const frame = jpegFrame(bytes);
  if (frame === undefined || upright.width === upright.height) return undefined;
  const { width, height } = frame;
  const turned = width > height !== upright.width > upright.height;
  return turned ? { width: height, height: width } : { width, height };
}

async function thumbnailOrWhatIsThere(source: Source): Promise<{ raster: Raster; damaged: boolean }> {
  try {
    return { raster: await thumbnailRaster(source('error')), damaged: false };
  } catch {
    // Show what is there of a cut off picture.
    return { raster: await thumbnailRaster(source('none')), damaged: true };
  }
}

function thumbnailRaster(pipeline: Pipeline): Promise<Raster> {
  return rasterOf(
    pipeline.resize(thumbnailSide, thumbnailSide, { fit: 'inside', withoutEnlargement: true }).toColourspace('srgb'),
  );
}

async function rasterOf(pipeline: Pipeline): Promise<Raster> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** A raster in sRGB of one whose colours are to be understood by a profile: sharp takes such only from within a file. */
async function inSrgb(sharp: Sharp, raster: Raster, profile: Buffer): Promise<Raster> {
  const { width, height, channels, data } = raster;
  const png = await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 0 }).toBuffer();
  try {
    return await rasterOf(sharp(withProfile(png, profile)).toColourspace('srgb'));
  } catch {
    // A broken profile costs the right colours only.
    return raster;
  }
}

/** Bytes of the signature and the header of a PNG: the profile comes behind them. */
const pngHead = 33;

function withProfile(png: Buffer, profile: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('iCCPicc\0\0', 'latin1'), deflateSync(profile)]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, pngHead), length, body, checksum, png.subarray(pngHead)]);
}

/** Ways to hold a picture by EXIF's count: mirrored left and right (that first), and turned clockwise by degrees. */
const holds: Readonly<Record<number, readonly [number, boolean]>> = {
  1: [0, false],
  2: [0, true],
  3: [180, false],
  4: [180, true],
  5: [270, true],
  6: [90, false],
  7: [90, true],
  8: [270, false],
};

async function turned(sharp: Sharp, raster: Raster, orientation: number): Promise<Raster> {
  const [degrees, mirrored] = holds[orientation] ?? [0, false];
  if (degrees === 0 && !mirrored) return raster;
  const { width, height, channels, data } = raster;
  const pipeline = sharp(data, { raw: { width, height, channels } }).rotate(degrees);
  return rasterOf(mirrored ? pipeline.flop() : pipeline);
}

/** Colour spaces of pictures whose samples sharp gives out as they are, with 8 and with 16 bits. */
const spaces = { uchar: ['srgb', 'b-w'], ushort: ['rgb16', 'grey16'] };

interface FullDecode {
  /** Null where it could be equal for files that are not: animations, rare samples, very large pictures. */
  digest: Uint8Array | null;
  /** The picture, where it needs no colour management: so that it is decoded once. */
  plain: Raster | undefined;
}

/** @throws when the picture is damaged */
async function fullDecode(sharp: Sharp, bytes: Buffer): Promise<FullDecode> {
  // Before its colours are managed: two pictures may differ in what gets lost by that.
  const unmanaged = (): Pipeline => sharp(bytes, { ...decodeOptions('error'), ignoreIcc: true });
  const { width, height, depth, space, icc, pages = 1 } = await unmanaged().metadata();
  const fits = width * height <= maxDigestPixels && Math.max(width, height) <= maxSide && pages === 1;
  if (!fits || (depth !== 'uchar' && depth !== 'ushort') || !spaces[depth].includes(space)) {
    return { digest: null, plain: undefined };
  }
  const { data, info } = await unmanaged().toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true });
  const full = { width: info.width, height: info.height, channels: info.channels, data };
  return {
    digest: rasterDigest({ ...full, depth }, icc),
    plain: depth === 'uchar' && icc === undefined ? full : undefined,
  };
}

/** Made from the thumbnail's pixels: the same decode, and as good as from all pixels (measured). */
async function blockhashOf(source: Source, raster: Raster): Promise<string> {
  if (Math.min(raster.width, raster.height) >= narrowestRaster) return bmvbhash(toRgba(raster), blockhashBits);
  const square = source('error').resize(squareSide, squareSide, { fit: 'fill' }).toColourspace('srgb');
  return bmvbhash(toRgba(await rasterOf(square)), blockhashBits);
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
