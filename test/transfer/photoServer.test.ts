import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Frame, Network, RequestHandler } from '../../src/daemon/network/types.ts';
import { OpenFiles, type IndexedFile } from '../../src/daemon/transfer/openFiles.ts';
import { PhotoServer } from '../../src/daemon/transfer/photoServer.ts';
import { wireLimits, wireProtocols } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { failureOf, photoOf, TestLogger, type TestPhoto } from './support.ts';

/** A server of these files, and its handler as the network would call it. */
function serverOf(files: Map<string, IndexedFile[]>): {
  ask: (header: unknown) => Promise<Frame>;
  server: PhotoServer;
  logger: TestLogger;
} {
  let handler: RequestHandler | undefined;
  const network: Pick<Network, 'handle'> = {
    handle: (protocol, given) => {
      expect(protocol).toBe(wireProtocols.photos);
      handler = given;
    },
  };
  const logger = new TestLogger();
  const server = new PhotoServer(network, { locate: (id) => files.get(id) ?? [] }, logger);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const ask = async (header: unknown): Promise<Frame> => {
    if (!handler) throw new Error('nothing is served');
    return handler({ header, payload: new Uint8Array(0) }, { peerId: 'peer', signal: new AbortController().signal });
  };
  return { ask, server, logger };
}

function written(photo: TestPhoto, name = 'photo.jpg'): IndexedFile {
  const file = path.join(temporaryFolder(), name);
  fs.writeFileSync(file, photo.bytes);
  return { path: file, size: photo.bytes.length };
}

function request(photo: TestPhoto, offset: number, length: number): unknown {
  return { id: Uint8Array.from(Buffer.from(photo.id, 'hex')), offset, length };
}

test('a block is the bytes asked for, fewer only at the end, with the size of the whole', async () => {
  const photo = photoOf(2_500_000);
  const { ask, server } = serverOf(new Map([[photo.id, [written(photo)]]]));
  for (const [offset, length, expected] of [
    [0, 1, 1],
    [0, wireLimits.block, wireLimits.block],
    [1_048_575, 5, 5],
    [2_499_999, wireLimits.block, 1],
    [2_400_000, wireLimits.block, 100_000],
  ] as const) {
    const { header, payload } = await ask(request(photo, offset, length));
    expect(header).toEqual({ ok: true, size: 2_500_000 });
    expect(photo.bytes.subarray(offset, offset + expected).equals(payload)).toBe(true);
  }
  expect(server.served.blocks).toBe(5);
});

test('what is not held, or asked for beyond its end, is told by reason', async () => {
  const photo = photoOf(1000);
  const { ask } = serverOf(new Map([[photo.id, [written(photo)]]]));
  expect((await ask(request(photoOf(10), 0, 10))).header).toEqual({ ok: false, reason: 'missing' });
  expect((await ask(request(photo, 1000, 1))).header).toEqual({ ok: false, reason: 'range' });
});

test.each<[string, unknown]>([
  ['no object', 'photo'],
  ['nothing', null],
  ['a path', { id: '/etc/passwd', offset: 0, length: 10 }],
  ['a short id', { id: new Uint8Array(31), offset: 0, length: 10 }],
  ['a negative offset', { id: new Uint8Array(32), offset: -1, length: 10 }],
  ['a broken offset', { id: new Uint8Array(32), offset: 0.5, length: 10 }],
  ['no length', { id: new Uint8Array(32), offset: 0 }],
  ['length zero', { id: new Uint8Array(32), offset: 0, length: 0 }],
  ['more than a block', { id: new Uint8Array(32), offset: 0, length: wireLimits.block + 1 }],
])('a request with %s is refused as rubbish', async (_what, header) => {
  const { ask } = serverOf(new Map());
  expect((await failureOf(ask(header))).code).toBe('protocol');
});

