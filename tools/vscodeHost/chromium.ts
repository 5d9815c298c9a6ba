import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome.exe', 'msedge.exe'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Path of an installed Chromium: `CHROMIUM_PATH`, else one on PATH or in the usual places; undefined when there is none. */
export function findChromium(): string | undefined {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen) return chosen;
  const directories = (process.env['PATH'] ?? '').split(path.delimiter).filter((directory) => directory !== '');
  const candidates = names.flatMap((name) => directories.map((directory) => path.join(directory, name)));
  return [...candidates, ...places].find((file) => fs.existsSync(file));
}

/**
 * Finds Chromium, installing it where that needs no question: as root on Debian.
 * @throws Error with a sentence that says what to install
 */
export function provideChromium(): string {
  const found = findChromium();
  if (found !== undefined) return found;
  const sentence =
    'The tests in a real VS Code window need Chromium: install Chromium or Chrome (or name one by CHROMIUM_PATH) and run the command again.';
  if (!isDebian() || process.getuid?.() !== 0) throw new Error(sentence);
  console.log('Installing Chromium with apt-get, for the tests in a real VS Code window.');
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
  ]) {
    const { status, stdout, stderr } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 8 * 60_000,
    });
    if (status !== 0) throw new Error(`apt-get ${args[0]} failed:\n${stdout}${stderr}\n${sentence}`);
  }
  const installed = findChromium();
  if (installed === undefined) throw new Error(sentence);
  return installed;
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(fs.readFileSync('/etc/os-release', 'utf8'));
  } catch {
    // No such file: another system.
    return false;
  }
}

/** Starts a Chromium without a window that reaches nothing but this machine. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: provideChromium(),
    args: [
      // Chromium refuses its sandbox to root, as whom containers run.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}
