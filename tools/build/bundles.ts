import type { BuildOptions, Plugin } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { root } from '../paths.ts';
import { assembledKernel } from './assembledKernel.ts';

/** One file (or pair of script and style sheet) of dist/. */
export interface Bundle {
  /** Name of the main output file in dist/. */
  readonly output: string;
  /** Source files, relative to the project: a script, and a style sheet of the same name. */
  readonly entries: readonly string[];
  /** What distinguishes this bundle from the others. */
  readonly options: BuildOptions;
  /** Most bytes that the output may have when minified. */
  readonly limit?: number;
}

/** Packages with native code: shipped beside the bundles, loaded by the daemon and its decoder only. */
const native = ['sharp', '@img/*', '@parcel/watcher'];

/** Some bundled packages are CommonJS and ask for Node's modules by `require`, which ES modules lack. */
const createRequire =
  "import { createRequire as photoOrganizerCreateRequire } from 'node:module';\nconst require = photoOrganizerCreateRequire(import.meta.url);";

const esm: BuildOptions = { platform: 'node', format: 'esm', target: 'node22.13', banner: { js: createRequire } };

/** A module that a bundle imports when it needs it is another bundle beside it. */
function separately(module: RegExp, output: string): Plugin {
  return {
    name: 'separately',
    setup(plugin) {
      plugin.onResolve({ filter: module }, () => ({ path: `./${output}`, external: true }));
    },
  };
}

/** Everything in dist/, in the order in which it is reported. */
export const bundles: readonly Bundle[] = [
  {
    output: 'extension.cjs',
    entries: ['src/extension.ts'],
    options: {
      platform: 'node',
      format: 'cjs',
      target: 'node22.13',
      outExtension: { '.js': '.cjs' },
      external: ['vscode'],
      minifyIdentifiers: true,
    },
    limit: 168 * 1024,
  },
  { output: 'daemon.js', entries: ['src/daemon/main.ts'], options: { ...esm, external: native } },
  {
    output: 'decoder.js',
    entries: ['src/daemon/library/decoder.ts'],
    options: { ...esm, external: native, plugins: [separately(/\/libheif\.ts$/, 'libheif.js')] },
    limit: 200 * 1024,
  },
  // Loaded with the first HEIC only. Under its licence (LGPL) everybody may put another build in its place.
  { output: 'libheif.js', entries: ['src/daemon/library/libheif.ts'], options: esm },
  {
    output: 'similarity.js',
    entries: ['src/daemon/similarity/searchWorker.ts'],
    options: { ...esm, plugins: [assembledKernel] },
  },
  {
    output: 'cli.js',
    entries: ['src/cli/main.ts'],
    options: { ...esm, target: 'node20', banner: { js: `#!/usr/bin/env node\n${createRequire}` } },
  },
  {
    output: 'gallery.js',
    entries: ['src/views/gallery/main.ts', 'src/views/gallery/gallery.css'],
    options: {
      platform: 'browser',
      format: 'iife',
      target: ['chrome134'],
      loader: { '.ttf': 'file' },
      assetNames: '[name]',
      minifyIdentifiers: true,
    },
    limit: 80 * 1024,
  },
];

const ManifestSchema = v.object({ name: v.string(), publisher: v.string(), version: v.string() });

/** Name, publisher and version in the package.json of `folder`, by default the project's own. */
export function readManifest(folder: string = root): v.InferOutput<typeof ManifestSchema> {
  return v.parse(ManifestSchema, JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')));
}
