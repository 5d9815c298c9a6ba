import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { failureOf, lying, photoOf, serving, servingUntil, TestHome, TestPeers } from './support.ts';

const MiB = 1024 * 1024;

test.each([1, 64 * 1024, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, MiB, MiB + 1, 9 * MiB + 12_345])(
  'a photo of %i bytes arrives as it is',
  async (size) => {
    const photo = photoOf(size);
    const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
    const order = home.order(photo, ['a']);

    const fetched = await home.fetcher.fetch(order);

    expect(fetched).toMatchObject({ path: order.target, size, from: ['a'] });
    expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
    expect(home.left()).toEqual([]);
    expect(fs.readdirSync(home.out)).toEqual(['photo.jpg']);
    expect(fs.statSync(order.target).nlink).toBe(1);
  },
);

test('a holder that goes away is replaced by the next, which is asked for the rest only', async () => {
  const photo = photoOf(8 * MiB);
  const peers = new TestPeers().add('a', servingUntil(5 * MiB, photo)).add('b', serving(photo));
  const home = new TestHome({ carriers: [peers] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['a', 'b']));

  expect(fetched.from).toEqual(['a', 'b']);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  const offsets = peers.asked.filter(({ peerId }) => peerId === 'b').map(({ offset }) => offset);
  expect(Math.min(...offsets)).toBeGreaterThan(3 * MiB);
  // Asked of b is exactly what a did not send, and that it sent something is asserted above.
  expect(peers.bytesFrom('b')).toBe(8 * MiB - Math.min(...offsets));
});

test('a fetch that was cut goes on at the last byte the next time, also in a new process', async () => {
  const photo = photoOf(6 * MiB);
  const first = new TestHome({ carriers: [new TestPeers().add('a', servingUntil(4 * MiB, photo))] });
  const failure = await failureOf(first.fetcher.fetch(first.order(photo, ['a'])));
  expect(failure.code).toBe('no-holder-online');
  const arrived = fs.statSync(first.partial(photo.id)).size;
  expect(arrived).toBeGreaterThan(2 * MiB);
  expect(fs.existsSync(path.join(first.out, 'photo.jpg'))).toBe(false);

  const peers = new TestPeers().add('b', serving(photo));
  const second = new TestHome({ carriers: [peers], incoming: first.incoming });
  const fetched = await second.fetcher.fetch(second.order(photo, ['b']));

  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(peers.bytesFrom('b')).toBe(6 * MiB - arrived);
});

test('a broken partial of an earlier time costs a new start, not the photo', async () => {
  const photo = photoOf(2 * MiB);
  const peers = new TestPeers().add('a', serving(photo));
  const home = new TestHome({ carriers: [peers] });
  fs.mkdirSync(home.incoming);
  fs.writeFileSync(home.partial(photo.id), Buffer.alloc(MiB));

  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(peers.bytesFrom('a')).toBe(3 * MiB);
});

test('a whole partial that is right needs no holder', async () => {
  const photo = photoOf(MiB);
  const home = new TestHome({});
  fs.mkdirSync(home.incoming);
  fs.writeFileSync(home.partial(photo.id), photo.bytes);

  const fetched = await home.fetcher.fetch(home.order(photo, []));

  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
});

test('a partial that is too long is no partial', async () => {
  const photo = photoOf(1000);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  fs.mkdirSync(home.incoming);
  fs.writeFileSync(home.partial(photo.id), Buffer.alloc(2000));
  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
});

test('a partial that has another name too is not written into: that name is a photo of a person', async () => {
  const photo = photoOf(3000);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  fs.mkdirSync(home.incoming);
  const mine = path.join(home.folder, 'mine.jpg');
  fs.writeFileSync(mine, 'edited after it got its name');
  fs.linkSync(mine, home.partial(photo.id));

  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(fs.readFileSync(mine, 'utf8')).toBe('edited after it got its name');
});

