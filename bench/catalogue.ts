import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCatalogue } from '../src/daemon/catalogue/catalogue.ts';
import type { Catalogue } from '../src/daemon/catalogue/catalogue.ts';
import { idBytes } from '../src/daemon/catalogue/holdingsRecord.ts';
import { silentLogger } from '../src/daemon/base/logger.ts';
import { decodeCbor } from '../src/daemon/base/cbor.ts';
import { decodePage, encodePage, parseRecord } from '../src/daemon/catalogue/holdingsRecord.ts';
import { digestBytes, featuresVersion, hashBytes, windowCount } from '../src/protocol/features.ts';
import type { HoldingRecord } from '../src/protocol/wire.ts';
import { table } from '../tools/table.ts';

// How fast the catalogue of a large network answers: 20 peers that hold 50,000 photos each, every photo twice.

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string', default: '20' },
    photos: { type: 'string', default: '50000' },
    copies: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const peers = Number(options.peers);
const photosPerPeer = Number(options.photos);
const copies = Number(options.copies);

/** Records applied in one transaction, as the replication does. */
const chunk = 50;
/** How often each question is asked; the median is reported. */
const rounds = 7;

interface Measurement {
  what: string;
  ms: number;
  /** What it should stay below; null where nothing was promised. */
  goal: number | null;
}

const cameras = ['Canon EOS 5D Mark III', 'Apple iPhone 13 Pro', 'NIKON D750', 'Pixel 8', null];

/** A photo of a made collection: the same number is always the same photo. */
function record(seq: number, photo: number, kind: 'o' | 'r'): HoldingRecord {
  const hash = createHash('sha256').update(`photo ${photo}`).digest();
  const day = new Date(Date.UTC(2004, 0, 1) + (hash.readUInt32LE(0) % (20 * 366 * 86_400)) * 1000);
  // One photo of twenty is a look-alike of another one.
  const blockhash = createHash('sha256')
    .update(`picture ${photo % 20 === 0 ? photo + 1 : photo}`)
    .digest();
  const taken = hash[4] === 0 ? null : day.toISOString().slice(0, 19);
  const size = 1_000_000 + (hash.readUInt32LE(8) % 9_000_000);
  const hashes = createHash('shake256', { outputLength: windowCount * hashBytes })
    .update(hash)
    .digest();
  const name = `IMG_${String(photo).padStart(7, '0')}.JPG`;
  const camera = cameras[photo % cameras.length] ?? null;
  return [
    seq,
    idBytes(hash.toString('hex')),
    [
      kind,
      name,
      size,
      6000,
      4000,
      'jpeg',
      blockhash,
      taken,
      camera,
      null,
      false,
      false,
      false,
      null,
      [featuresVersion, 1500, hash.subarray(0, digestBytes), hashes],
    ],
  ];
}

