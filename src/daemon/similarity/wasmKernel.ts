import type { Kernel } from './kernel.ts';

const pageBytes = 65_536;

interface KernelExports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  scan: Kernel['scan'];
}

/** What we need of the global `WebAssembly`, which is not among the types of Node.js. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: object };
}

/** The kernel in WebAssembly: `hammingKernel.wat`. */
export class WasmKernel implements Kernel {
  readonly name = 'wasm';
  readonly scan: Kernel['scan'];
  readonly #pages: KernelExports['memory'];
  #bytes: Uint8Array;

  private constructor({ memory, scan }: KernelExports) {
    this.scan = scan;
    this.#pages = memory;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * @param assembled `hammingKernel.wat`
   * @returns undefined where WebAssembly lacks SIMD (old processors), or is not there (some people forbid just-in-time compilation)
   */
  static create(assembled: Uint8Array): WasmKernel | undefined {
    const { WebAssembly: engine } = globalThis as object as { WebAssembly?: Engine };
    if (engine === undefined || !engine.validate(assembled)) return undefined;
    const { exports } = new engine.Instance(new engine.Module(assembled));
    return new WasmKernel(exports as KernelExports);
  }

  get memory(): Uint8Array {
    return this.#bytes;
  }

  grow(bytes: number): void {
    const missing = Math.ceil((bytes - this.#bytes.length) / pageBytes);
    if (missing <= 0) return;
    this.#pages.grow(missing);
    this.#bytes = new Uint8Array(this.#pages.buffer);
  }
}
