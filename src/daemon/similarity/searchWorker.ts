/**
 * Entry of the search thread: holds the index of hashes and does what takes long, in pieces, so that it hears between
 * them what is cancelled.
 */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../protocol/errors.ts';
import { alignLumas } from './alignLumas.ts';
import { HashIndex } from './hashIndex.ts';
import { loadKernel } from './loadKernel.ts';
import type { SearchJob, SearchReply, SearchRequest } from './searchMessages.ts';

/** Milliseconds of work between two looks for messages. */
const pieceLimit = 5;

function send(message: SearchReply): void {
  parentPort?.postMessage(message);
}

/** Runs work that pauses by itself, and hears messages between its pieces. */
async function inPieces(steps: Iterator<unknown>, isCancelled: () => boolean): Promise<'done' | 'cancelled'> {
  while (!isCancelled()) {
    for (const end = performance.now() + pieceLimit; performance.now() < end;) {
      if (steps.next().done === true) return 'done';
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return 'cancelled';
}

function* perform(job: number, request: SearchJob, index: HashIndex): Generator<void, void> {
  switch (request.op) {
    case 'add':
      for (const photo of request.photos) yield index.set(photo);
      break;
    case 'remove':
      for (const key of request.keys) {
        index.delete(key);
        yield;
      }
      break;
    case 'search':
      yield* search(job, request, index);
      break;
    case 'align':
      for (const { a, b, ...start } of request.pairs) {
        send({ job, type: 'aligned', alignments: [alignLumas(a, b, start)] });
        yield;
      }
  }
}

function* search(job: number, request: SearchJob & { op: 'search' }, index: HashIndex): Generator<void, void> {
  let told = 0;
  for (const { done, candidates } of index.search(request.keys, request)) {
    if (done > told) {
      send({ job, type: 'found', candidates, done });
      told = done;
    }
    yield;
  }
}

function serve(index: HashIndex): void {
  const cancelled = new Set<number>();
  const waiting = new Set<number>();
  const queues = { index: Promise.resolve(), alignments: Promise.resolve() };
  const work = async (job: number, request: SearchJob): Promise<void> => {
    try {
      const end = await inPieces(perform(job, request, index), () => cancelled.has(job));
      if (end === 'done') send({ job, type: 'done', size: index.size });
    } catch (error) {
      send({ job, type: 'failed', reason: messageOf(error) });
    } finally {
      waiting.delete(job);
      cancelled.delete(job);
    }
  };
  parentPort?.on('message', ({ job, ...request }: SearchRequest) => {
    if (request.op === 'cancel') {
      if (waiting.has(job)) cancelled.add(job);
      return;
    }
    waiting.add(job);
    const queue = request.op === 'align' ? 'alignments' : 'index';
    queues[queue] = queues[queue].then(() => work(job, request));
  });
}

serve(new HashIndex(await loadKernel()));
