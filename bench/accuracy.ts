import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { similaritySteps } from '../src/protocol/control.ts';
import { lookAlikeFeatures } from '../src/daemon/similarity/lookAlikeFeatures.ts';
import { candidateDistance, stepThresholds } from '../src/daemon/similarity/steps.ts';
import { renderScene, scenes } from '../tools/sampleScenes.ts';
import { table } from '../tools/table.ts';
import { differentBits } from './support/bits.ts';
import { candidateOf, comparable, queryOf, scoreOf } from './support/fullScheme.ts';
import type { Comparable } from './support/fullScheme.ts';
import { oneStageFinders } from './support/oneStage.ts';
import type { OneStage } from './support/oneStage.ts';
import { rasterOf } from './support/rasters.ts';
import { decodeUpright, transformations } from './support/variants.ts';

// Which look-alikes are found, and what is taken for one that is not: 40 variants of photos, against their originals and
// against all other photos. Usage: node bench/accuracy.ts [--json] [--variants N] [DIR... with distinct photos]

const { values: options, positionals: folders } = parseArgs({
  options: { json: { type: 'boolean', default: false }, variants: { type: 'string', default: '60' } },
  allowPositionals: true,
});

/** Photos that variants are made of, at most. */
const mostOriginals = Number(options.variants);
if (!Number.isInteger(mostOriginals) || mostOriginals < 1)
  throw new Error('--variants is a number of photos, 1 or more.');

/** Pictures that are drawn when no folder is given. */
const drawn = { count: 60, width: 1600, height: 1200 };

/** Files that one run of a finder gets. */
const batch = 100;

const precisionGoal = 0.999;
const goals = { all: 0.98, core: 0.995, precision: precisionGoal, falsePairs: 0 };

/** The table of thresholds: different bits of candidates, and scores of their alignment. */
const distances = [64, 72, 76, 80, 84, 88];
const scores = [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85];

/** A photo that was transformed. */
interface Original {
  /** Its place among all photos. */
  readonly photo: number;
  /** Its variants, by transformation. */
  readonly files: readonly string[];
}

/** What one finder made of it all, at one threshold. */
interface Result {
  readonly name: string;
  readonly threshold: string;
  /** Parts from 0 to 1. */
  readonly core: number;
  readonly all: number;
  readonly precision: number;
  readonly byTransformation: readonly number[];
  /** Pairs of distinct photos that it takes for look-alikes. */
  readonly falsePairs: number;
  /** For a photo: reading, decoding, hashing. */
  readonly cpuMs: number;
}

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp|avif|tiff?)$/i.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

async function drawPhotos(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (let seed = 1; seed <= drawn.count; seed++) {
    const scene = scenes[seed % scenes.length] ?? scenes[0];
    const { data, info } = await renderScene(scene, seed, drawn.width, drawn.height);
    const file = path.join(folder, `${String(seed).padStart(3, '0')}-${scene}.jpg`);
    await sharp(data, { raw: info }).jpeg({ quality: 88 }).toFile(file);
    files.push(file);
  }
  return files;
}

/** Writes the variants of photos that are spread evenly over all. */
async function makeVariants(photos: readonly string[], count: number, folder: string): Promise<Original[]> {
  const originals: Original[] = [];
  for (let n = 0; n < Math.min(count, photos.length); n++) {
    const photo = Math.floor((n * photos.length) / Math.min(count, photos.length));
    const pixels = await decodeUpright(photos[photo] ?? '');
    const files: string[] = [];
    for (const [index, { make }] of transformations.entries()) {
      const file = path.join(folder, `${photo}-${index}`);
      fs.writeFileSync(file, await make(pixels));
      files.push(file);
    }
    originals.push({ photo, files });
    progress(`variants of ${n + 1} photos`);
  }
  return originals;
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}

