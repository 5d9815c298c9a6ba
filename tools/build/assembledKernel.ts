import type { Plugin } from 'esbuild';
import { Buffer } from 'node:buffer';
import { hammingKernel } from '../../src/daemon/similarity/hammingKernel.ts';
import { inRoot } from '../paths.ts';

/** Puts the assembled kernel into a bundle, in the place of the module that assembles it. */
export const assembledKernel: Plugin = {
  name: 'assembled kernel',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\]similarity[/\\]hammingKernel\.ts$/ }, async () => {
      const bytes = Buffer.from(await hammingKernel()).toString('base64');
      return {
        contents: `export async function hammingKernel() { return Uint8Array.from(Buffer.from('${bytes}', 'base64')); }`,
        loader: 'js',
        watchFiles: [inRoot('src', 'daemon', 'similarity', 'hammingKernel.wat')],
      };
    });
  },
};
