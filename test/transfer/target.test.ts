import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { moveTo, targetIn } from '../../src/daemon/transfer/target.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { failureOf, lying, photoOf, serving, TestHome, TestPeers, type TestPhoto } from './support.ts';

const MiB = 1024 * 1024;

function homeWith(photo: TestPhoto): { home: TestHome; peers: TestPeers } {
  const peers = new TestPeers().add('a', serving(photo));
  return { home: new TestHome({ carriers: [peers] }), peers };
}

/** A folder on another file system than the temporary ones. */
function otherFileSystem(): string {
  const here = fs.statSync(fs.realpathSync(process.env['TMPDIR'] ?? '/tmp')).dev;
  const base = ['/dev/shm', `/run/user/${process.getuid?.() ?? ''}`, '/var/tmp', process.cwd()].find(
    (folder) => fs.existsSync(folder) && fs.statSync(folder).dev !== here,
  );
  if (base === undefined) throw new Error('this machine has only one file system that can be written');
  const folder = fs.mkdtempSync(path.join(base, 'photos-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A real disk of a few bytes where this process may mount one, else undefined. */
function smallDisk(bytes: number): string | undefined {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'photos-disk-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

test.each(['one file system', 'two file systems'])(
  'a photo is safe on disk before it has its name, and its name before it is done (%s)',
  async (where) => {
    const photo = photoOf(MiB);
    const { home } = homeWith(photo);
    const folder = where === 'one file system' ? home.out : otherFileSystem();
    const target = path.join(folder, 'photo.jpg');
    const events: string[] = [];
    const probe = await fsPromises.open(home.folder);
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    // oxlint-disable-next-line typescript/unbound-method -- it is called on the handle that it was called on
    const sync = handles.sync;
    vi.spyOn(handles, 'sync').mockImplementation(async function synced(this: FileHandle) {
      await sync.call(this);
      events.push(`sync ${path.extname(fs.readlinkSync(`/proc/self/fd/${this.fd}`)) || 'folder'}`);
    });
    const link = fsPromises.link;
    vi.spyOn(fsPromises, 'link').mockImplementation(async (from, to) => {
      await link(from, to);
      events.push('name');
    });
    onTestFinished(() => void vi.restoreAllMocks());

    await home.fetcher.fetch(home.order(photo, ['a'], { target }));

    expect(fs.readFileSync(target).equals(photo.bytes)).toBe(true);
    const copied = where === 'one file system' ? [] : ['sync .part'];
    expect(events).toEqual(['sync .part', ...copied, 'name', 'sync folder']);
  },
);

test('a file that is there with the same bytes is success, and stays as it is', async () => {
  const photo = photoOf(MiB);
  const { home, peers } = homeWith(photo);
  const order = home.order(photo, ['a']);
  fs.writeFileSync(order.target, photo.bytes);
  const before = fs.statSync(order.target, { bigint: true });

  const fetched = await home.fetcher.fetch({ ...order, force: true });

  expect(fetched.from).toEqual(['me']);
  expect(peers.asked).toEqual([]);
  const after = fs.statSync(order.target, { bigint: true });
  expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
});

test.each([10, MiB])('a different file of %i bytes is not replaced, and no byte is fetched', async (size) => {
  const photo = photoOf(MiB);
  const { home, peers } = homeWith(photo);
  const order = home.order(photo, ['a']);
  fs.writeFileSync(order.target, Buffer.alloc(size, 'x'));

  const failure = await failureOf(home.fetcher.fetch(order));

  expect(failure.code).toBe('target-exists');
  expect(failure.message).toContain('choose another name');
  expect(peers.asked).toEqual([]);
  expect(fs.readFileSync(order.target).equals(Buffer.alloc(size, 'x'))).toBe(true);
});

test('with force a different file is replaced, at once and whole', async () => {
  const photo = photoOf(2 * MiB);
  const { home, peers } = homeWith(photo);
  const order = home.order(photo, ['a'], { force: true });
  fs.writeFileSync(order.target, 'old');
  const open = fs.openSync(order.target, 'r');
  const seen = new Set<number>();
  peers.add('a', (offset, length, signal) => {
    seen.add(fs.statSync(order.target).size);
    return serving(photo)(offset, length, signal);
  });

  await home.fetcher.fetch(order);

  expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
  expect([...seen]).toEqual([3]);
  // Whoever had the old file open still has the old file.
  expect(fs.readFileSync(open, 'utf8')).toBe('old');
  fs.closeSync(open);
  expect(home.left()).toEqual([]);
});

test('with force a wrong photo replaces nothing', async () => {
  const photo = photoOf(MiB);
  const home = new TestHome({ carriers: [new TestPeers().add('a', lying(photo))] });
  const order = home.order(photo, ['a'], { force: true });
  fs.writeFileSync(order.target, 'old');
  expect((await failureOf(home.fetcher.fetch(order))).code).toBe('corrupt');
  expect(fs.readFileSync(order.target, 'utf8')).toBe('old');
});

test.each(['here', 'elsewhere'])(
  'a file that appears while the photo is fetched is not replaced (%s)',
  async (where) => {
    const photo = photoOf(2 * MiB);
    const { home, peers } = homeWith(photo);
    const folder = where === 'here' ? home.out : otherFileSystem();
    const order = home.order(photo, ['a'], { target: path.join(folder, 'photo.jpg') });
    peers.add('a', (offset, length, signal) => {
      fs.writeFileSync(order.target, 'written by somebody else meanwhile');
      return serving(photo)(offset, length, signal);
    });

    const failure = await failureOf(home.fetcher.fetch(order));

    expect(failure.code).toBe('target-exists');
    expect(fs.readFileSync(order.target, 'utf8')).toBe('written by somebody else meanwhile');
    expect(fs.readdirSync(folder)).toEqual(['photo.jpg']);
  },
);

test.each([false, true])('a photo gets its name on another file system too (force %s)', async (force) => {
  const photo = photoOf(3 * MiB + 5);
  const { home } = homeWith(photo);
  const folder = otherFileSystem();
  const order = home.order(photo, ['a'], { target: path.join(folder, 'photo.jpg'), force });
  expect(fs.statSync(folder).dev).not.toBe(fs.statSync(home.folder).dev);
  if (force) fs.writeFileSync(order.target, 'old');

  await home.fetcher.fetch(order);

  expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
  expect(fs.readdirSync(folder)).toEqual(['photo.jpg']);
  expect(home.left()).toEqual([]);
});

test('where files have one name only, an existing file is safe all the same', async () => {
  // FAT is such a file system; none can be mounted everywhere, so that the one call that differs is answered as it answers.
  const link = vi.spyOn(fsPromises, 'link');
  link.mockRejectedValue(Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' }));
  onTestFinished(() => void vi.restoreAllMocks());
  const photo = photoOf(MiB);
  const { home, peers } = homeWith(photo);
  const order = home.order(photo, ['a']);

  await home.fetcher.fetch(order);
  expect(fs.readFileSync(order.target).equals(photo.bytes)).toBe(true);
  expect(home.left()).toEqual([]);

  fs.rmSync(order.target);
  peers.add('a', (offset, length, signal) => {
    fs.writeFileSync(order.target, 'written by somebody else meanwhile');
    return serving(photo)(offset, length, signal);
  });
  // Seen by the look before the name is given, or by the exclusive making of it: the file stays.
  expect((await failureOf(home.fetcher.fetch(order))).code).toBe('target-exists');
  expect(fs.readFileSync(order.target, 'utf8')).toBe('written by somebody else meanwhile');
  expect(link).toHaveBeenCalled();
});

test('a file that appears in the last moment is not replaced', async () => {
  const photo = photoOf(1000);
  const source = path.join(temporaryFolder(), 'verified');
  for (const names of ['several', 'one']) {
    if (names === 'one') {
      vi.spyOn(fsPromises, 'link').mockRejectedValue(Object.assign(new Error('link'), { code: 'ENOTSUP' }));
      onTestFinished(() => void vi.restoreAllMocks());
    }
    const target = { path: path.join(temporaryFolder(), 'photo.jpg'), id: photo.id, size: 1000, force: false };
    fs.writeFileSync(source, photo.bytes);
    fs.writeFileSync(target.path, 'somebody else');
    const failure = await failureOf(moveTo(source, target, new AbortController().signal));
    expect(failure.code).toBe('target-exists');
    expect(fs.readFileSync(target.path, 'utf8')).toBe('somebody else');
    expect(fs.existsSync(source)).toBe(true);
  }
});

test('a link is replaced itself, never what it points to, and only with force', async () => {
  const photo = photoOf(1000);
  const { home } = homeWith(photo);
  const order = home.order(photo, ['a']);
  const precious = path.join(home.folder, 'precious.jpg');
  fs.writeFileSync(precious, 'precious');
  fs.symlinkSync(precious, order.target);
  expect((await failureOf(home.fetcher.fetch(order))).code).toBe('target-exists');
  await home.fetcher.fetch({ ...order, force: true });
  expect(fs.readFileSync(precious, 'utf8')).toBe('precious');
  expect(fs.lstatSync(order.target).isFile()).toBe(true);

  fs.rmSync(order.target);
  fs.symlinkSync(path.join(home.out, 'nowhere'), order.target);
  expect((await failureOf(home.fetcher.fetch(order))).code).toBe('target-exists');
  expect(fs.readdirSync(home.out)).toEqual(['photo.jpg']);
});

test('a pipe is not replaced, and does not block', async () => {
  const photo = photoOf(1000);
  const { home } = homeWith(photo);
  const order = home.order(photo, ['a'], { force: true });
  execFileSync('mkfifo', [order.target]);
  expect((await failureOf(home.fetcher.fetch(order))).code).toBe('target-exists');
  expect(fs.lstatSync(order.target).isFIFO()).toBe(true);
});

test.each<[string, (home: TestHome) => string, string, string]>([
  ['a folder', (home) => home.out, 'usage', 'is a folder'],
  ['below a folder that does not exist', (home) => path.join(home.out, 'no', 'photo.jpg'), 'not-a-folder', 'create it'],
  ['below a file', (home) => path.join(fileIn(home), 'photo.jpg'), 'not-a-folder', 'is not a folder'],
  ['relative', () => 'photo.jpg', 'usage', 'full path'],
  ['leading out by dots', (home) => `${home.out}/../photo.jpg`, 'usage', 'full path'],
  ['with a zero byte', (home) => path.join(home.out, 'a\0b'), 'usage', 'full path'],
])('a target that is %s is refused before a byte is fetched', async (_what, target, code, message) => {
  const photo = photoOf(1000);
  const { home, peers } = homeWith(photo);
  for (const force of [false, true]) {
    const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'], { target: target(home), force })));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(message);
  }
  expect(peers.asked).toEqual([]);
});

function fileIn(home: TestHome): string {
  const file = path.join(home.out, 'file');
  fs.writeFileSync(file, '');
  return file;
}

test('a folder that may not be written says so', async () => {
  const photo = photoOf(1000);
  const { home } = homeWith(photo);
  fs.chmodSync(home.out, 0o555);
  // A superuser may write everywhere: for the length of this test it is somebody else.
  const superuser = process.geteuid?.() === 0;
  if (superuser) {
    for (const folder of [home.folder, path.dirname(home.incoming)]) fs.chmodSync(folder, 0o777);
    process.seteuid?.(65534);
    onTestFinished(() => process.seteuid?.(0));
  }
  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'])));
  expect(failure.code).toBe('no-permission');
  expect(failure.message).toContain('choose another folder');
  expect(fs.readdirSync(home.out)).toEqual([]);
});

test.each([
  '../evil.jpg',
  'a/b.jpg',
  '..',
  '.',
  '',
  'a\\b',
  'a\u0000b',
  'a\nb',
  '\u202egpj.exe',
  '.photo-organizer',
  'x'.repeat(256),
])('the name %j of a peer is no name of a file', (name) => {
  expect(() => targetIn('/photos', name)).toThrow(AppError);
});

test('an ordinary name is one in the folder', () => {
  expect(targetIn('/photos', 'Praia em Março.jpg')).toBe(path.join('/photos', 'Praia em Março.jpg'));
});

test('a disk that fills up in mid-fetch ends it with a clear error and nothing left', async () => {
  const disk = smallDisk(4 * MiB);
  if (disk === undefined) return fetchUnderFileSizeLimit();
  const photo = photoOf(3 * MiB);
  const peers = new TestPeers().add('a', (offset, length, signal) => {
    if (offset > MiB) fillUp(disk);
    return serving(photo)(offset, length, signal);
  });
  const home = new TestHome({ carriers: [peers], incoming: path.join(disk, 'incoming') });

  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'])));

  expect(failure.code).toBe('disk-full');
  expect(failure.message).toContain('free some and try again');
  expect(fs.readdirSync(path.join(disk, 'incoming'))).toEqual([]);
  expect(fs.readdirSync(home.out)).toEqual([]);
});

function fillUp(disk: string): void {
  const descriptor = fs.openSync(path.join(disk, 'filler'), 'a');
  try {
    for (;;) fs.writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Without a disk of its own: a limit on the size of files, which only a process that ends soon should have. */
function fetchUnderFileSizeLimit(): void {
  const script = path.join(import.meta.dirname, 'fetchUnderLimit.ts');
  const output = execFileSync('sh', ['-c', `ulimit -f 4096 && exec "$0" "$1"`, process.execPath, script], {
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual({ code: 'disk-full', left: [], out: [] });
}

test('a limit on the size of files is told as a disk that is too small', () => {
  fetchUnderFileSizeLimit();
});

test('a photo that cannot fit is not begun', async () => {
  const disk = smallDisk(2 * MiB);
  // What the test needs is a full disk; where none can be made, the size of the photo makes any disk too small.
  const photo = photoOf(3 * MiB);
  const peers = new TestPeers().add('a', serving(photo));
  const home = new TestHome({
    carriers: [peers],
    ...(disk === undefined ? {} : { incoming: path.join(disk, 'incoming') }),
  });
  const size = disk === undefined ? 2 ** 40 : photo.bytes.length;

  const failure = await failureOf(home.fetcher.fetch(home.order(photo, ['a'], { size })));

  expect(failure.code).toBe('disk-full');
  expect(peers.asked).toEqual([]);
  expect(home.left()).toEqual([]);
});

test('a full disk of the target leaves nothing there', async () => {
  const disk = smallDisk(2 * MiB);
  if (disk === undefined) return fetchUnderFileSizeLimit();
  const photo = photoOf(3 * MiB);
  const { home } = homeWith(photo);
  const failure = await failureOf(
    home.fetcher.fetch(home.order(photo, ['a'], { target: path.join(disk, 'photo.jpg') })),
  );
  expect(failure.code).toBe('disk-full');
  expect(fs.readdirSync(disk)).toEqual([]);
});
