import { fork, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../tools/table.ts';
import type { BenchAnswers, BenchCommand, BenchPhoto, Way } from './support/transferPeer.ts';

// How fast photos come from a peer, next to the same bytes over plain TCP with SHA-256, disk write and fsync: two processes
// on loopback, both ways in turn.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);

const MiB = 2 ** 20;
const loads = [
  { what: '256 MiB, one photo', count: 1, size: 256 * MiB, concurrency: 1 },
  { what: '2,000 x 100 KiB, 4 at once', count: 2000, size: 100 * 1024, concurrency: 4 },
];

interface Sample {
  ms: number;
  /** Seconds of both ends. */
  cpu: number;
}

class Peer implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(path.join(import.meta.dirname, 'support', 'transferPeer.ts'), { execArgv: [] });
  }

  async tell<C extends BenchCommand>(command: C): Promise<BenchAnswers[C['op']]> {
    const stop = new AbortController();
    const { signal } = stop;
    try {
      const answer = once(this.#child, 'message', { signal });
      const exit = once(this.#child, 'exit', { signal });
      this.#child.send(command);
      const [message] = (await Promise.race([answer, exit])) as [{ answer: BenchAnswers[C['op']] } | { error: string }];
      if (typeof message !== 'object' || message === null) throw new Error('a peer of the benchmark ended');
      if ('error' in message) throw new Error(message.error);
      return message.answer;
    } finally {
      stop.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

function makePhotos(folder: string, count: number, size: number): BenchPhoto[] {
  return Array.from({ length: count }, (_, index) => {
    const bytes = randomBytes(size);
    const file = path.join(folder, `${size}-${index}`);
    fs.writeFileSync(file, bytes);
    return { id: createHash('sha256').update(bytes).digest('hex'), path: file, size };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function measure(folder: string) {
  const photos = loads.map(({ count, size }) => makePhotos(folder, count, size));
  const networkKey = randomBytes(32).toString('hex');
  const firstPort = 20_000 + Math.floor(Math.random() * 20_000);
  using holder = new Peer();
  using fetcher = new Peer();
  const start = (name: string, held: BenchPhoto[]): BenchCommand & { op: 'start' } => {
    const own = path.join(folder, name);
    fs.mkdirSync(own);
    return { op: 'start', folder: own, networkKey, firstPort, photos: held };
  };
  const from = await holder.tell(start('holder', photos.flat()));
  await fetcher.tell(start('fetcher', []));
  const cpu = async (): Promise<number> => {
    const ends = await Promise.all([holder.tell({ op: 'cpu' }), fetcher.tell({ op: 'cpu' })]);
    return ends[0].seconds + ends[1].seconds;
  };
  const run = async (way: Way, load: (typeof loads)[number], of: BenchPhoto[]): Promise<Sample> => {
    const before = await cpu();
    const { ms } = await fetcher.tell({ op: 'fetch', way, holder: from, photos: of, concurrency: load.concurrency });
    return { ms, cpu: (await cpu()) - before };
  };
  const results = [];
  for (const [index, load] of loads.entries()) {
    const of = photos[index] ?? [];
    const samples: Record<Way, Sample[]> = { photos: [], tcp: [] };
    for (let round = -1; round < rounds; round++) {
      // In turn, and each first as often as second; the first round only warms up.
      const ways: Way[] = round % 2 === 0 ? ['photos', 'tcp'] : ['tcp', 'photos'];
      for (const way of ways) {
        const sample = await run(way, load, of);
        if (round >= 0) samples[way].push(sample);
      }
    }
    const bytes = load.count * load.size;
    const summary = (way: Way) => {
      const ms = median(samples[way].map((sample) => sample.ms));
      const cpuSeconds = median(samples[way].map((sample) => sample.cpu));
      return { ms, megabytesPerSecond: bytes / 1e6 / (ms / 1000), cpuSecondsPerGiB: cpuSeconds / (bytes / 2 ** 30) };
    };
    const ours = summary('photos');
    const tcp = summary('tcp');
    const ratio = { time: ours.ms / tcp.ms, cpu: ours.cpuSecondsPerGiB / tcp.cpuSecondsPerGiB };
    results.push({ what: load.what, bytes, rounds, photos: ours, tcp, ratio });
  }
  const memory = await Promise.all([holder.tell({ op: 'cpu' }), fetcher.tell({ op: 'cpu' })]);
  return { results, maxRss: { holder: memory[0].maxRss, fetcher: memory[1].maxRss } };
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'photos-bench-'));
try {
  const { results, maxRss } = await measure(folder);
  if (options.json) {
    console.log(JSON.stringify({ bench: 'transfer', results, maxRss }));
  } else {
    const rows = results.flatMap(({ what, photos, tcp, ratio }) =>
      [
        { way: 'photos over libp2p', figures: photos, time: ratio.time, cpu: ratio.cpu },
        { way: 'plain TCP', figures: tcp, time: 1, cpu: 1 },
      ].map(({ way, figures, time, cpu }) => [
        what,
        way,
        figures.ms.toFixed(0),
        figures.megabytesPerSecond.toFixed(0),
        figures.cpuSecondsPerGiB.toFixed(2),
        `${time.toFixed(2)} x`,
        `${cpu.toFixed(2)} x`,
      ]),
    );
    console.log(table(['load', 'way', 'ms', 'MB/s', 'CPU s/GiB', 'time', 'CPU'], rows));
    console.log(
      `most memory: holder ${Math.round(maxRss.holder / MiB)} MiB, fetcher ${Math.round(maxRss.fetcher / MiB)} MiB`,
    );
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