test('wrong bytes never get the name; the next holder is asked from the start, and the log says who it was', async () => {
  const photo = photoOf(3 * MiB);
  const peers = new TestPeers().add('liar', lying(photo)).add('b', serving(photo));
  const home = new TestHome({ carriers: [peers] });
  const order = home.order(photo, ['liar', 'b']);
  const seen: boolean[] = [];
  peers.add('b', (offset, length, signal) => {
    seen.push(fs.existsSync(order.target));
    return serving(photo)(offset, length, signal);
  });

  const fetched = await home.fetcher.fetch(order);

  expect(fetched.from).toEqual(['b']);
  expect(seen).not.toContain(true);
  expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
  expect(home.logger.lines.join('\n')).toContain('Peer liar sent bytes that are not photo');
});

test('bytes of several holders that do not fit are fetched again from one at a time, until the liar is known', async () => {
  const photo = photoOf(6 * MiB);
  const peers = new TestPeers()
    .add('a', servingUntil(3 * MiB, photo))
    .add('liar', lying(photo, 2 * MiB))
    .add('c', serving(photo));
  const home = new TestHome({ carriers: [peers] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['a', 'liar', 'c']));

  expect(fetched.from).toEqual(['c']);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(home.logger.lines.join('\n')).toContain('Peer liar sent bytes that are not photo');
});

test('when every holder is wrong the fetch says so and leaves nothing', async () => {
  const photo = photoOf(MiB);
  const peers = new TestPeers().add('x', lying(photo)).add('y', lying(photo));
  const home = new TestHome({ carriers: [peers] });

  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['x', 'y'])));

  expect(failure.code).toBe('corrupt');
  expect(failure.message).toContain('try again when another holder is online');
  expect(home.left()).toEqual([]);
  expect(fs.readdirSync(home.out)).toEqual([]);
});

test.each([
  ['too few bytes', (size: number, length: number) => ({ size, data: new Uint8Array(length - 1) })],
  ['too many bytes', (size: number, length: number) => ({ size, data: new Uint8Array(length + 1) })],
  ['another size', (size: number, length: number) => ({ size: size + 1, data: new Uint8Array(length) })],
])('a peer that sends %s is not asked again, and nothing of it is kept', async (_what, answer) => {
  const photo = photoOf(2 * MiB);
  const peers = new TestPeers()
    .add('odd', (_offset, length) => answer(photo.bytes.length, length))
    .add('b', serving(photo));
  const home = new TestHome({ carriers: [peers] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['odd', 'b']));

  expect(fetched.from).toEqual(['b']);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);

  const alone = new TestHome({ carriers: [peers] });
  const failure = await failureOf(alone.fetcher.fetch(alone.order(photo, ['odd'])));
  expect(failure.code).toBe('protocol');
});