/** By transformation, how many of the right pairs were found, as parts; and over core and all. */
function recallOf(found: readonly number[], originals: number): Pick<Result, 'core' | 'all' | 'byTransformation'> {
  const byTransformation = found.map((count) => count / originals);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    core: mean(byTransformation.filter((_, index) => transformations[index]?.core)),
    all: mean(byTransformation),
    byTransformation,
  };
}

function precisionOf(found: readonly number[], wrong: number): number {
  const right = found.reduce((sum, count) => sum + count, 0);
  return right + wrong === 0 ? 1 : right / (right + wrong);
}

/** How often each number of different bits occurs. */
type Histogram = number[];

function upTo(histogram: Histogram, bits: number): number {
  return histogram.slice(0, bits + 1).reduce((sum, count) => sum + count, 0);
}

/** A finder by one hash, at the threshold with the most recall at the precision that is asked for. */
async function measureOneStage(
  finder: OneStage,
  photos: readonly string[],
  originals: readonly Original[],
): Promise<Result> {
  progress(finder.name);
  let cpuMs = 0;
  let hashed = 0;
  const hash = async (files: readonly string[]): Promise<(Int32Array | undefined)[]> => {
    const result: (Int32Array | undefined)[] = [];
    for (let at = 0; at < files.length; at += batch) {
      const part = await finder.hashes(files.slice(at, at + batch));
      cpuMs += part.cpuMs;
      hashed += part.hashes.length;
      for (const bytes of part.hashes) {
        result.push(bytes === null ? undefined : new Int32Array(Uint8Array.from(bytes).buffer));
      }
    }
    return result;
  };
  const hashes = await hash(photos);
  // The time that counts is that of the photos; their variants are small or of odd formats.
  const photoMs = cpuMs / hashed;
  const right: Histogram[] = transformations.map(() => []);
  const wrong: Histogram = [];
  const distinct: Histogram = [];
  const count = (histogram: Histogram, a: Int32Array | undefined, b: Int32Array | undefined): void => {
    if (a === undefined || b === undefined) return;
    const bits = differentBits(a, 0, b, 0, a.length);
    histogram[bits] = (histogram[bits] ?? 0) + 1;
  };
  for (const { photo, files } of originals) {
    for (const [index, variant] of (await hash(files)).entries()) {
      for (const [other, original] of hashes.entries()) {
        count(other === photo ? (right[index] ?? []) : wrong, variant, original);
      }
    }
  }
  for (const [n, a] of hashes.entries()) for (const b of hashes.slice(0, n)) count(distinct, a, b);
  for (const histogram of [...right, wrong, distinct]) {
    for (let bits = 0; bits <= 256; bits++) histogram[bits] ??= 0;
  }
  let best = -1;
  for (let bits = 0; bits <= 256; bits++) {
    const found = right.map((histogram) => upTo(histogram, bits));
    if (precisionOf(found, upTo(wrong, bits)) >= precisionGoal) best = bits;
  }
  const found = right.map((histogram) => upTo(histogram, best));
  return {
    name: finder.name,
    threshold: best < 0 ? 'none' : `${best} bits`,
    ...recallOf(found, originals.length),
    precision: precisionOf(found, upTo(wrong, best)),
    falsePairs: upTo(distinct, best),
    cpuMs: photoMs,
  };
}

/** Two photos whose hashes are near each other. */
interface Compared {
  readonly distance: number;
  readonly score: number;
}

interface FullScheme {
  readonly right: readonly (readonly Compared[])[];
  readonly wrong: readonly Compared[];
  readonly distinct: readonly (Compared & { a: number; b: number })[];
  readonly flat: number;
  readonly photoMs: number;
  readonly featuresMs: number;
  readonly alignMs: number;
}

