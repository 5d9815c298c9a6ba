import type { BuildOptions, BuildResult, Metafile, Plugin } from 'esbuild';
import * as esbuild from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { dist, root } from '../paths.ts';
import type { Bundle } from './bundles.ts';
import { bundles, readManifest } from './bundles.ts';
import { noticesOf, packageFolderOf } from './notices.ts';

export interface BuildChoices {
  /** Readable code with source maps instead of small code. */
  readonly development: boolean;
}

/** Bytes of one file in dist/, and how many it may have. */
export interface OutputSize {
  readonly file: string;
  readonly bytes: number;
  readonly limit: number | null;
}

/** A bundle is not what it must be; the message says which rule it breaks. */
export class BuildError extends Error {}

/**
 * Makes dist/ anew.
 * @throws BuildError when a bundle contains what it must not or is too large
 */
export async function build(choices: BuildChoices): Promise<OutputSize[]> {
  fs.mkdirSync(dist, { recursive: true });
  // Every bundle is tried, so that one run shows everything that is wrong.
  const attempts = await Promise.allSettled(bundles.map((bundle) => esbuild.build(optionsOf(bundle, choices))));
  const results = attempts.map((attempt) => {
    if (attempt.status === 'rejected') throw attempt.reason;
    return attempt.value;
  });
  fs.writeFileSync(path.join(dist, 'THIRD-PARTY-NOTICES.txt'), noticesOf(results.map(metafileOf)));
  const sizes = sizesOf(results.map(metafileOf));
  const fat = choices.development ? [] : sizes.filter(({ bytes, limit }) => limit !== null && bytes > limit);
  if (fat.length > 0) {
    throw new BuildError(
      fat.map(({ file, bytes, limit }) => `${file} has ${bytes} bytes, at most ${limit} are allowed.`).join('\n'),
    );
  }
  return sizes;
}

/** Builds again after every change of a source file, until `signal` is aborted. */
export async function watch(choices: BuildChoices, signal: AbortSignal): Promise<void> {
  const contexts = await Promise.all(
    bundles.map((bundle) => {
      const options = optionsOf(bundle, choices);
      return esbuild.context({ ...options, logLevel: 'info', plugins: [...(options.plugins ?? [])] });
    }),
  );
  try {
    await Promise.all(contexts.map((context) => context.watch()));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await Promise.all(contexts.map((context) => context.dispose()));
  }
}

function optionsOf(bundle: Bundle, { development }: BuildChoices): BuildOptions {
  const { minifyIdentifiers = false, plugins = [], ...options } = bundle.options;
  return {
    ...options,
    absWorkingDir: root,
    entryPoints: bundle.entries.map((source) => ({ in: source, out: path.parse(bundle.output).name })),
    outdir: 'dist',
    bundle: true,
    define: { PHOTO_ORGANIZER_VERSION: JSON.stringify(readManifest().version) },
    metafile: true,
    logLevel: 'warning',
    // The notices are gathered in one file.
    legalComments: 'none',
    minifySyntax: !development,
    minifyWhitespace: !development,
    // Names stay where size does not matter: stack traces in the logs of the daemon can be read.
    minifyIdentifiers: minifyIdentifiers && !development,
    sourcemap: development ? 'linked' : false,
    plugins: [...plugins, boundaries(bundle)],
  };
}

/** Fails the build when something got into a bundle that must not be there. */
function boundaries(bundle: Bundle): Plugin {
  return {
    name: 'boundaries',
    setup(plugin) {
      plugin.onEnd((result) => {
        if (result.metafile === undefined) return undefined;
        const errors = violationsOf(bundle.output, result.metafile).map((text) => ({ text }));
        return { errors };
      });
    },
  };
}

/** What each bundle must not contain: packages by name, our own files by folder. */
const forbidden: Readonly<Record<string, RegExp>> = {
  'extension.cjs': /^(sharp|@img\/.*|@parcel\/.*|@?libp2p(\/.*)?|@chainsafe\/.*|node:sqlite|src\/daemon\/.*)$/,
  'cli.js': /^(vscode|sharp|@img\/.*|@parcel\/.*|@?libp2p(\/.*)?|@chainsafe\/.*|node:sqlite|src\/daemon\/.*)$/,
  'gallery.js': /^(vscode|node:.*|src\/(?!views\/gallery\/|protocol\/).*)$/,
  'daemon.js': /^(vscode|wabt|src\/(views|commands|client|cli)\/.*|src\/extension\.ts)$/,
  'decoder.js': /^(vscode|@?libp2p(\/.*)?|src\/(views|commands|client|cli)\/.*|src\/extension\.ts)$/,
  'similarity.js':
    /^(vscode|wabt|sharp|@img\/.*|@parcel\/.*|@?libp2p(\/.*)?|node:sqlite|src\/(views|commands|client|cli)\/.*|src\/extension\.ts)$/,
};

/** Sentences about what is in the bundle `output` although it must not be. */
export function violationsOf(output: string, metafile: Metafile): string[] {
  const rule = forbidden[output];
  if (rule === undefined) return [];
  const found = new Set<string>();
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    for (const name of [
      packageNameOf(file) ?? file,
      ...imports.filter(({ external }) => external).map((one) => one.path),
    ]) {
      if (rule.test(name)) found.add(`${output} must not contain ${name} (${file}).`);
    }
  }
  return [...found];
}

function packageNameOf(file: string): string | undefined {
  return packageFolderOf(file)?.replace(/^.*node_modules\//, '');
}

function metafileOf(result: BuildResult): Metafile {
  if (result.metafile === undefined) throw new BuildError('esbuild gave no metafile.');
  return result.metafile;
}

function sizesOf(metafiles: readonly Metafile[]): OutputSize[] {
  const limits = new Map(bundles.map(({ output, limit }) => [output, limit]));
  return metafiles.flatMap(({ outputs }) =>
    Object.entries(outputs)
      .filter(([file]) => !file.endsWith('.map'))
      .map(([file, { bytes }]) => ({ file, bytes, limit: limits.get(path.basename(file)) ?? null })),
  );
}
