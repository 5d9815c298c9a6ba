import { describe, expect, test } from 'vitest';
import { exportViolations, findCircle, violations } from './rules.ts';
import { parseModule, readSources } from './sources.ts';

describe('the sources', () => {
  const modules = readSources();

  test('are found', () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(modules.length);
  });

  test('import along the arrows only', () => {
    expect(violations(modules)).toEqual([]);
  });

  test('import only modules that exist', () => {
    const files = new Set(modules.map(({ file }) => file));
    const missing = modules.flatMap(({ file, imports }) =>
      imports
        .filter((one) => one.module !== undefined && !files.has(one.module))
        .map((one) => `${file}: ${one.specifier}`),
    );
    expect(missing).toEqual([]);
  });

  test('have no circles', () => {
    expect(findCircle(modules)).toBeUndefined();
  });

  test('have no default exports and no barrel files', () => {
    expect(modules.flatMap(exportViolations)).toEqual([]);
  });
});

describe('the rules', () => {
  test.each([
    ['daemon/library/scan.ts', `import * as vscode from 'vscode';`],
    ['client/connection.ts', `import type { Uri } from 'vscode';`],
    ['protocol/photo.ts', `import { x } from '../client/types.ts';`],
    ['protocol/photo.ts', `import type {\n  X,\n} from '../daemon/base/tasks.ts';`],
    ['daemon/library/scan.ts', `import { x } from '../network/node.ts';`],
    ['daemon/network/node.ts', `import { x } from '../catalogue/catalogue.ts';`],
    ['daemon/base/tasks.ts', `import { x } from '../library/library.ts';`],
    ['daemon/catalogue/catalogue.ts', `export type { X } from '../transfer/fetcher.ts';`],
    ['daemon/control/server.ts', `import { x } from '../daemon.ts';`],
    ['cli/main.ts', `import { x } from '../session/session.ts';`],
    ['cli/main.ts', `import { DatabaseSync } from 'node:sqlite';`],
    ['client/launch.ts', `import { x } from '../daemon/base/tasks.ts';`],
    ['extension.ts', `const { default: sharp } = await import('sharp');`],
    ['views/peersTree.ts', `import { createLibp2p } from 'libp2p';`],
    ['commands/photos.ts', `import { x } from '../views/gallery/grid.ts';`],
    ['views/gallery/grid.ts', `import { x } from '../../protocol/photo.ts';`],
    ['views/gallery/grid.ts', `import fs from 'node:fs';`],
    ['helpers/things.ts', ``],
    ['things.ts', ``],
  ])('refuse in %s: %s', (file, code) => {
    expect(violations([parseModule(file, code)])).toHaveLength(1);
  });

  test.each([
    ['extension.ts', `import * as vscode from 'vscode';\nimport { x } from './views/peersTree.ts';`],
    ['views/gallery/grid.ts', `import type { x } from '../../protocol/gallery.ts';\nimport { y } from './layout.ts';`],
    ['daemon/main.ts', `import { x } from './control/server.ts';\nimport { y } from './daemon.ts';`],
    ['daemon/transfer/fetcher.ts', `import { x } from '../network/node.ts';\nimport 'libp2p';`],
  ])('allow in %s: %s', (file, code) => {
    expect(violations([parseModule(file, code)])).toEqual([]);
  });

  test('see a circle of types', () => {
    const modules = [
      parseModule('client/a.ts', `import type { B } from './b.ts';`),
      parseModule('client/b.ts', `export const b = 1;\nimport type {\n  C,\n} from './c.ts';`),
      parseModule('client/c.ts', `import { a } from './a.ts';`),
    ];
    expect(findCircle(modules)).toEqual(['client/a.ts', 'client/b.ts', 'client/c.ts', 'client/a.ts']);
    expect(findCircle(modules.slice(0, 2))).toBeUndefined();
  });

  test.each([
    'export default function run() {}',
    'export { run as default };',
    `export * from './b.ts';`,
    `export { b } from './b.ts';`,
    `export type { B } from './b.ts';`,
  ])('refuse %s', (code) => {
    expect(exportViolations(parseModule('client/a.ts', code))).toHaveLength(1);
  });
});
