import openLibheif from 'libheif-js/libheif-wasm/libheif-bundle.mjs';
import type { Failure, Libheif } from 'libheif-js/libheif-wasm/libheif-bundle.mjs';
import type { Raster } from '../similarity/types.ts';

/** Why there are no pixels: `unsupported` is no fault of the file. */
export type HeifFailure = 'too-large' | 'unsupported' | 'damaged';

/**
 * The main picture of a HEIC file, upright. Never throws for what is in the file.
 * @param limit pixels that it may have
 */
export function decodeHeif(bytes: Uint8Array, limit: number): Raster | HeifFailure {
  // An instance for each picture: its memory only grows, and goes with it.
  const heif = openLibheif({ print: () => {}, printErr: () => {} });
  try {
    return decodeWith(heif, bytes, limit);
  } catch {
    // The WebAssembly stopped (out of memory, a broken file): there is a new one for the next picture.
    return 'damaged';
  }
}

function decodeWith(heif: Libheif, bytes: Uint8Array, limit: number): Raster | HeifFailure {
  const context = heif.heif_context_alloc();
  const opened = heif.heif_context_read_from_memory(context, bytes);
  if (opened.code !== heif.heif_error_code.heif_error_Ok) return failureOf(heif, opened);
  const handle = heif.heif_js_context_get_primary_image_handle(context);
  if ('code' in handle) return failureOf(heif, handle);
  if (heif.heif_image_handle_get_width(handle) * heif.heif_image_handle_get_height(handle) > limit) return 'too-large';
  const channels = heif.heif_image_handle_has_alpha_channel(handle) === 0 ? 3 : 4;
  const { heif_chroma_interleaved_RGB: rgb, heif_chroma_interleaved_RGBA: rgba } = heif.heif_chroma;
  const chroma = channels === 3 ? rgb : rgba;
  const decoded = heif.heif_js_decode_image2(handle, heif.heif_colorspace.heif_colorspace_RGB, chroma);
  if ('code' in decoded) return failureOf(heif, decoded);
  const plane = decoded.channels.find(({ id }) => id === heif.heif_channel.heif_channel_interleaved);
  if (plane === undefined || plane.width < 1 || plane.height < 1) return 'damaged';
  const { width, height, stride, data } = plane;
  if (width * height > limit) return 'too-large';
  return { width, height, channels, data: withoutPadding(data, width * channels, stride, height) };
}

function failureOf({ heif_error_code: codes }: Libheif, { code }: Failure): HeifFailure {
  const unsupported = [
    codes.heif_error_Unsupported_filetype,
    codes.heif_error_Unsupported_feature,
    // What it says of a codec that it was built without.
    codes.heif_error_Plugin_loading_error,
  ];
  return unsupported.includes(code) ? 'unsupported' : 'damaged';
}

function withoutPadding(data: Uint8Array, row: number, stride: number, rows: number): Uint8Array {
  if (stride === row) return data.subarray(0, row * rows);
  const dense = new Uint8Array(row * rows);
  for (let y = 0; y < rows; y++) dense.set(data.subarray(y * stride, y * stride + row), y * row);
  return dense;
}
