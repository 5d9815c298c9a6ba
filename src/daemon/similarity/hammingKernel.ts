import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Assembles `hammingKernel.wat`. The build runs this and puts a module that has its result in the place of this one, so that
 * the assembler is in no bundle.
 * @returns a WebAssembly module that exports `memory` and `scan`
 */
export async function hammingKernel(): Promise<Uint8Array<ArrayBuffer>> {
  const file = fileURLToPath(new URL('./hammingKernel.wat', import.meta.url));
  const { default: wabt } = await import('wabt');
  const assembler = await wabt();
  const module = assembler.parseWat(file, fs.readFileSync(file, 'utf8'), { simd: true, relaxed_simd: true });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