/** The log of one peer: its share of originals, and replicas of the shares of the next peers. */
function* log(peer: number): Generator<HoldingRecord> {
  const share = Math.ceil(photosPerPeer / copies);
  for (let seq = 1; seq <= photosPerPeer; seq++) {
    const owner = Math.floor((seq - 1) / share);
    yield record(seq, ((peer + owner) % peers) * share + ((seq - 1) % share), owner === 0 ? 'o' : 'r');
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function peerId(peer: number): string {
  return `12D3KooWbench${String(peer).padStart(12, '0')}`;
}

function load(catalogue: Catalogue): { total: number; longest: number } {
  let total = 0;
  let longest = 0;
  for (let peer = 1; peer < peers; peer++) {
    let part: HoldingRecord[] = [];
    const apply = (): void => {
      const page = { index: 'bench', records: part, last: part.at(-1)?.[0] ?? 0 };
      const took = timed(() => catalogue.applyRemote(peerId(peer), page));
      total += took;
      longest = Math.max(longest, took);
      part = [];
    };
    for (const each of log(peer)) {
      part.push(each);
      if (part.length === chunk) apply();
    }
    if (part.length > 0) apply();
  }
  return { total, longest };
}

/** Makes one photo of twenty a look-alike of another one, as the search would. */
function pairUp(catalogue: Catalogue): number {
  const whole = { left: 0, top: 0, right: 1, bottom: 1 };
  for (let photos = catalogue.uncompared(1000); photos.length > 0; photos = catalogue.uncompared(1000)) {
    const keys = photos.map(({ key }) => key);
    const candidates = keys.flatMap((a, n) => {
      const b = keys[n + 1];
      return n % 20 > 0 || b === undefined
        ? []
        : [{ a, b, distance: 12, orientation: 0 as const, windowA: 0, windowB: 0 }];
    });
    catalogue.addCandidates(keys, candidates);
  }
  let longest = 0;
  const alignment = { score: 0.95, orientation: 0 as const, cropA: whole, cropB: whole };
  for (let pairs = catalogue.openPairs(0, 0, 128); pairs.length > 0; pairs = catalogue.openPairs(0, 0, 128)) {
    const decided = pairs.map((pair) => ({ pair, alignment }));
    longest = Math.max(
      longest,
      timed(() => catalogue.closePairs(decided)),
    );
  }
  return longest;
}

function ownFacts(): Parameters<Catalogue['reconcileOwn']>[0] {
  return [...log(0)].map(([, id, statement]) => {
    const [, name, size, width, height, format, blockhash, takenAt, camera] =
      statement ?? (['o', '', 1, 0, 0, 'jpeg', null, null, null] as const);
    return {
      id: Buffer.from(id).toString('hex'),
      name,
      size,
      width,
      height,
      format,
      takenAt,
      camera,
      blockhash: blockhash === null ? null : Buffer.from(blockhash).toString('hex'),
      place: null,
      damaged: false,
      grey: false,
      motion: false,
      subsecond: null,
      features: null,
    };
  });
}

function measure(directory: string): { measurements: Measurement[]; facts: Record<string, number> } {
  const measurements: Measurement[] = [];
  const file = path.join(directory, 'catalogue.db');
  const deps = { logger: silentLogger };
  const catalogueOptions = { file, self: { peerId: peerId(0), name: 'bench 0' }, copies: 2 };
  let catalogue = openCatalogue(catalogueOptions, deps);
  try {
    const own = ownFacts();
    measurements.push({
      what: `own folder, ${photosPerPeer} photos: first time`,
      ms: timed(() => catalogue.reconcileOwn(own)),
      goal: null,
    });
    const { total, longest } = load(catalogue);
    measurements.push({
      what: `records of ${peers - 1} peers, per 1,000`,
      ms: (total / ((peers - 1) * photosPerPeer)) * 1000,
      goal: null,
    });
    measurements.push({ what: `longest block by ${chunk} records`, ms: longest, goal: null });
    measurements.push({ what: 'longest block by 128 decided pairs', ms: pairUp(catalogue), goal: null });
    catalogue[Symbol.dispose]();
    measurements.push({
      what: 'open again',
      ms: timed(() => (catalogue = openCatalogue(catalogueOptions, deps))),
      goal: null,
    });
    measurements.push({
      what: 'own folder: nothing changed',
      ms: timed(() => catalogue.reconcileOwn(own)),
      goal: null,
    });

    const everybody = new Set(Array.from({ length: peers }, (_, peer) => peerId(peer)));
    const photos = catalogue.totals().photos;
    const ask = (what: string, goal: number | null, question: () => unknown): void => {
      question();
      measurements.push({ what, ms: median(Array.from({ length: rounds }, () => timed(question))), goal });
    };
    ask('list: first 100', 50, () => catalogue.list({ limit: 100 }, everybody));
    ask('list: 100 from the middle', 50, () =>
      catalogue.list({ limit: 100, offset: Math.floor(photos / 2) }, everybody),
    );
    ask('list: 100 of one peer', 50, () => catalogue.list({ limit: 100, peer: peerId(3) }, everybody));
    ask('list: last 100 of one peer', 50, () =>
      catalogue.list({ limit: 100, offset: photosPerPeer - 100, peer: peerId(3) }, everybody),
    );
    ask('list: 100 by name', 50, () => catalogue.list({ limit: 100, sort: 'name' }, everybody));
    ask('list: 100 of a year', 50, () => catalogue.list({ limit: 100, after: '2012', before: '2013' }, everybody));
    ask('list: 100 of a month of one peer', 50, () =>
      catalogue.list({ limit: 100, month: '2012-07', peer: peerId(3) }, everybody),
    );
    ask('list: 100 with look-alikes', 50, () => catalogue.list({ limit: 100, duplicates: true }, everybody));
    ask('duplicates: first 100 groups', 200, () => catalogue.duplicates({ limit: 100 }, everybody));
    ask('list: first 10,000', null, () => catalogue.list({ limit: 10_000 }, everybody));
    ask('search: a rare name', 200, () => catalogue.list({ limit: 100, query: 'img_0004567' }, everybody));
    ask('search: a camera', 200, () => catalogue.list({ limit: 100, query: 'canon' }, everybody));
    ask('search: camera and year', 200, () => catalogue.list({ limit: 100, query: 'pixel 2012-07' }, everybody));
    ask('search: name, of one peer', 200, () =>
      catalogue.list({ limit: 100, query: '4567', peer: peerId(3) }, everybody),
    );
    ask('months of one peer', 50, () => catalogue.months({ peer: peerId(3) }));
    const changed = (what: string, question: () => unknown): void => {
      let seq = photosPerPeer;
      const change = (): void =>
        catalogue.applyRemote(peerId(1), {
          index: 'bench',
          records: [[++seq, record(0, -seq, 'o')[1], null]],
          last: seq,
        });
      measurements.push({
        what,
        ms: median(Array.from({ length: rounds }, () => (change(), timed(question)))),
        goal: 200,
      });
      catalogue.forgetHoldings(peerId(1), 0);
      catalogue.applyRemote(peerId(1), { index: 'bench', records: [], last: 0 });
    };
    changed('months after a change', () => catalogue.months({}));
    changed('totals after a change', () => catalogue.totals());
    const page = catalogue.ownSince('', 0, 1000);
    const payload = encodePage(page.records);
    ask('serve a page of 1,000: read', null, () => catalogue.ownSince('', 0, 1000));
    ask('serve a page of 1,000: encode', null, () => encodePage(page.records));
    ask('take a page of 1,000: decode', null, () => decodeCbor(payload));
    ask('take a page of 1,000: decode and check', null, () => decodePage(payload).map(parseRecord));
    return {
      measurements,
      facts: {
        photos,
        holdings: peers * photosPerPeer,
        'bytes on the wire per record': Math.round(payload.length / page.records.length),
        'database MiB': Math.round(fs.statSync(file).size / 2 ** 20),
        'resident MiB': Math.round(process.memoryUsage().rss / 2 ** 20),
      },
    };
  } finally {
    catalogue[Symbol.dispose]();
  }
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'photos-bench-'));
try {
  const { measurements, facts } = measure(directory);
  if (options.json) {
    console.log(JSON.stringify({ bench: 'catalogue', facts, measurements }));
  } else {
    const rows = measurements.map(({ what, ms, goal }) => [what, ms.toFixed(1), goal === null ? '' : `${goal}.0`]);
    console.log(table(['what', 'ms', 'goal'], rows));
    console.log(
      Object.entries(facts)
        .map(([what, value]) => `${what}: ${value.toLocaleString('en')}`)
        .join('\n'),
    );
  }
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}
