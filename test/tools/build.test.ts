import type { Metafile } from 'esbuild';
import * as esbuild from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { assembledKernel } from '../../tools/build/assembledKernel.ts';
import { violationsOf } from '../../tools/build/build.ts';
import { noticesOf, packageFolderOf } from '../../tools/build/notices.ts';
import { inRoot } from '../../tools/paths.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** What esbuild says of a bundle of `files`, the first of which imports `external` packages. */
function metafile(files: readonly string[], external: readonly string[] = []): Metafile {
  const imports = external.map((path) => ({ path, kind: 'import-statement' as const, external: true }));
  return {
    inputs: Object.fromEntries(files.map((file, index) => [file, { bytes: 1, imports: index === 0 ? imports : [] }])),
    outputs: {
      'dist/out.js': {
        bytes: 1,
        inputs: Object.fromEntries(files.map((file) => [file, { bytesInOutput: 1 }])),
        imports: [],
        exports: [],
      },
    },
  };
}

describe('what must not be in a bundle', () => {
  test.each([
    ['extension.cjs', ['src/extension.ts'], ['sharp']],
    ['extension.cjs', ['src/extension.ts', 'node_modules/libp2p/dist/index.js'], []],
    ['extension.cjs', ['src/extension.ts', 'node_modules/@libp2p/tcp/dist/index.js'], []],
    ['extension.cjs', ['src/extension.ts', 'src/daemon/daemon.ts'], []],
    ['cli.js', ['src/cli/main.ts'], ['node:sqlite']],
    ['gallery.js', ['src/views/gallery/main.ts', 'src/client/format.ts'], []],
    ['daemon.js', ['src/daemon/main.ts'], ['vscode']],
    ['similarity.js', ['src/daemon/similarity/searchWorker.ts', 'node_modules/wabt/index.js'], []],
    ['similarity.js', ['src/daemon/similarity/searchWorker.ts'], ['sharp']],
  ])('%s: %s, %s', (output, files, external) => {
    expect(violationsOf(output, metafile(files, external))).toHaveLength(1);
  });

  test.each([
    ['extension.cjs', ['src/extension.ts', 'src/client/launch.ts', 'node_modules/valibot/dist/index.mjs'], ['vscode']],
    ['daemon.js', ['src/daemon/main.ts', 'node_modules/libp2p/dist/index.js'], ['sharp', 'node:sqlite']],
    ['gallery.js', ['src/views/gallery/main.ts', 'src/protocol/gallery.ts'], []],
  ])('%s may have %s, %s', (output, files, external) => {
    expect(violationsOf(output, metafile(files, external))).toEqual([]);
  });
});

describe('the notices', () => {
  test('find the package of a bundled file, also of one inside another', () => {
    expect(packageFolderOf('src/daemon/main.ts')).toBeUndefined();
    expect(packageFolderOf('node_modules/libp2p/dist/src/index.js')).toBe('node_modules/libp2p');
    expect(packageFolderOf('node_modules/@libp2p/tcp/dist/index.js')).toBe('node_modules/@libp2p/tcp');
    expect(packageFolderOf('node_modules/a/node_modules/@b/c/index.js')).toBe('node_modules/a/node_modules/@b/c');
  });

  test('have name, version and licence of every package once', () => {
    const text = noticesOf([
      metafile(['src/x.ts', 'node_modules/valibot/a.js']),
      metafile(['node_modules/valibot/b.js']),
    ]);
    const licence = fs.readFileSync(inRoot('node_modules', 'valibot', 'LICENSE.md'), 'utf8').trim();
    expect(text.match(/^valibot \d+\.\d+\.\d+$/gm)).toHaveLength(1);
    expect(text.split(licence)).toHaveLength(2);
  });

  test('have the terms of libheif, which lie beside its code', () => {
    const text = noticesOf([metafile(['node_modules/libheif-js/libheif-wasm/libheif-bundle.js'])]);
    expect(text).toMatch(/^libheif-js \d/m);
    expect(text).toContain('GNU LESSER GENERAL PUBLIC LICENSE');
    expect(text).toMatch(/^ +GNU GENERAL PUBLIC LICENSE/m);
  });

  test('have the terms of packages that bring none', () => {
    const text = noticesOf([metafile(['node_modules/it-all/dist/src/index.js'])]);
    expect(text).toMatch(/it-all \d/);
    expect(text).toContain('Permission is hereby granted');
  });
});

test('the kernel of the search is assembled when it is bundled, and runs without its assembler', async () => {
  const outfile = path.join(temporaryFolder(), 'kernel.mjs');
  const entry = inRoot('src', 'daemon', 'similarity', 'loadKernel.ts');
  const { metafile } = await esbuild.build({
    absWorkingDir: inRoot(),
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    metafile: true,
    plugins: [assembledKernel],
  });
  expect(Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'))).toEqual([]);
  expect(Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external))).toEqual(
    [],
  );
  const { loadKernel } = (await import(pathToFileURL(outfile).href)) as {
    loadKernel: () => Promise<{ readonly name: string }>;
  };
  expect((await loadKernel()).name).toBe('wasm');
});
