import sharp from 'sharp';
import type { Raster } from '../../src/daemon/similarity/types.ts';

/** Pixels on the longer side, as in the library. */
const side = 320;

/**
 * What a library makes a photo's features from: upright, 8 bit a channel, no larger than a thumbnail.
 * @throws when the file cannot be decoded
 */
export async function rasterOf(bytes: Buffer): Promise<Raster> {
  const { data, info } = await sharp(bytes, { failOn: 'error', sequentialRead: true, autoOrient: true })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}
