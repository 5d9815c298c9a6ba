import { hammingKernel } from './hammingKernel.ts';
import type { Kernel } from './kernel.ts';
import { PlainKernel } from './plainKernel.ts';
import { WasmKernel } from './wasmKernel.ts';

/** The fastest kernel that runs here: WebAssembly where it has SIMD, else JavaScript. */
export async function loadKernel(): Promise<Kernel> {
  return WasmKernel.create(await hammingKernel()) ?? new PlainKernel();
}
