import { bmvbhash } from 'blockhash-core';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import sharp from 'sharp';
import { silentLogger } from '../src/daemon/base/logger.ts';
import { DecoderPool } from '../src/daemon/library/decoderPool.ts';
import { table } from '../tools/table.ts';
import { renderBenchPhotos } from './support/benchPhotos.ts';

// What indexing a photo costs in CPU time, against decoding it in full and hashing that, and against the fastest scaled
// decode there is. Photos in HEIC, which only a folder of one's own can have, are counted apart.
// Usage: node bench/index.ts [--json] [DIR with JPEGs]

const { values: options, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Times that every photo goes through every method; the methods take turns. */
const rounds = 3;
const warmUp = 3;

/**
 * At most this part of what a full decode with blockhash-core costs, and this many times what djpeg costs plus the
 * milliseconds that the features of look-alikes may take.
 */
const goals = { fullDecode: 0.4, djpeg: 1.8, features: 3 };

interface Method {
  what: string;
  /** CPU time for all files, in milliseconds. */
  run: (files: readonly string[]) => Promise<number>;
}

const run = promisify(execFile);

/** CPU time of this process in milliseconds. */
function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What the library does: one read and one decode in decoder processes; their time and ours. */
function pipeline(pool: DecoderPool): Method {
  return {
    what: 'our pipeline (SHA-256, EXIF, thumbnail, blockhash, features)',
    async run(files) {
      const before = ownTime() + pool.cpu / 1000;
      const waiting = [...files];
      const work = async (): Promise<void> => {
        for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
          const decoded = await pool.decode(file);
          if (decoded.kind !== 'photo' || decoded.facts.blockhash === null) {
            throw new Error(`${file} was not decoded: ${JSON.stringify(decoded)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: pool.size }, work));
      return ownTime() + pool.cpu / 1000 - before;
    },
  };
}

const fullDecode: Method = {
  what: 'full decode + blockhash-core',
  async run(files) {
    const before = ownTime();
    for (const file of files) {
      const { data, info } = await sharp(file).autoOrient().ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      bmvbhash({ width: info.width, height: info.height, data }, 16);
    }
    return ownTime() - before;
  },
};

const djpeg: Method = {
  what: 'djpeg -scale 1/8 (libjpeg-turbo)',
  async run(files) {
    // The shell's `times` is the one portable way to the CPU time of child processes: its second line is theirs.
    const script = 'for f in "$@"; do djpeg -scale 1/8 -outfile /dev/null "$f" || exit 1; done; times';
    const { stdout } = await run('sh', ['-c', script, 'sh', ...files]);
    const times =
      stdout
        .trim()
        .split('\n')
        .at(-1)
        ?.matchAll(/(\d+)m([\d.]+)s/g) ?? [];
    return [...times].reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000, 0);
  },
};

async function hasDjpeg(): Promise<boolean> {
  return run('sh', ['-c', 'command -v djpeg']).then(
    () => true,
    () => false,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** CPU milliseconds for one photo by each method: the median of the rounds, in which the methods take turns. */
async function measure(methods: readonly Method[], files: readonly string[]): Promise<number[]> {
  for (const method of methods) await method.run(files.slice(0, warmUp));
  const times = methods.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [n, method] of methods.entries()) times[n]?.push((await method.run(files)) / files.length);
  }
  return times.map(median);
}

async function megapixels(files: readonly string[]): Promise<number> {
  let pixels = 0;
  for (const file of files) {
    const { width, height } = await sharp(file).metadata();
    pixels += width * height;
  }
  return pixels / files.length / 1e6;
}

function photosIn(folder: string, named: RegExp): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => named.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

async function main(): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'photos-bench-'));
  const pool = new DecoderPool(silentLogger);
  try {
    const [folder] = positionals;
    const files = folder === undefined ? await renderBenchPhotos(temporary) : photosIn(folder, /\.jpe?g$/i);
    if (files.length === 0) throw new Error(`There are no JPEGs in ${folder}.`);
    const heics = folder === undefined ? [] : photosIn(folder, /\.hei[cf]$/i);
    const methods = [pipeline(pool), fullDecode, ...((await hasDjpeg()) ? [djpeg] : [])];
    const [ours = Number.NaN, full = Number.NaN, scaled] = await measure(methods, files);
    const [heic = null] = heics.length === 0 ? [] : await measure([pipeline(pool)], heics);
    const ratios = { fullDecode: ours / full, djpeg: scaled === undefined ? null : ours / scaled };
    const facts = { photos: files.length, megapixels: await megapixels(files), rounds };
    const cpuMs = { pipeline: ours, fullDecode: full, djpeg: scaled ?? null, heic };
    if (options.json) {
      console.log(JSON.stringify({ bench: 'index', facts, cpuMs, ratios, goals }));
      return;
    }
    const rows = [
      [methods[0]?.what ?? '', ours.toFixed(1), '', ''],
      [fullDecode.what, full.toFixed(1), ratios.fullDecode.toFixed(2), `<= ${goals.fullDecode}`],
      scaled === undefined
        ? [djpeg.what, 'not installed', '', '']
        : [djpeg.what, scaled.toFixed(1), (ours / scaled).toFixed(2), `<= ${goals.djpeg} and ${goals.features} ms`],
    ];
    if (heic !== null) rows.push([`our pipeline, ${heics.length} HEIC`, heic.toFixed(1), '', '']);
    console.log(table(['what', 'CPU ms a photo', 'ours / it', 'goal'], rows));
    console.log(`${facts.photos} JPEGs of ${facts.megapixels.toFixed(1)} megapixels, median of ${rounds} rounds`);
  } finally {
    pool[Symbol.dispose]();
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

await main();
