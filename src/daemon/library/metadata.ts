import exifr from 'exifr';
import * as v from 'valibot';
import type { Place } from '../../protocol/photo.ts';
import { PlaceSchema, TakenAtSchema } from '../../protocol/photo.ts';
import { isLivePhoto } from './motion.ts';

/** What the camera wrote into a photo, as far as it makes sense. */
export interface PhotoMetadata {
  takenAt: string | null;
  /** Milliseconds after `takenAt`. */
  subsecond: number | null;
  camera: string | null;
  place: Place | null;
  /** How the camera was held, as EXIF counts it (1 to 8); null when it does not say. */
  orientation: number | null;
  /** Whether it names a film that belongs to it. */
  live: boolean;
  /** Upright size in pixels as the camera says; 0 when it does not. */
  width: number;
  height: number;
}

const nothing: PhotoMetadata = {
  takenAt: null,
  subsecond: null,
  camera: null,
  place: null,
  orientation: null,
  live: false,
  width: 0,
  height: 0,
};

const maxCameraLength = 128;
const maxPixels = 1_000_000;

const options = {
  tiff: true,
  exif: true,
  gps: true,
  xmp: false,
  icc: false,
  iptc: false,
  jfif: false,
  ihdr: false,
  translateValues: false,
  reviveValues: false,
  pick: [
    'Make',
    'Model',
    'Orientation',
    'DateTimeOriginal',
    'OffsetTimeOriginal',
    'SubSecTimeOriginal',
    'CreateDate',
    'OffsetTimeDigitized',
    'SubSecTimeDigitized',
    'MakerNote',
    'ExifImageWidth',
    'ExifImageHeight',
    'GPSLatitude',
    'GPSLatitudeRef',
    'GPSLongitude',
    'GPSLongitudeRef',
  ],
};

/** Reads EXIF from the bytes of a photo. Broken or missing metadata is no error: a photo is one without it too. */
export async function metadataOf(bytes: Buffer): Promise<PhotoMetadata> {
  let tags: unknown;
  try {
    // oxlint-disable-next-line import/no-named-as-default-member -- its CommonJS build has no named exports in Node
    tags = await exifr.parse(bytes, options);
  } catch {
    return nothing;
  }
  if (typeof tags !== 'object' || tags === null) return nothing;
  const tag = new Map(Object.entries(tags));
  const orientation = [1, 2, 3, 4, 5, 6, 7, 8].find((one) => one === tag.get('Orientation')) ?? null;
  const turned = orientation !== null && orientation >= 5;
  const [width, height] = [pixels(tag.get('ExifImageWidth')), pixels(tag.get('ExifImageHeight'))];
  const original = takenAt(tag.get('DateTimeOriginal'), tag.get('OffsetTimeOriginal'));
  const digitized = takenAt(tag.get('CreateDate'), tag.get('OffsetTimeDigitized'));
  const digitizedSubsecond = digitized === null ? null : subsecond(tag.get('SubSecTimeDigitized'));
  const makerNote = tag.get('makerNote');
  return {
    takenAt: original ?? digitized,
    subsecond: original === null ? digitizedSubsecond : subsecond(tag.get('SubSecTimeOriginal')),
    camera: camera(tag.get('Make'), tag.get('Model')),
    place: place(tag.get('latitude'), tag.get('longitude')),
    orientation,
    live: makerNote instanceof Uint8Array && isLivePhoto(makerNote),
    width: turned ? height : width,
    height: turned ? width : height,
  };
}

/** EXIF `2018:07:25 16:34:23` and `+01:00` as ISO 8601; null when there is no such day or time. */
function takenAt(date: unknown, offset: unknown): string | null {
  const parts = /^(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})/.exec(text(date));
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const wallClock = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = new Date(`${wallClock}Z`);
  // Days that do not exist (0000:00:00, February 30) roll over or are no date at all.
  if (Number(year) < 1800 || Number.isNaN(time.getTime()) || !time.toISOString().startsWith(wallClock)) return null;
  const zone = /^[+-](?:0\d|1[0-4]):[0-5]\d$/.exec(text(offset))?.[0] ?? '';
  return v.is(TakenAtSchema, wallClock + zone) ? wallClock + zone : null;
}

/** EXIF writes the digits behind the point: `5` and `500` are half a second. */
function subsecond(digits: unknown): number | null {
  const [first] = /^\d{1,9}$/.exec(text(digits)) ?? [];
  return first === undefined ? null : Number(first.slice(0, 3).padEnd(3, '0'));
}

/** Maker and model as one name: many models repeat the maker ("Canon", "Canon EOS 5D"). */
function camera(make: unknown, model: unknown): string | null {
  const [maker, name] = [text(make), text(model)];
  const repeated = name.toLowerCase().startsWith(maker.toLowerCase());
  const both = repeated ? name : `${maker} ${name}`;
  return both.trim().slice(0, maxCameraLength).toWellFormed() || null;
}

function place(latitude: unknown, longitude: unknown): Place | null {
  // Cameras without a fix write 0, 0.
  if (latitude === 0 && longitude === 0) return null;
  const found = v.safeParse(PlaceSchema, { latitude, longitude });
  return found.success ? found.output : null;
}

function pixels(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= maxPixels ? value : 0;
}

/** Text of a tag without padding and control characters. */
function text(value: unknown): string {
  if (typeof value !== 'string') return '';
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not get through
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}
