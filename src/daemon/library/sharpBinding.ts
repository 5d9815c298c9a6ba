import { createRequire } from 'node:module';
import type sharp from 'sharp';
import { AppError, messageOf } from '../../protocol/errors.ts';
import { sharpVariable } from './decoderMessages.ts';

/** The function that sharp's package exports, with its settings. */
export type Sharp = typeof sharp;

const wasmBinding = '@img/sharp-wasm32/sharp.node';

/**
 * Loads sharp with the binding that this runtime needs, and switches off what a photo library must not do
 * (threads of its own, a cache, SVG). Sharp's native build crashes in Electron on Linux (lovell/sharp#4522); sharp
 * itself has no switch, it takes the first binding that loads.
 * @throws AppError `unsupported-runtime` when the binding is not installed or does not load
 */
export async function loadSharp(environment: NodeJS.ProcessEnv = process.env): Promise<Sharp> {
  if (environment[sharpVariable] === 'wasm') preferWasm();
  let sharp: Sharp;
  try {
    ({ default: sharp } = await import('sharp'));
  } catch (error) {
    throw new AppError('unsupported-runtime', `Pictures cannot be decoded: ${messageOf(error).split('\n', 1)[0]}`, {
      cause: error,
    });
  }
  sharp.concurrency(1);
  sharp.cache(false);
  // An SVG loads other files of this disk, whatever it is named.
  sharp.block({ operation: ['VipsForeignLoadSvg'] });
  return sharp;
}

/**
 * Puts the WebAssembly binding where sharp looks for the native one: in Node's module cache, under the file that
 * `@img/sharp-<platform>/sharp.node` resolves to. Where that is not installed, sharp finds the other by itself.
 */
function preferWasm(): void {
  const require = createRequire(createRequire(import.meta.url).resolve('sharp'));
  let wasm: NodeJS.Module | undefined;
  try {
    require(wasmBinding);
    wasm = require.cache[require.resolve(wasmBinding)];
  } catch (error) {
    throw new AppError(
      'unsupported-runtime',
      'VS Code’s own runtime on Linux needs the package @img/sharp-wasm32 to decode pictures: install it, or set photoOrganizer.daemon.nodePath to a Node.js of version 22 or newer.',
      { cause: error },
    );
  }
  for (const platform of nativePlatforms()) {
    try {
      require.cache[require.resolve(`@img/sharp-${platform}/sharp.node`)] = wasm;
    } catch {
      // Not installed: nothing to keep sharp from.
    }
  }
}

function nativePlatforms(): string[] {
  const { platform, arch } = process;
  return [`${platform}-${arch}`, `${platform}musl-${arch}`];
}
