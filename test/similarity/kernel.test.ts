import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hammingKernel } from '../../src/daemon/similarity/hammingKernel.ts';
import type { Kernel } from '../../src/daemon/similarity/kernel.ts';
import {
  blockBytes,
  blockLanes,
  findingsBytes,
  queryBytes,
  scanQueries,
  scratchBytes,
} from '../../src/daemon/similarity/kernel.ts';
import { loadKernel } from '../../src/daemon/similarity/loadKernel.ts';
import { orientHash } from '../../src/daemon/similarity/orientations.ts';
import { PlainKernel } from '../../src/daemon/similarity/plainKernel.ts';
import type { Orientation } from '../../src/daemon/similarity/types.ts';
import { WasmKernel } from '../../src/daemon/similarity/wasmKernel.ts';
import { hashBytes } from '../../src/protocol/features.ts';

interface Finding {
  position: number;
  query: number;
  orientation: number;
  distance: number;
}

const mirrors: readonly Orientation[] = [0, 1, 2, 3];

async function wasmKernel(): Promise<WasmKernel> {
  const kernel = WasmKernel.create(await hammingKernel());
  if (kernel === undefined) throw new Error('no WebAssembly with SIMD here');
  return kernel;
}

/** Has a kernel compare hashes with queries. */
function scan(kernel: Kernel, hashes: readonly Uint8Array[], queries: readonly Uint8Array[], limit: number): Finding[] {
  const blocks = Math.ceil(hashes.length / blockLanes);
  const blocksAt = scratchBytes + scanQueries * queryBytes;
  const findingsAt = blocksAt + blocks * blockBytes;
  kernel.grow(findingsAt + findingsBytes(blocks));
  for (const [n, query] of queries.entries()) kernel.prepare(query, scratchBytes + n * queryBytes);
  for (const [n, hash] of hashes.entries()) {
    const at = blocksAt + Math.floor(n / blockLanes) * blockBytes + (n % blockLanes);
    for (const [plane, byte] of hash.entries()) kernel.memory[at + plane * blockLanes] = byte;
  }
  const found = kernel.scan(blocksAt, blocks, scratchBytes, queries.length, limit, findingsAt);
  const numbers = new Uint32Array(kernel.memory.buffer, findingsAt, 2 * found);
  return Array.from({ length: found }, (_, n) => {
    const what = numbers[2 * n + 1] ?? 0;
    return {
      position: numbers[2 * n] ?? 0,
      query: what >> 16,
      orientation: (what >> 8) & 0xff,
      distance: what & 0xff,
    };
  })
    .filter(({ position }) => position < hashes.length)
    .sort((one, other) => one.position - other.position || one.query - other.query);
}

/** The same bit by bit. */
function reference(hashes: readonly Uint8Array[], queries: readonly Uint8Array[], limit: number): Finding[] {
  return hashes.flatMap((hash, position) =>
    queries.flatMap((of, query) => {
      const [best] = mirrors
        .map((orientation) => ({ orientation, distance: differentBits(orientHash(of, orientation), hash) }))
        .sort((one, other) => one.distance - other.distance);
      return best !== undefined && best.distance <= limit ? [{ position, query, ...best }] : [];
    }),
  );
}

function differentBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (const [at, byte] of a.entries()) {
    for (let rest = byte ^ (b[at] ?? 0); rest > 0; rest >>= 1) bits += rest & 1;
  }
  return bits;
}

const hash = fc.uint8Array({ minLength: hashBytes, maxLength: hashBytes });
/** Hashes near a query, so that something is found under every limit. */
const nearTo = (query: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.constantFrom(...mirrors), fc.array(fc.nat(hashBytes * 8 - 1), { maxLength: 120 }))
    .map(([orientation, bits]) => {
      const near = orientHash(query, orientation);
      for (const bit of bits) near[bit >> 3] = (near[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return near;
    });

test('WebAssembly, JavaScript and counting bit by bit find the same', async () => {
  const wasm = await wasmKernel();
  const plain = new PlainKernel();
  const load = fc.array(hash, { minLength: 1, maxLength: scanQueries }).chain((queries) =>
    fc.record({
      queries: fc.constant(queries),
      hashes: fc.array(fc.oneof(hash, ...queries.map(nearTo)), { minLength: 1, maxLength: 3 * blockLanes }),
      limit: fc.integer({ min: 0, max: 254 }),
    }),
  );
  fc.assert(
    fc.property(load, ({ queries, hashes, limit }) => {
      const expected = reference(hashes, queries, limit);
      expect(scan(wasm, hashes, queries, limit)).toEqual(expected);
      expect(scan(plain, hashes, queries, limit)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test.each([
  [0, 0],
  [0x00, 0xff],
  [0xff, 0x00],
])('the ends of what a distance can be: bytes %i and %i', async (one, other) => {
  const hashes = [new Uint8Array(hashBytes).fill(one)];
  const queries = [new Uint8Array(hashBytes).fill(other)];
  for (const kernel of [await wasmKernel(), new PlainKernel()]) {
    for (const limit of [0, 127, 128, 254]) {
      expect(scan(kernel, hashes, queries, limit)).toEqual(reference(hashes, queries, limit));
    }
  }
});

test('what is in the memory stays when it grows', async () => {
  for (const kernel of [await wasmKernel(), new PlainKernel()]) {
    kernel.memory[1000] = 7;
    kernel.grow(1_000_000);
    expect(kernel.memory.length).toBeGreaterThanOrEqual(1_000_000);
    expect(kernel.memory[1000]).toBe(7);
    const before = kernel.memory.length;
    kernel.grow(1);
    expect(kernel.memory.length).toBe(before);
  }
});

test('WebAssembly is taken where there is any', async () => {
  expect((await loadKernel()).name).toBe('wasm');
  expect(WasmKernel.create(new Uint8Array([0, 0x61, 0x73, 0x6d, 9, 9, 9, 9]))).toBeUndefined();
});
