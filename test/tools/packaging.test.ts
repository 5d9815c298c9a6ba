import fs from 'node:fs';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { currentTarget, parseTarget, platformOf, targets } from '../../tools/packaging/target.ts';
import { inRoot } from '../../tools/paths.ts';

test('every target names packages that the lockfile knows for its platform', () => {
  const { packages } = v.parse(
    v.object({ packages: v.record(v.string(), v.object({ os: v.optional(v.unknown()) })) }),
    JSON.parse(fs.readFileSync(inRoot('package-lock.json'), 'utf8')),
  );
  for (const target of targets) {
    const { os, nativePackages } = platformOf(target);
    for (const name of nativePackages) expect(packages[`node_modules/${name}`]?.os).toEqual([os]);
  }
});

test('sharp without native code goes where VS Code’s own runtime needs it', () => {
  expect(targets.filter((target) => platformOf(target).needsWasm)).toEqual([
    'linux-x64',
    'linux-arm64',
    'alpine-x64',
    'alpine-arm64',
  ]);
});

test('a wrong target is refused with the names of the right ones', () => {
  expect(() => parseTarget('linux-mips')).toThrow(/linux-x64, linux-arm64/);
  expect(targets).toContain(currentTarget());
});