test('a holder is asked again after its connection broke once', async () => {
  const photo = photoOf(4 * MiB);
  let broken = false;
  const peers = new TestPeers().add('a', (offset, length, signal) => {
    if (!broken && offset > MiB) {
      broken = true;
      throw new AppError('daemon-unreachable', 'The connection broke.');
    }
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(broken).toBe(true);
  expect(fetched.from).toEqual(['a']);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
});

test('without a holder the error says what to do', async () => {
  const photo = photoOf(10);
  const home = new TestHome({ carriers: [new TestPeers()] });
  for (const holders of [[], ['gone']]) {
    const failure = await failureOf(home.fetcher.fetch(home.order(photo, holders)));
    expect(failure.code).toBe('no-holder-online');
    expect(failure.message).toContain('ask one of them to start');
  }
  expect(home.left()).toEqual([]);
});

test('of two fetches of one photo each gets its file from one download', async () => {
  const photo = photoOf(5 * MiB);
  const peers = new TestPeers().add('a', serving(photo));
  const home = new TestHome({ carriers: [peers] });
  const targets = ['one.jpg', 'two.jpg', 'three.jpg'].map((name) => path.join(home.out, name));

  await Promise.all(targets.map((target) => home.fetcher.fetch(home.order(photo, ['a'], { target }))));

  for (const target of targets) {
    expect(fs.readFileSync(target).equals(photo.bytes)).toBe(true);
    // Files of their own: changing one must not change the other.
    expect(fs.statSync(target).nlink).toBe(1);
  }
  expect(peers.bytesFrom('a')).toBe(5 * MiB);
  expect(home.left()).toEqual([]);
  expect(fs.readdirSync(home.out).sort()).toEqual(['one.jpg', 'three.jpg', 'two.jpg']);
});

test('two fetches to one name share it', async () => {
  const photo = photoOf(MiB);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  const order = home.order(photo, ['a']);
  await Promise.all([home.fetcher.fetch(order), home.fetcher.fetch(order)]);
  expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
  await waitFor('the partial is gone', () => home.left().length === 0);
});

test('cancelling one of two fetches leaves the other alone; cancelling both ends the download', async () => {
  const photo = photoOf(8 * MiB);
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  let aborted = false;
  const peers = new TestPeers().add('a', async (offset, length, signal) => {
    signal.addEventListener('abort', () => (aborted = true));
    if (offset >= 4 * MiB) await gate;
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers] });
  const stop = new AbortController();
  const one = failureOf(
    home.fetcher.fetch(home.order(photo, ['a'], { target: path.join(home.out, 'one.jpg'), signal: stop.signal })),
  );
  const two = home.fetcher.fetch(home.order(photo, ['a'], { target: path.join(home.out, 'two.jpg') }));
  await waitFor('it is under way', () => peers.asked.some(({ offset }) => offset >= 4 * MiB));

  stop.abort();
  expect((await one).code).toBe('cancelled');
  expect(aborted).toBe(false);
  openGate();
  expect((await two).from).toEqual(['a']);
  expect(fs.readdirSync(home.out)).toEqual(['two.jpg']);
  expect(peers.bytesFrom('a')).toBe(8 * MiB);
});

test('a cancelled fetch leaves no file, and what had arrived is used by the next', async () => {
  const photo = photoOf(8 * MiB);
  const stop = new AbortController();
  const stuck = new TestPeers().add('a', (offset, length, signal) => {
    if (offset < 4 * MiB) return serving(photo)(offset, length, signal);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new AppError('cancelled', 'Cancelled.')));
    });
  });
  const home = new TestHome({ carriers: [stuck] });
  const fetching = failureOf(home.fetcher.fetch(home.order(photo, ['a'], { signal: stop.signal })));
  await waitFor(
    'it is stuck',
    () => stuck.asked.some(({ offset }) => offset >= 4 * MiB) && fs.statSync(home.partial(photo.id)).size > 2 * MiB,
  );

  stop.abort();
  expect((await fetching).code).toBe('cancelled');
  expect(fs.readdirSync(home.out)).toEqual([]);
  stuck.add('a', serving(photo));
  const before = stuck.bytesFrom('a');
  const arrived = fs.statSync(home.partial(photo.id)).size;
  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(stuck.bytesFrom('a') - before).toBe(8 * MiB - arrived);
});

test('an aborted signal is enough to do nothing', async () => {
  const photo = photoOf(10);
  const peers = new TestPeers().add('a', serving(photo));
  const home = new TestHome({ carriers: [peers] });
  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'], { signal: AbortSignal.abort() })));
  expect(failure.code).toBe('cancelled');
  expect(peers.asked).toEqual([]);
});

test('closing the fetcher ends what is under way', async () => {
  const photo = photoOf(MiB);
  const peers = new TestPeers().add(
    'a',
    (_offset, _length, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new AppError('cancelled', 'Cancelled.')));
      }),
  );
  const home = new TestHome({ carriers: [peers] });
  const fetching = failureOf(home.fetcher.fetch(home.order(photo, ['a'])));
  await waitFor('it is under way', () => peers.asked.length > 0);
  await home.fetcher[Symbol.asyncDispose]();
  expect((await fetching).code).toBe('cancelled');
});