test.each<[string, (file: string) => void]>([
  ['gone', (file) => fs.rmSync(file)],
  ['longer', (file) => fs.appendFileSync(file, 'x')],
  ['shorter', (file) => fs.truncateSync(file, 10)],
  ['a folder', (file) => (fs.rmSync(file), fs.mkdirSync(file))],
  ['a pipe', (file) => (fs.rmSync(file), execFileSync('mkfifo', [file]))],
])(
  'a file that is %s since it was indexed is missing; another with the same bytes is served',
  async (_what, change) => {
    const photo = photoOf(5000);
    const first = written(photo);
    const second = written(photo);
    const files = new Map([[photo.id, [first]]]);
    const { ask, logger } = serverOf(files);
    change(first.path);

    expect((await ask(request(photo, 0, 5000))).header).toEqual({ ok: false, reason: 'missing' });
    expect(logger.lines[0]).toContain(first.path);
    files.set(photo.id, [first, second]);
    expect((await ask(request(photo, 0, 5000))).header).toEqual({ ok: true, size: 5000 });
  },
);

test('a folder that became a link leads nowhere, not even to a file of the same name and size', async () => {
  const photo = photoOf(1000);
  const folder = fs.realpathSync(temporaryFolder());
  const shared = path.join(folder, 'shared');
  const elsewhere = path.join(folder, 'elsewhere');
  for (const made of [shared, elsewhere]) fs.mkdirSync(made);
  const file = { path: path.join(shared, 'photo.jpg'), size: 1000 };
  fs.writeFileSync(file.path, photo.bytes);
  fs.writeFileSync(path.join(elsewhere, 'photo.jpg'), Buffer.alloc(1000, 'secret'));
  fs.renameSync(shared, `${shared} before`);
  fs.symlinkSync(elsewhere, shared);
  const { ask } = serverOf(new Map([[photo.id, [file]]]));
  expect((await ask(request(photo, 0, 10))).header).toEqual({ ok: false, reason: 'missing' });
});

test('a name that became a link leads nowhere', async () => {
  const photo = photoOf(5000);
  const file = written(photo);
  const secret = path.join(temporaryFolder(), 'secret');
  fs.writeFileSync(secret, Buffer.alloc(5000, 's'));
  fs.rmSync(file.path);
  fs.symlinkSync(secret, file.path);
  const { ask } = serverOf(new Map([[photo.id, [file]]]));
  const { header, payload } = await ask(request(photo, 0, 5000));
  expect(header).toEqual({ ok: false, reason: 'missing' });
  expect(payload).toHaveLength(0);
});

test('a file that becomes shorter while it is served is noticed', async () => {
  const photo = photoOf(50_000);
  const file = written(photo);
  const { ask } = serverOf(new Map([[photo.id, [file]]]));
  expect((await ask(request(photo, 0, 10))).header).toEqual({ ok: true, size: 50_000 });
  fs.truncateSync(file.path, 20_000);
  expect((await ask(request(photo, 10_000, 40_000))).header).toEqual({ ok: false, reason: 'missing' });
});

test('few files stay open, however many are read', async () => {
  const files = new OpenFiles(5);
  onTestFinished(() => files[Symbol.asyncDispose]());
  const folder = temporaryFolder();
  const opened = (): number =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  const indexed = Array.from({ length: 40 }, (_, n) => {
    const file = path.join(folder, `${n}`);
    fs.writeFileSync(file, `photo ${n}`.padEnd(100));
    return { path: file, size: 100 };
  });

  await Promise.all(
    indexed.map(async (file, n) => {
      const data = await files.read(file, 0, 100);
      expect(Buffer.from(data).toString().trim()).toBe(`photo ${n}`);
    }),
  );
  for (const file of indexed) await files.read(file, 50, 50);

  expect(files.open).toBe(5);
  // Five stay open and one more may be closing still.
  expect(opened()).toBeLessThanOrEqual(6);
  expect(opened()).toBeGreaterThan(0);
  await files[Symbol.asyncDispose]();
  expect(opened()).toBe(0);
});
