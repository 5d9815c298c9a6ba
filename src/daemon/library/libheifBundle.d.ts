/** What we use of libheif, which its package describes for the build without the WebAssembly inside only. */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  namespace openLibheif {
    /** A value of an enumeration: there is one object for each. */
    interface Code {
      readonly value: number;
    }
    interface Failure {
      code: Code;
      message: string;
    }
    interface Context {
      readonly context: unique symbol;
    }
    interface Handle {
      readonly handle: unique symbol;
    }
    interface Channel {
      id: Code;
      /** Bytes from row to row. */
      stride: number;
      /** A view of the memory of the WebAssembly. */
      data: Uint8Array;
      width: number;
      height: number;
    }
    interface Libheif {
      heif_error_code: Record<
        | 'heif_error_Ok'
        | 'heif_error_Unsupported_filetype'
        | 'heif_error_Unsupported_feature'
        | 'heif_error_Plugin_loading_error',
        Code
      >;
      heif_colorspace: Record<'heif_colorspace_RGB', Code>;
      heif_chroma: Record<'heif_chroma_interleaved_RGB' | 'heif_chroma_interleaved_RGBA', Code>;
      heif_channel: Record<'heif_channel_interleaved', Code>;
      heif_context_alloc(): Context;
      heif_context_read_from_memory(context: Context, bytes: Uint8Array): Failure;
      heif_js_context_get_primary_image_handle(context: Context): Handle | Failure;
      heif_image_handle_get_width(handle: Handle): number;
      heif_image_handle_get_height(handle: Handle): number;
      heif_image_handle_has_alpha_channel(handle: Handle): number;
      heif_js_decode_image2(handle: Handle, space: Code, chroma: Code): { channels: Channel[] } | Failure;
    }
  }
  /** A new instance with memory of its own. */
  function openLibheif(options: {
    print: (text: string) => void;
    printErr: (text: string) => void;
  }): openLibheif.Libheif;
  export = openLibheif;
}
