import { bmvbhash } from 'blockhash-core';
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import { promisify } from 'node:util';
import imghash from 'imghash';
import sharp from 'sharp';
import sharpPhash from 'sharp-phash';
import { rasterOf } from './rasters.ts';

/** Finds look-alikes by the different bits of one hash a photo. */
export interface OneStage {
  readonly name: string;
  /** Hashes of files, null for those that it cannot read; and the CPU time that took, in milliseconds. */
  readonly hashes: (files: readonly string[]) => Promise<{ hashes: (Uint8Array | null)[]; cpuMs: number }>;
}

const run = promisify(execFile);
const blocks = 16;

/** What runs in this process, a file at a time. */
function here(name: string, hash: (bytes: Buffer) => Promise<Uint8Array>): OneStage {
  return {
    name,
    async hashes(files) {
      const before = process.cpuUsage();
      const hashes: (Uint8Array | null)[] = [];
      for (const file of files) {
        hashes.push(
          await fs
            .readFile(file)
            .then(hash)
            .catch(() => null),
        );
      }
      const { user, system } = process.cpuUsage(before);
      return { hashes, cpuMs: (user + system) / 1000 };
    },
  };
}

const blockhash = here('blockhash-core alone', async (bytes) => {
  const { width, height, channels, data } = await rasterOf(bytes);
  const raw = { raw: { width, height, channels } };
  const rgba = await sharp(data, raw).toColourspace('srgb').ensureAlpha().raw().toBuffer();
  return Buffer.from(bmvbhash({ width, height, data: rgba }, blocks), 'hex');
});

// Its types say that the function is a property of what is imported; it is what is imported.
const phash = sharpPhash as unknown as typeof sharpPhash.default;

const sharpPhashFinder = here('sharp-phash', async (bytes) => {
  const bits = await phash(bytes);
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2));
});

const imghashFinder = here('imghash', async (bytes) => Buffer.from(await imghash.hash(bytes, blocks), 'hex'));

/** A program of its own: many files in one run, as people use it. */
const findimagedupes: OneStage = {
  name: 'findimagedupes',
  async hashes(files) {
    // The second line that the shell's `times` prints is the CPU time of what it ran.
    const script = 'findimagedupes -q -q -n -v fp -- "$@"; times';
    const { stdout } = await run('sh', ['-c', script, 'sh', ...files], { maxBuffer: 64 * 1024 * 1024 });
    const lines = stdout.trimEnd().split('\n');
    const found = new Map<string, Uint8Array>();
    for (const line of lines) {
      const [, hash, file] = /^([A-Za-z0-9+/]{43}=) {2}(.*)$/.exec(line) ?? [];
      if (hash !== undefined && file !== undefined) found.set(file, Buffer.from(hash, 'base64'));
    }
    // It names what links lead to.
    const named = await Promise.all(files.map((file) => fs.realpath(file)));
    return { hashes: named.map((file) => found.get(file) ?? null), cpuMs: shellTime(lines.at(-1) ?? '') };
  },
};

/** `1m2.34s 0m0.50s` in milliseconds. */
function shellTime(line: string): number {
  const times = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000, 0);
}

/** Blockhash alone, and the peers that are installed. */
export async function oneStageFinders(): Promise<OneStage[]> {
  const installed = await run('sh', ['-c', 'command -v findimagedupes']).then(
    () => true,
    () => false,
  );
  return [blockhash, ...(installed ? [findimagedupes] : []), sharpPhashFinder, imghashFinder];
}