test('no more than a few blocks are asked for ahead of the disk', async () => {
  const photo = photoOf(24 * MiB);
  let ahead = 0;
  const home = new TestHome({
    carriers: [
      new TestPeers().add('a', (offset, length, signal) => {
        const written = fs.existsSync(home.partial(photo.id)) ? fs.statSync(home.partial(photo.id)).size : 0;
        ahead = Math.max(ahead, offset + length - written);
        return serving(photo)(offset, length, signal);
      }),
    ],
  });
  await home.fetcher.fetch(home.order(photo, ['a']));
  expect(ahead).toBeGreaterThan(MiB);
  expect(ahead).toBeLessThanOrEqual(6 * MiB);
});

test('on a slow line less is asked for at a time', async () => {
  const photo = photoOf(2 * MiB);
  const now = performance.now.bind(performance);
  let passed = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  onTestFinished(() => void vi.restoreAllMocks());
  const peers = new TestPeers().add('a', (offset, length, signal) => {
    if (offset < MiB) passed += 6000;
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers] });
  await home.fetcher.fetch(home.order(photo, ['a']));
  const lengths = peers.asked.map(({ length }) => length);
  expect(lengths.slice(0, 4)).toEqual(Array(4).fill(256 * 1024));
  expect(Math.min(...lengths.slice(4))).toBe(64 * 1024);
  // And more again when the line is fast again.
  expect(lengths.at(-1)).toBeGreaterThan(64 * 1024);
});

test('progress is told now and then, and at the end', async () => {
  const photo = photoOf(12 * MiB);
  const peers = new TestPeers().add('a', async (offset, length, signal) => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers] });
  const told: { received: number; at: number }[] = [];
  await home.fetcher.fetch(
    home.order(photo, ['a'], {
      onProgress: ({ received, size }) => {
        expect(size).toBe(12 * MiB);
        told.push({ received, at: performance.now() });
      },
    }),
  );
  expect(told.length).toBeGreaterThan(2);
  expect(told.at(-1)?.received).toBe(12 * MiB);
  expect(told.filter(({ received }) => received === 12 * MiB)).toHaveLength(1);
  for (const [index, { at, received }] of told.slice(1, -1).entries()) {
    expect(at - (told[index]?.at ?? 0)).toBeGreaterThanOrEqual(99);
    expect(received).toBeGreaterThanOrEqual(told[index]?.received ?? 0);
  }
});

test('a photo that is held here is copied from here, verified', async () => {
  const photo = photoOf(3 * MiB);
  const file = path.join(temporaryFolder(), 'mine.jpg');
  fs.writeFileSync(file, photo.bytes);
  const peers = new TestPeers().add('a', serving(photo));
  const home = new TestHome({ carriers: [peers], local: () => [file] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(fetched.from).toEqual(['me']);
  expect(peers.asked).toEqual([]);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(fs.readFileSync(file).equals(photo.bytes)).toBe(true);
});

test.each(['changed', 'gone'])('a photo that should be here but is %s is fetched from others', async (what) => {
  const photo = photoOf(MiB);
  const file = path.join(temporaryFolder(), 'mine.jpg');
  if (what === 'changed') fs.writeFileSync(file, Buffer.alloc(MiB));
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))], local: () => [file] });

  const fetched = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(fetched.from).toEqual(['a']);
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
  expect(fs.readdirSync(home.out)).toEqual(['photo.jpg']);
});

test('a photo folder that vanished is not made again', async () => {
  const photo = photoOf(10);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  fs.rmSync(home.folder, { recursive: true });
  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'])));
  expect(failure.code).toBe('folder-unavailable');
  expect(fs.existsSync(home.folder)).toBe(false);
});

/** Partials of 1000 bytes that were last written so many days ago, and a file that is none. */
function partialsOf(home: TestHome, ages: readonly number[]): string[] {
  fs.mkdirSync(home.incoming);
  fs.writeFileSync(path.join(home.incoming, 'notes.txt'), 'not ours');
  return ages.map((days) => {
    const photo = photoOf(1000);
    const at = Date.now() / 1000 - days * 24 * 60 * 60;
    fs.writeFileSync(home.partial(photo.id), photo.bytes);
    fs.utimesSync(home.partial(photo.id), at, at);
    return `${photo.id}.part`;
  });
}