/** CPU time of this process in milliseconds. */
function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function measureFullScheme(photos: readonly string[], originals: readonly Original[]): Promise<FullScheme> {
  const most = Math.max(...distances);
  let featuresMs = 0;
  let alignMs = 0;
  let aligned = 0;
  const load = async (file: string): Promise<Comparable | undefined> => {
    const raster = await rasterOf(fs.readFileSync(file));
    const before = ownTime();
    const features = comparable(lookAlikeFeatures(raster));
    featuresMs += ownTime() - before;
    return features;
  };
  const started = ownTime();
  const loaded: (Comparable | undefined)[] = [];
  for (const file of photos) loaded.push(await load(file));
  const photoMs = (ownTime() - started) / photos.length;
  const featuresEach = featuresMs / photos.length;
  const compare = (a: ReturnType<typeof queryOf>, b: Comparable): Compared | undefined => {
    const candidate = candidateOf(a, b, most);
    if (candidate === undefined) return undefined;
    const before = ownTime();
    const score = scoreOf(a, b, candidate);
    alignMs += ownTime() - before;
    aligned++;
    return { distance: candidate.distance, score };
  };
  const right: Compared[][] = transformations.map(() => []);
  const wrong: Compared[] = [];
  for (const [n, { photo, files }] of originals.entries()) {
    progress(`comparing the variants of ${n + 1} photos`);
    for (const [index, file] of files.entries()) {
      const variant = await load(file);
      if (variant === undefined) continue;
      const query = queryOf(variant);
      for (const [other, original] of loaded.entries()) {
        const pair = original && compare(query, original);
        if (pair) (other === photo ? right[index] : wrong)?.push(pair);
      }
    }
  }
  const distinct: (Compared & { a: number; b: number })[] = [];
  for (const [a, photo] of loaded.entries()) {
    progress(`comparing ${a + 1} photos with each other`);
    if (photo === undefined) continue;
    const query = queryOf(photo);
    for (let b = 0; b < a; b++) {
      const other = loaded[b];
      const pair = other && compare(query, other);
      if (pair) distinct.push({ ...pair, a, b });
    }
  }
  const flat = loaded.filter((photo) => photo === undefined).length;
  return { right, wrong, distinct, flat, photoMs, featuresMs: featuresEach, alignMs: alignMs / Math.max(1, aligned) };
}

function resultOf(scheme: FullScheme, originals: number, name: string, distance: number, score: number): Result {
  const accepted = (pair: Compared): boolean => pair.distance <= distance && pair.score >= score;
  const found = scheme.right.map((pairs) => pairs.filter(accepted).length);
  return {
    name,
    threshold: `${distance} bits, ${score}`,
    ...recallOf(found, originals),
    precision: precisionOf(found, scheme.wrong.filter(accepted).length),
    falsePairs: scheme.distinct.filter(accepted).length,
    cpuMs: scheme.photoMs,
  };
}

function percent(value: number): string {
  return (100 * value).toFixed(2);
}

/** Groups that the pairs make, a photo with all that match it. */
function groupsOf(pairs: readonly { a: number; b: number }[]): number {
  const group = new Map<number, Set<number>>();
  for (const { a, b } of pairs) {
    const joined = new Set([...(group.get(a) ?? [a]), ...(group.get(b) ?? [b])]);
    for (const photo of joined) group.set(photo, joined);
  }
  return new Set(group.values()).size;
}

