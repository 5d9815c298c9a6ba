import { jpegFrame } from './jpegStructure.ts';

const startOfImage = Buffer.from('ffd8ff', 'hex');
/** A raw file may hold its sensor's data in thousands of lossless JPEGs; more are not looked at. */
const maxStarts = 10_000;
/** Pixels; what is smaller is an icon. */
const smallestSide = 64;
const pixelMarkers: readonly number[] = [0xc0, 0xc1, 0xc2];

/**
 * The JPEGs in a camera's raw file that a viewer can show, those with the most pixels first; each from its start to the
 * end of the file. Cameras keep them in many places (TIFF directories, maker notes, boxes): all begin alike, and by chance
 * nothing else does that goes on as a JPEG must.
 */
export function embeddedJpegs(bytes: Buffer): Buffer[] {
  const found: { pixels: number; jpeg: Buffer }[] = [];
  let at = bytes.indexOf(startOfImage);
  for (let starts = 0; at >= 0 && starts < maxStarts; starts++) {
    const jpeg = bytes.subarray(at);
    const frame = jpegFrame(jpeg);
    // Lossless and 12 bit ones are the sensor's data.
    if (frame?.precision === 8 && pixelMarkers.includes(frame.marker) && [1, 3].includes(frame.components.length)) {
      const { width, height } = frame;
      if (Math.min(width, height) >= smallestSide) found.push({ pixels: width * height, jpeg });
    }
    at = bytes.indexOf(startOfImage, at + 1);
  }
  return found.sort((one, other) => other.pixels - one.pixels).map(({ jpeg }) => jpeg);
}
