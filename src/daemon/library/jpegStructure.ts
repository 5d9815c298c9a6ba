/** A marker segment of a JPEG: bytes from its marker to the end of its contents. */
export interface JpegSegment {
  /** Second byte of the marker. */
  marker: number;
  start: number;
  end: number;
}

/** What the frame header of a JPEG says: before any turning by EXIF. */
export interface JpegFrame {
  /** Pixels. */
  width: number;
  height: number;
  /** Bits of a sample. */
  precision: number;
  /** Ids of the colour components. */
  components: readonly number[];
  /** Second byte of its marker: 0xc0 and 0xc1 are sequential, 0xc2 progressive, the others rare. */
  marker: number;
}

export const jpegMarkers = {
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  app0: 0xe0,
  com: 0xfe,
};

/** More than any photo has in front of its pixels; what follows is not looked at. */
const maxSegments = 4_096;

/** The segments up to the start of the first scan, which is the last one. Ends early where the bytes make no sense. */
export function* jpegSegments(bytes: Buffer): Generator<JpegSegment> {
  let at = 2;
  for (let n = 0; n < maxSegments && at + 4 <= bytes.length && bytes[at] === 0xff; n++) {
    const marker = bytes.readUInt8(at + 1);
    if (marker === jpegMarkers.endOfImage) return;
    if (marker === 0xff) {
      // Fill bytes may stand before a marker.
      at++;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end < at + 4 || end > bytes.length) return;
    yield { marker, start: at, end };
    if (marker === jpegMarkers.startOfScan) return;
    at = end;
  }
}

/**
 * The frame header; undefined when there is none before the pixels. A decoder's own look at it costs a millisecond a
 * photo; this costs nothing.
 */
export function jpegFrame(bytes: Buffer): JpegFrame | undefined {
  for (const segment of jpegSegments(bytes)) {
    if (isFrameHeader(segment.marker)) return frameOf(bytes, segment);
  }
  return undefined;
}

/** What a frame header says; undefined when it is too short. */
export function frameOf(bytes: Buffer, { marker, start, end }: JpegSegment): JpegFrame | undefined {
  if (end < start + 10) return undefined;
  const count = bytes.readUInt8(start + 9);
  if (end < start + 10 + 3 * count) return undefined;
  return {
    precision: bytes.readUInt8(start + 4),
    height: bytes.readUInt16BE(start + 5),
    width: bytes.readUInt16BE(start + 7),
    components: Array.from({ length: count }, (_, n) => bytes.readUInt8(start + 10 + 3 * n)),
    marker,
  };
}

/** SOF0 to SOF15, without DHT, JPG and DAC among them. */
export function isFrameHeader(marker: number): boolean {
  const { dht, jpg, dac } = jpegMarkers;
  return marker >= 0xc0 && marker <= 0xcf && marker !== dht && marker !== jpg && marker !== dac;
}
