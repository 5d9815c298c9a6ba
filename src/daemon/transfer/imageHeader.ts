import type { ThumbnailImage } from '../library/types.ts';

/** Pixels. */
export interface ImageSize {
  width: number;
  height: number;
}

/**
 * Size of a WebP or JPEG picture as its header says, without decoding it; undefined when the bytes are not of that format.
 * What a peer sends is looked at by this before anything decodes it.
 */
export function imageSize({ mime, data }: ThumbnailImage): ImageSize | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  try {
    return mime === 'image/webp' ? webpSize(view) : jpegSize(view);
  } catch (error) {
    // A header that ends too early is no header.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function tag(view: DataView, offset: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(offset + n)));
}

/** RFC 9649: a RIFF file whose first chunk says the size. */
function webpSize(view: DataView): ImageSize | undefined {
  if (tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WEBP') return undefined;
  switch (tag(view, 12)) {
    case 'VP8X':
      return { width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
    case 'VP8L': {
      if (view.getUint8(20) !== 0x2f) return undefined;
      const bits = view.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      if (uint24(view, 23) !== 0x2a019d) return undefined;
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return undefined;
  }
}

function uint24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
}

/** Segments up to the frame header (SOF). */
function jpegSize(view: DataView): ImageSize | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  let offset = 2;
  for (;;) {
    if (view.getUint8(offset) !== 0xff) return undefined;
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) offset += 1;
    else if (isFrameHeader(marker)) return { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    else {
      // Start of scan or end of image before any frame header.
      if (marker === 0xda || marker === 0xd9) return undefined;
      const length = view.getUint16(offset + 2);
      if (length < 2) return undefined;
      offset += 2 + length;
    }
  }
}

/** SOF0 to SOF15, without DHT, JPG and DAC among them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
