import { lumaBytes, lumaSide } from '../../protocol/features.ts';

/**
 * How each pixel of a luma raster stands out of its surroundings: less their mean, in units of their standard deviation.
 * Brightness, contrast, colour cast and vignettes leave that nearly as it is.
 * @param reach pixels to each side that are the surroundings
 * @param leastContrast grey levels of contrast below which surroundings count as plain: noise and coding must not become
 *   structure
 */
export function localContrast(luma: Uint8Array, reach: number, leastContrast: number): Float32Array {
  const sums = integral(luma, false);
  const squares = integral(luma, true);
  const result = new Float32Array(lumaBytes);
  for (let y = 0; y < lumaSide; y++) {
    const top = Math.max(0, y - reach);
    const bottom = Math.min(lumaSide, y + reach + 1);
    for (let x = 0; x < lumaSide; x++) {
      const left = Math.max(0, x - reach);
      const right = Math.min(lumaSide, x + reach + 1);
      const count = (right - left) * (bottom - top);
      const mean = within(sums, left, top, right, bottom) / count;
      const variance = Math.max(0, within(squares, left, top, right, bottom) / count - mean * mean);
      const contrast = Math.sqrt(variance + leastContrast * leastContrast);
      result[y * lumaSide + x] = ((luma[y * lumaSide + x] ?? 0) - mean) / contrast;
    }
  }
  return result;
}

const stride = lumaSide + 1;

/** Sums of all values (or their squares) above and to the left of each corner. */
function integral(values: Uint8Array, squared: boolean): Float64Array {
  const result = new Float64Array(stride * stride);
  for (let y = 0; y < lumaSide; y++) {
    let row = 0;
    for (let x = 0; x < lumaSide; x++) {
      const value = values[y * lumaSide + x] ?? 0;
      row += squared ? value * value : value;
      result[(y + 1) * stride + x + 1] = (result[y * stride + x + 1] ?? 0) + row;
    }
  }
  return result;
}

function within(sums: Float64Array, left: number, top: number, right: number, bottom: number): number {
  return (
    (sums[bottom * stride + right] ?? 0) -
    (sums[top * stride + right] ?? 0) -
    (sums[bottom * stride + left] ?? 0) +
    (sums[top * stride + left] ?? 0)
  );
}
