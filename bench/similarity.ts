import { randomFillSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import { HashIndex } from '../src/daemon/similarity/hashIndex.ts';
import type { HashedPhoto } from '../src/daemon/similarity/hashTable.ts';
import type { Kernel } from '../src/daemon/similarity/kernel.ts';
import { loadKernel } from '../src/daemon/similarity/loadKernel.ts';
import { PlainKernel } from '../src/daemon/similarity/plainKernel.ts';
import { candidateDistance } from '../src/daemon/similarity/steps.ts';
import { hashBytes, windowCount } from '../src/protocol/features.ts';
import { table } from '../tools/table.ts';

// How long it takes to find candidates among many photos, by the kernel in WebAssembly against the one in plain JavaScript: a
// pair is 21 comparisons (whole with whole, whole with ten windows, ten windows with whole) in four orientations or eight. CPU time,
// which is what a person waits for on a machine with nothing else to do. `--all` also compares all pairs of 100,000, for minutes.

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, all: { type: 'boolean', default: false } },
});

/** Different bits up to which two photos are candidates. */
const limit = candidateDistance;
/** New photos that are searched for, one after the other; the median counts. */
const rounds = 15;
/** Milliseconds, for photos of which one is new or all are compared. */
const goals: Readonly<Record<string, number>> = {
  'one of 100000': 10,
  'all of 10000': 5_000,
  'all of 100000': 120_000,
};

const landscape = [1333, 1500, 1778];
const portrait = [750, 667, 563];
/** Of four photos one stands. */
const aspects = [...landscape, ...landscape, ...portrait.slice(0, 2), 1000, 1333, 1500, portrait[2] ?? 563];

interface Measurement {
  what: 'one' | 'all';
  photos: number;
  kernel: Kernel['name'];
  cpuMs: number;
  pairsPerSecond: number;
  /** In the index, for each photo. */
  bytesPerPhoto: number;
  goalMs: number | null;
}

function photoOf(key: number): HashedPhoto {
  const hashes = randomFillSync(new Uint8Array(windowCount * hashBytes));
  return { key, aspect: aspects[key % aspects.length] ?? 1000, hashes };
}

function fill(index: HashIndex, photos: number): void {
  for (let key = index.size; key < photos; key++) index.set(photoOf(key));
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU time of a search, in milliseconds. */
function timeOf(index: HashIndex, keys: Iterable<number>): number {
  const start = cpuTime();
  let done = 0;
  for (const step of index.search(keys, { limit })) done = step.done;
  if (done === 0) throw new Error('nothing was searched');
  return cpuTime() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function measured(what: 'one' | 'all', index: HashIndex, kernel: Kernel, cpuMs: number): Measurement {
  const photos = index.size;
  const pairs = what === 'one' ? photos - 1 : (photos * (photos - 1)) / 2;
  return {
    what,
    photos,
    kernel: kernel.name,
    cpuMs,
    pairsPerSecond: Math.round((pairs / cpuMs) * 1000),
    bytesPerPhoto: Math.round(index.bytes / photos),
    goalMs: kernel.name === 'wasm' ? (goals[`${what} of ${photos}`] ?? null) : null,
  };
}

function measureOne(index: HashIndex, kernel: Kernel): Measurement {
  const step = Math.floor(index.size / rounds);
  const times = Array.from({ length: rounds }, (_, round) => timeOf(index, [round * step]));
  return measured('one', index, kernel, median(times));
}

function measureAll(index: HashIndex, kernel: Kernel): Measurement {
  return measured(
    'all',
    index,
    kernel,
    timeOf(
      index,
      Array.from({ length: index.size }, (_, key) => key),
    ),
  );
}

function measure(kernel: Kernel): Measurement[] {
  const measurements: Measurement[] = [];
  const index = new HashIndex(kernel);
  fill(index, 10_000);
  // Compilers of JavaScript and WebAssembly get to know what matters.
  timeOf(
    index,
    Array.from({ length: 200 }, (_, key) => key),
  );
  measurements.push(measureOne(index, kernel), measureAll(index, kernel));
  fill(index, 100_000);
  measurements.push(measureOne(index, kernel));
  if (options.all && kernel.name === 'wasm') measurements.push(measureAll(index, kernel));
  fill(index, 1_000_000);
  measurements.push(measureOne(index, kernel));
  return measurements;
}

function row(measurement: Measurement, plain: readonly Measurement[]): string[] {
  const { what, photos, cpuMs, pairsPerSecond, bytesPerPhoto, goalMs } = measurement;
  const other = plain.find((one) => one.what === what && one.photos === photos);
  const count = photos.toLocaleString('en');
  return [
    what === 'one' ? `a photo against ${count}` : `all pairs of ${count}`,
    cpuMs.toFixed(1),
    (pairsPerSecond / 1e6).toFixed(1),
    other?.cpuMs.toFixed(1) ?? '',
    other === undefined ? '' : (other.cpuMs / cpuMs).toFixed(1),
    goalMs === null ? '' : goalMs.toString(),
    ((bytesPerPhoto * photos) / 2 ** 20).toFixed(0),
  ];
}

const kernel = await loadKernel();
const wasm = measure(kernel);
const plain = measure(new PlainKernel());
if (options.json) {
  console.log(JSON.stringify({ bench: 'similarity', limit, kernel: kernel.name, measurements: [...wasm, ...plain] }));
} else {
  const head = ['what', 'CPU ms', 'million pairs/s', 'plain JS ms', 'plain / it', 'about', 'index MiB'];
  console.log(
    table(
      head,
      wasm.map((one) => row(one, plain)),
    ),
  );
}