function print(photos: readonly string[], originals: number, scheme: FullScheme, results: readonly Result[]): void {
  const summary = results.map((result) => [
    result.name,
    result.threshold,
    percent(result.core),
    percent(result.all),
    percent(result.precision),
    String(result.falsePairs),
    result.cpuMs.toFixed(1),
  ]);
  const head = ['what', 'threshold', 'core %', 'all %', 'precision %', 'false pairs', 'CPU ms a photo'];
  console.log(table(head, summary));
  console.log(
    `\nRecall of ${transformations.length} variants of ${originals} photos among ${photos.length} (${scheme.flat} flat), one-stage finders at the most recall with a precision of ${percent(precisionGoal)} %.\nGoals: core ${percent(goals.core)}, all ${percent(goals.all)}, precision ${percent(goals.precision)}, ${goals.falsePairs} false pairs.\n`,
  );
  const shown = results.filter(({ name }) => !/strict|loose/.test(name));
  console.log(
    table(
      ['transformation', '', ...shown.map(({ name }) => name)],
      transformations.map(({ name, core }, index) => [
        name,
        core ? 'core' : '',
        ...shown.map(({ byTransformation }) => percent(byTransformation[index] ?? 0)),
      ]),
    ),
  );
  console.log(
    '\nRecall over all, with wrong pairs / false pairs of distinct photos, by bits of candidates and least score:\n',
  );
  console.log(
    table(
      ['bits', 'candidates', ...scores.map(String)],
      distances.map((distance) => [
        String(distance),
        candidatesPerPhoto(scheme, distance, photos.length).toFixed(2),
        ...scores.map((score) => rocCell(scheme, originals, distance, score)),
      ]),
    ),
  );
  console.log(
    `\nCandidates: of distinct photos, for each photo. Features: ${scheme.featuresMs.toFixed(2)} CPU ms a photo without decoding; alignment: ${scheme.alignMs.toFixed(2)} a pair.`,
  );
  const falsePairs = falsePairsOf(scheme);
  console.log(`False groups among the distinct photos at normal: ${groupsOf(falsePairs)}.`);
  for (const { a, b, score } of falsePairs.slice(0, 20)) {
    console.log(`  ${score.toFixed(2)} ${path.basename(photos[a] ?? '')} ${path.basename(photos[b] ?? '')}`);
  }
}

function falsePairsOf({ distinct }: FullScheme): FullScheme['distinct'] {
  return distinct
    .filter(({ distance, score }) => distance <= candidateDistance && score >= stepThresholds.normal)
    .toSorted((a, b) => b.score - a.score);
}

function candidatesPerPhoto({ distinct }: FullScheme, distance: number, photos: number): number {
  return (2 * distinct.filter((pair) => pair.distance <= distance).length) / photos;
}

function rocCell(scheme: FullScheme, originals: number, distance: number, score: number): string {
  const { all, falsePairs } = resultOf(scheme, originals, '', distance, score);
  const wrong = scheme.wrong.filter((pair) => pair.distance <= distance && pair.score >= score).length;
  return `${percent(all)} ${wrong}/${falsePairs}`;
}

async function main(): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'photos-bench-'));
  try {
    const found = folders.length === 0 ? await drawPhotos(temporary) : folders.flatMap(filesIn);
    const photos: string[] = [];
    for (const file of found) {
      const readable = await rasterOf(fs.readFileSync(file)).then(
        () => true,
        () => false,
      );
      if (readable) photos.push(file);
    }
    if (photos.length < 2) throw new Error('There are no photos to compare.');
    const originals = await makeVariants(photos, mostOriginals, temporary);
    const scheme = await measureFullScheme(photos, originals);
    const results: Result[] = [];
    for (const step of similaritySteps) {
      results.push(resultOf(scheme, originals.length, `ours, ${step}`, candidateDistance, stepThresholds[step]));
    }
    for (const finder of await oneStageFinders()) results.push(await measureOneStage(finder, photos, originals));
    progress('');
    if (options.json) {
      const facts = {
        photos: photos.length,
        originals: originals.length,
        flat: scheme.flat,
        unreadable: found.length - photos.length,
      };
      const candidates = candidatesPerPhoto(scheme, candidateDistance, photos.length);
      const cpuMs = { features: scheme.featuresMs, alignment: scheme.alignMs };
      const names = transformations.map(({ name }) => name);
      const roc = distances.map((distance) => ({
        distance,
        points: scores.map((score) => ({ score, ...resultOf(scheme, originals.length, '', distance, score) })),
      }));
      const falseGroups = groupsOf(falsePairsOf(scheme));
      console.log(
        JSON.stringify({
          bench: 'accuracy',
          facts,
          transformations: names,
          results,
          roc,
          candidates,
          cpuMs,
          falseGroups,
          goals,
        }),
      );
      return;
    }
    print(photos, originals.length, scheme, results);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

await main();
