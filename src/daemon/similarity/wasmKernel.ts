import { scratchBytes } from './kernel.ts';
import type { Kernel } from './kernel.ts';

const pageBytes = 65_536;

interface KernelExports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  prepare: (hash: number, query: number) => void;
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
  readonly #exports: KernelExports;
  #bytes: Uint8Array;

  private constructor(exports: KernelExports) {
    this.#exports = exports;
    this.scan = exports.scan;
    this.#bytes = new Uint8Array(exports.memory.buffer);
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
    this.#exports.memory.grow(missing);
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  prepare(hash: Uint8Array, query: number): void {
    const at = scratchBytes - hash.length;
    this.#bytes.set(hash, at);
    this.#exports.prepare(at, query);
  }
}
