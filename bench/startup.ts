import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import sharp from 'sharp';
import * as v from 'valibot';
import { build } from '../tools/build/build.ts';
import { readManifest } from '../tools/build/bundles.ts';
import { ask, serveFolder } from '../tools/daemons.ts';
import { inRoot, root } from '../tools/paths.ts';
import { renderScene, scenes } from '../tools/sampleScenes.ts';
import { table } from '../tools/table.ts';

// How long it takes until the daemon is ready and until the extension is active, and how large the bundles are.
// Usage: node bench/startup.ts [--json]

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const run = promisify(execFile);

/** Photos in the larger folder. */
const photos = 300;
/** Times that everything is measured; all ways take turns, the median counts. */
const rounds = 5;
const editorRounds = 3;

/** Milliseconds, and how many times those of what they are compared with. */
interface Figure {
  readonly what: string;
  readonly ms: number;
  readonly ratio: number;
}

const StatusSchema = v.object({
  scanning: v.nullable(v.unknown()),
  photos: v.object({ local: v.number() }),
});

const work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'photos-bench-')));
try {
  const sizes = await build({ development: false });
  const daemon = await measureDaemon();
  const extension = await measureExtension();
  if (options.json) {
    console.log(JSON.stringify({ bench: 'startup', photos, daemon, extension, sizes }));
  } else {
    const rows = (figures: readonly Figure[]) =>
      figures.map(({ what, ms, ratio }) => [what, ms.toFixed(0), `${ratio.toFixed(1)} x`]);
    console.log(table(['until the daemon is ready', 'ms', 'of Node.js itself'], rows(daemon)));
    console.log(`\n${table(['until the extension is active', 'ms', 'of an empty one'], rows(extension))}`);
    const limits = sizes.map(({ file, bytes, limit }) => [
      file,
      (bytes / 1024).toFixed(1),
      limit === null ? '' : (limit / 1024).toFixed(0),
    ]);
    console.log(`\n${table(['bundle', 'KiB', 'at most'], limits)}`);
  }
} finally {
  await fs.promises.rm(work, { recursive: true, force: true, maxRetries: 5 });
}

/** From the start of the command until it says that it is ready, against a Node.js that does nothing. */
async function measureDaemon(): Promise<Figure[]> {
  const empty = path.join(work, 'empty');
  const full = path.join(work, 'full');
  fs.mkdirSync(empty);
  await renderPhotos(full);
  const times = { node: [] as number[], empty: [] as number[], cold: [] as number[], warm: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    await run(process.execPath, ['-e', '0']);
    times.node.push(performance.now() - started);
    times.empty.push(await readyTime(empty, `empty-${round}`));
    times.cold.push(await readyTime(full, `full-${round}`));
    // The state folder of the line above knows the photos.
    times.warm.push(await readyTime(full, `full-${round}`));
  }
  const node = median(times.node);
  return [
    { what: 'folder without photos', ms: median(times.empty) },
    { what: `${photos} photos, none of them known`, ms: median(times.cold) },
    { what: `${photos} photos, all of them known`, ms: median(times.warm) },
  ].map(({ what, ms }) => ({ what, ms, ratio: ms / node }));
}

/** Milliseconds; the daemon leaves when it knows all photos of the folder. */
async function readyTime(folder: string, state: string): Promise<number> {
  const home = path.join(work, state);
  await using served = await serveFolder({ folder, home, name: 'Bench' });
  const count = fs.readdirSync(folder).filter((name) => name.endsWith('.jpg')).length;
  for (const deadline = Date.now() + 180_000; ; await delay(200)) {
    const status = v.parse(StatusSchema, await ask(home, folder, ['status']));
    if (status.scanning === null && status.photos.local === count) return served.startTime;
    if (Date.now() > deadline) throw new Error(`The daemon did not read ${folder} within three minutes.`);
  }
}

async function renderPhotos(folder: string): Promise<void> {
  fs.mkdirSync(folder);
  for (let n = 0; n < photos; n += 1) {
    const { data, info } = await renderScene(scenes[n % scenes.length] ?? 'sea', n, 480, 320);
    await sharp(data, { raw: info })
      .jpeg()
      .toFile(path.join(folder, `IMG_${n}.jpg`));
  }
}

/** In the extension host of a real VS Code: the extension, against one that does nothing. */
async function measureExtension(): Promise<Figure[]> {
  const { publisher, name } = readManifest();
  const [own, nothing] = [`${publisher}.${name}`, 'bench.nothing'];
  const extensions = path.join(work, 'extensions');
  const emptyExtension = path.join(extensions, `${nothing}-1.0.0`);
  const folder = path.join(work, 'not-shared');
  const result = path.join(work, 'activation.json');
  fs.mkdirSync(folder);
  fs.mkdirSync(emptyExtension, { recursive: true });
  fs.writeFileSync(
    path.join(emptyExtension, 'package.json'),
    JSON.stringify({
      name: 'nothing',
      publisher: 'bench',
      version: '1.0.0',
      engines: { vscode: '^1.101.0' },
      main: './main.js',
    }),
  );
  fs.writeFileSync(path.join(emptyExtension, 'main.js'), 'exports.activate = () => {};\n');
  const times = { own: [] as number[], nothing: [] as number[] };
  for (let round = 0; round < editorRounds; round += 1) {
    await run(
      process.execPath,
      [
        inRoot('tools', 'vscodeHost', 'codeHost.ts'),
        folder,
        `--extensionTestsPath=${inRoot('bench', 'support', 'activation.cjs')}`,
        `--extensionDevelopmentPath=${root}`,
        `--extensions-dir=${extensions}`,
        `--user-data-dir=${path.join(work, `data-${round}`)}`,
      ],
      {
        env: {
          ...process.env,
          PHOTO_ORGANIZER_HOME: path.join(work, 'editor-state'),
          PHOTO_ORGANIZER_BENCH_EXTENSIONS: JSON.stringify(round % 2 === 0 ? [nothing, own] : [own, nothing]),
          PHOTO_ORGANIZER_BENCH_RESULT: result,
        },
      },
    );
    const measured = v.parse(v.record(v.string(), v.number()), JSON.parse(fs.readFileSync(result, 'utf8')));
    times.own.push(measured[own] ?? Number.NaN);
    times.nothing.push(measured[nothing] ?? Number.NaN);
  }
  return [{ what: own, ms: median(times.own), ratio: median(times.own) / median(times.nothing) }];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
