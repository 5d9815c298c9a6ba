import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../build/build.ts';
import type { ServedFolder } from '../daemons.ts';
import { endDaemons, serveFolder } from '../daemons.ts';
import { openEditor } from '../demo/editor.ts';
import type { DemoFolder } from '../demo/folders.ts';
import { demoFolders, restoreFolders } from '../demo/folders.ts';
import { reportCollection, reportFetch, waitForOneCollection } from '../demo/report.ts';

const usage = `npm start -- [DIR…] [--once] [--no-code]

Shares photo folders of three friends on this computer, shows what they see, and opens the first one in VS Code.

  DIR…       your own folders; made ones take the place of those that are missing to three
  --once     end after the report
  --no-code  do not open VS Code`;

/** A person asked to end: no error. */
class Ended extends Error {}

await main();

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(usage);
    return;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Ended()));
  // Real path: where /tmp is a link, daemons would name their folders differently from us.
  const work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-start-')));
  const served: ServedFolder[] = [];
  let folders: DemoFolder[] = [];
  const home = path.join(work, 'home');
  try {
    console.log('Building …');
    await build({ development: false });
    folders = await demoFolders(positionals, path.join(work, 'photos'));
    explain(folders, home);
    await demonstrate({ folders, home, served, work, signal: stop.signal });
    const attended = process.stdin.isTTY && process.stdout.isTTY;
    if (attended && !values.once) await stayOpen(folders, home, work, !values['no-code'], stop.signal);
  } catch (error) {
    if (!(error instanceof Ended || stop.signal.aborted)) {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
  } finally {
    if (served.length > 0) console.log('\nThe daemons leave …');
    await Promise.all(served.map((one) => one.stop()));
    // Those that VS Code started in place of one that was stopped by hand.
    await endDaemons(home);
    restoreFolders(folders);
    await fs.promises.rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
  // Handlers of signals would keep the process alive.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeAllListeners(signal);
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      once: { type: 'boolean', default: false },
      'no-code': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

function explain(folders: readonly DemoFolder[], home: string): void {
  console.log(
    `\nA network of its own, with its state in ${home}: nothing of yours takes part but the folders you gave.`,
  );
  for (const { path: folder, name, given, sharedBefore } of folders) {
    const note = given && !sharedBefore ? ' (gets a folder .photo-organizer, which is removed at the end)' : '';
    console.log(`  ${name.padEnd(8)} ${folder}${note}`);
  }
}

interface Demonstration {
  readonly folders: readonly DemoFolder[];
  readonly home: string;
  /** Filled with the daemons as they are started. */
  readonly served: ServedFolder[];
  readonly work: string;
  readonly signal: AbortSignal;
}

async function demonstrate({ folders, home, served, work, signal }: Demonstration): Promise<void> {
  console.log('\nStarting a daemon for each …');
  for (const { path: folder, name } of folders) {
    signal.throwIfAborted();
    const one = await serveFolder({ folder, home, name });
    served.push(one);
    console.log(`  ${name.padEnd(8)} port ${one.ready.port}, ready after ${(one.startTime / 1000).toFixed(1)} s`);
  }
  const [first] = served;
  if (first === undefined) throw new Error('No daemon was started.');
  const started = performance.now();
  console.log('\nWaiting until they know one collection …');
  const photos = await waitForOneCollection(home, served, signal);
  console.log(`  ${photos} different photos after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  await reportCollection(home, first);
  await reportFetch(home, first, path.join(work, 'fetched'));
  console.log('\nDone: one collection, and a photo of a friend that is byte for byte the same here.');
}

async function stayOpen(
  folders: readonly DemoFolder[],
  home: string,
  work: string,
  withCode: boolean,
  signal: AbortSignal,
): Promise<void> {
  const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  const [first] = folders;
  if (!withCode || first === undefined) {
    console.log('\nThe daemons run until Ctrl+C.');
    await aborted;
    return;
  }
  const editor = await openEditor(first.path, path.join(work, 'code'), { PHOTO_ORGANIZER_HOME: home });
  try {
    console.log(`\n${editor.sentence}\n\nCtrl+C ends everything.`);
    await Promise.race([aborted, editor.closed]);
  } finally {
    await editor.close();
  }
}
