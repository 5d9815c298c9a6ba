import fs from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { inRoot } from '../../tools/paths.ts';

const Versions = v.record(v.string(), v.string());
const manifest = v.parse(
  v.object({
    license: v.string(),
    engines: v.object({ vscode: v.string(), node: v.string() }),
    dependencies: Versions,
    devDependencies: Versions,
    optionalDependencies: Versions,
  }),
  JSON.parse(fs.readFileSync(inRoot('package.json'), 'utf8')),
);
const lockText = fs.readFileSync(inRoot('package-lock.json'), 'utf8');

describe('package.json', () => {
  test('asks for the VS Code whose API the code is checked against', () => {
    expect(manifest.engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode']}`);
  });

  test('ships native packages only: everything else is bundled', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['@parcel/watcher', 'sharp']);
  });

  test('pins every version', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^(\d+\.\d+\.\d+(-[\w.]+)?|file:tools\/stubs\/\w+)$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('is MIT, as LICENSE is', () => {
    expect(manifest.license).toBe('MIT');
    expect(fs.readFileSync(inRoot('LICENSE'), 'utf8')).toMatch(/^MIT License/);
  });
});

describe('package-lock.json', () => {
  const { packages } = v.parse(
    v.object({
      packages: v.record(
        v.string(),
        v.object({
          integrity: v.optional(v.string()),
          resolved: v.optional(v.string()),
          link: v.optional(v.boolean()),
          dev: v.optional(v.boolean()),
          optional: v.optional(v.boolean()),
          os: v.optional(v.unknown()),
          optionalDependencies: v.optional(Versions),
        }),
      ),
    }),
    JSON.parse(lockText),
  );
  const installed = Object.entries(packages).filter(([location]) => location.startsWith('node_modules/'));

  test('names no registry', () => {
    const elsewhere = installed.filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('tools/stubs/'),
    );
    expect(elsewhere).toEqual([]);
    expect(lockText).not.toMatch(/"(resolved|version)": "(https?|git)/);
  });

  test('has every optional package, of all platforms: without, npm ci refuses to install anything', () => {
    const missing = installed.flatMap(([location, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !installed.some(([other]) => other.endsWith(`node_modules/${name}`)))
        .map((name) => `${location} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('has the hash of every package, but of a few of the linter for other platforms', () => {
    const unverified = installed.filter(
      ([location, { integrity, link, dev, optional, os }]) =>
        integrity === undefined &&
        link !== true &&
        !(dev && optional && os !== undefined && /^node_modules\/@oxlint(-tsgolint)?\//.test(location)),
    );
    expect(unverified.map(([location]) => location)).toEqual([]);
  });
});

describe('.npmrc', () => {
  test('keeps a newcomer’s own npm as it is: no registry, no paths, no credentials', () => {
    const settings = fs
      .readFileSync(inRoot('.npmrc'), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'));
    expect(settings.sort()).toEqual(['ignore-scripts=true', 'omit-lockfile-registry-resolved=true']);
  });
});