test('partials that nobody came back for within a week are swept, and nothing else', async () => {
  const home = new TestHome({});
  const partials = partialsOf(home, [8, 6, 30]);
  await home.fetcher.sweep();
  expect(new Set(home.left())).toEqual(new Set([partials[1], 'notes.txt']));
});

test('when partials take too much the oldest are swept', async () => {
  const home = new TestHome({ partialBytes: 2500 });
  const partials = partialsOf(home, [1, 3, 2, 4]);
  await home.fetcher.sweep();
  expect(new Set(home.left())).toEqual(new Set([partials[0], partials[2], 'notes.txt']));
});

test('sweeping leaves alone what is being fetched, and a folder that is not there', async () => {
  const photo = photoOf(2 * MiB);
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  const peers = new TestPeers().add('a', async (offset, length, signal) => {
    if (offset >= MiB) await gate;
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers], partialBytes: 0 });
  await home.fetcher.sweep();
  const fetching = home.fetcher.fetch(home.order(photo, ['a']));
  await waitFor('it is under way', () => home.left().length === 1);
  await home.fetcher.sweep();
  expect(home.left()).toHaveLength(1);
  openGate();
  const fetched = await fetching;
  expect(fs.readFileSync(fetched.path).equals(photo.bytes)).toBe(true);
});

test('closing the fetcher ends copies too, and waits for them', async () => {
  const file = path.join(temporaryFolder(), 'large.tif');
  fs.writeFileSync(file, '');
  // Large enough to be under way still when it is looked at; it is never copied whole.
  const size = 8 * 1024 * MiB;
  fs.truncateSync(file, size);
  const home = new TestHome({ local: () => [file] });
  const fetching = failureOf(home.fetcher.fetch(home.order(photoOf(1), [], { size })));
  await waitFor('it is being copied', () => fs.readdirSync(home.out).length > 0);
  await home.fetcher[Symbol.asyncDispose]();
  expect(fs.readdirSync(home.out)).toEqual([]);
  expect((await fetching).code).toBe('cancelled');
});

test('when one of two gets the photo and the other cannot, nothing is left over', async () => {
  const photo = photoOf(2 * MiB);
  const taken = path.join(temporaryFolder(), 'taken.jpg');
  const peers = new TestPeers().add('a', (offset, length, signal) => {
    fs.writeFileSync(taken, 'written by somebody else meanwhile');
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers] });

  const good = home.fetcher.fetch(home.order(photo, ['a']));
  const bad = failureOf(home.fetcher.fetch(home.order(photo, ['a'], { target: taken })));

  expect((await bad).code).toBe('target-exists');
  expect(fs.readFileSync((await good).path).equals(photo.bytes)).toBe(true);
  await waitFor('the partial is gone', () => home.left().length === 0);
});

test('who comes when the only fetch is just giving the photo its name gets it too', async () => {
  const photo = photoOf(2 * MiB);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  const link = fsPromises.link;
  let late: ReturnType<typeof home.fetcher.fetch> | undefined;
  vi.spyOn(fsPromises, 'link').mockImplementation(async (from, to) => {
    late ??= home.fetcher.fetch(home.order(photo, ['a'], { target: path.join(home.out, 'late.jpg') }));
    // It has come as far as it can without this one.
    await waitFor('the late one looked at its target', () => new Promise((resolve) => setImmediate(resolve, true)));
    await link(from, to);
  });
  onTestFinished(() => void vi.restoreAllMocks());

  const first = await home.fetcher.fetch(home.order(photo, ['a']));

  expect(fs.readFileSync(first.path).equals(photo.bytes)).toBe(true);
  const second = await late;
  expect(fs.readFileSync(second?.path ?? '').equals(photo.bytes)).toBe(true);
  expect(home.left()).toEqual([]);
});
