import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { sharpVariable } from '../../src/daemon/library/decoderMessages.ts';
import { featuresFingerprint } from '../../src/daemon/library/photoFeatures.ts';
import type { Library } from '../../src/daemon/library/types.ts';
import { featuresVersion, lumaBytes } from '../../src/protocol/features.ts';
import { markerPath } from '../../src/protocol/state.ts';
import { waitFor } from '../support/waitFor.ts';
import { picture, sha256, tinyJpeg } from './support/images.ts';
import { watchLoop } from './support/loopWatch.ts';
import { idle, names, newStand, open, scanned, tally } from './support/library.ts';

function write(folder: string, name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

async function writeTiny(folder: string, ...numbers: number[]): Promise<void> {
  for (const n of numbers) write(folder, `${n}.jpg`, await tinyJpeg(n));
}

const idOf = async (n: number): Promise<string> => sha256(await tinyJpeg(n));

function reasons(library: Library): Record<string, string> {
  return Object.fromEntries(library.unreadable().map(({ path, reason }) => [path, reason]));
}

describe('a scan', () => {
  test('finds photos in all folders, with their thumbnails, and tells about each once', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    write(stand.folder, '2024/June/beach.png', await picture(3).png().toBuffer());
    write(stand.folder, '2024/copy of 1.JPG', await tinyJpeg(1));
    write(stand.folder, 'notes.txt', Buffer.from('no photo'));
    const { library, changes } = await scanned(stand);
    expect(names(library)).toEqual(['1.jpg', '2.jpg', 'beach.png']);
    expect(tally(changes)).toEqual({ added: ['1.jpg', '2.jpg', 'beach.png'], removed: [] });
    const one = await idOf(1);
    expect(library.paths(one)).toEqual([
      path.join(stand.folder, '1.jpg'),
      path.join(stand.folder, '2024', 'copy of 1.JPG'),
    ]);
    expect(library.totals()).toMatchObject({ photos: 3, extraFiles: 1 });
    for (const { id } of library.photos()) expect(library.thumbnail(id)?.mime).toBe('image/jpeg');
    expect(library.thumbnail('0'.repeat(64))).toBeUndefined();
    expect([library.unreadable(), library.problems(), library.unavailable(), library.progress()]).toEqual([
      [],
      [],
      null,
      null,
    ]);
  });

  test('leaves out hidden, private and excluded files', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    for (const name of [
      '.photo-organizer/x.jpg',
      '.hidden/x.jpg',
      '._1.jpg',
      'a/.b/x.jpg',
      'private/x.jpg',
      'deep/er/x.png',
    ]) {
      write(stand.folder, name, await tinyJpeg(9));
    }
    const { library } = await scanned(stand, { exclude: ['private/', '**/*.png'] });
    expect(names(library)).toEqual(['1.jpg']);
  });

  test('takes out what has been excluded since', async () => {
    const stand = await newStand();
    await writeTiny(path.join(stand.folder, 'private'), 1);
    await writeTiny(stand.folder, 2);
    await (await scanned(stand)).close();
    const { library, changes } = await scanned(stand, { exclude: ['private/**'] });
    expect(names(library)).toEqual(['2.jpg']);
    expect(tally(changes)).toEqual({ added: [], removed: [await idOf(1)] });
  });

  test('follows no links, into loops or out of the folder', async () => {
    const stand = await newStand();
    const outside = path.join(path.dirname(stand.folder), 'outside');
    await writeTiny(outside, 8, 9);
    await writeTiny(stand.folder, 1);
    const link = (target: string, name: string): void => fs.symlinkSync(target, path.join(stand.folder, name));
    link('.', 'loop');
    link(outside, 'elsewhere');
    link(path.join(outside, '8.jpg'), 'out.jpg');
    link(path.join(stand.folder, '1.jpg'), 'same.jpg');
    link('nowhere.jpg', 'dangling.jpg');
    link(outside, 'folder.jpg');
    const { library } = await scanned(stand);
    expect(names(library)).toEqual(['1.jpg']);
    expect(library.paths(await idOf(1))).toHaveLength(1);
    expect(reasons(library)).toEqual({
      'out.jpg': 'It is a link out of the photo folder, which is not followed.',
      'folder.jpg': 'It is a link out of the photo folder, which is not followed.',
      'dangling.jpg': 'It is a link that leads nowhere.',
    });
  });

  test('is not stopped by broken files: they are listed with a reason', async () => {
    const stand = await newStand();
    const { folder } = stand;
    await writeTiny(folder, 1);
    await writeTiny(path.join(folder, 'folder.jpg'), 2);
    write(folder, 'empty.jpg', Buffer.alloc(0));
    write(folder, 'text.png', Buffer.from('text'));
    write(folder, 'drawing.jpg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
    execFileSync('mkfifo', [path.join(folder, 'pipe.jpg')]);
    const whole = await picture(4).jpeg().toBuffer();
    write(folder, 'cut.jpg', whole.subarray(0, whole.length / 2));
    write(folder, 'odd\u202e\nname.jpg', Buffer.from('text'));
    const { library } = await scanned(stand);
    expect(names(library)).toEqual(['1.jpg', '2.jpg', 'cut.jpg']);
    expect([...library.photos()].filter(({ damaged }) => damaged).map(({ name }) => name)).toEqual(['cut.jpg']);
    expect(reasons(library)).toEqual({
      'empty.jpg': 'The file is empty.',
      'text.png': expect.stringContaining('no image format'),
      'drawing.jpg': 'It is an SVG drawing, not a photo.',
      'pipe.jpg': 'It is not a regular file.',
      'odd\ufffd\ufffdname.jpg': expect.stringContaining('no image format'),
    });
  });

  test('lists what may not be read', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    await writeTiny(path.join(stand.folder, 'closed'), 3);
    const { library } = await scanned(stand);
    fs.chmodSync(path.join(stand.folder, '2.jpg'), 0);
    fs.chmodSync(path.join(stand.folder, 'closed'), 0);
    onTestFinished(() => fs.chmodSync(path.join(stand.folder, 'closed'), 0o700));
    // Changed, so that it has to be read again.
    fs.utimesSync(path.join(stand.folder, '2.jpg'), 1_000_000, 1_000_000);
    await library.rescan();
    // Permissions do not bind the super-user: for it both can still be read.
    const bound = process.getuid?.() !== 0;
    expect(reasons(library)).toEqual(
      bound ? { '2.jpg': 'No permission to read the file.', closed: 'No permission to read this folder.' } : {},
    );
    // What a closed folder holds is not known: nothing is concluded.
    expect(names(library)).toEqual(bound ? ['1.jpg', '3.jpg'] : ['1.jpg', '2.jpg', '3.jpg']);
  });

  test('of 2,000 photos leaves the event loop free, and tells its progress', async () => {
    const stand = await newStand();
    const count = 2_000;
    for (let n = 0; n < count; n++) write(stand.folder, `${n % 10}/${n}.jpg`, await tinyJpeg(n));
    const { library, changes } = await open(stand);
    const progress: NonNullable<ReturnType<Library['progress']>>[] = [];
    library.onStatus(() => {
      const now = library.progress();
      if (now !== null) progress.push(now);
    });
    const loop = watchLoop();
    await library.start();
    await waitFor('the scan is done', () => library.progress() === null, 120_000);
    const delays = loop();
    expect(library.totals().photos).toBe(count);
    expect(tally(changes).added).toHaveLength(count);
    expect(Math.max(...changes.map(({ added, removed }) => added.length + removed.length))).toBeLessThanOrEqual(500);
    // A noisy machine: the goal is a tenth of this.
    expect(delays.longestWork).toBeLessThan(100);
    expect(delays.mostWaits).toBeLessThan(200);
    const late = progress.findLast(({ done, secondsLeft }) => done > count / 2 && secondsLeft !== null);
    expect(late?.total).toBe(count);
    expect(late?.rate).toBeGreaterThan(1);
    expect(late?.secondsLeft).toBeLessThan(120);
  }, 180_000);
});

describe('a restart', () => {
  test('reads nothing again that has not changed', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2, 3);
    write(stand.folder, 'text.jpg', Buffer.from('text'));
    const first = await scanned(stand);
    expect(first.decoders.jobs).toBe(4);
    const facts = [...first.library.photos()].sort((a, b) => a.id.localeCompare(b.id));
    await first.close();

    fs.writeFileSync(path.join(stand.folder, '2.jpg'), await tinyJpeg(20));
    const second = await open(stand);
    expect([...second.library.photos()].sort((a, b) => a.id.localeCompare(b.id))).toEqual(facts);
    expect(reasons(second.library)).toHaveProperty(['text.jpg']);
    await second.library.start();
    await idle(second.library);
    expect(second.decoders.jobs).toBe(1);
    expect(tally(second.changes)).toEqual({ added: ['2.jpg'], removed: [await idOf(2)] });
    expect(second.library.thumbnail(await idOf(1))).toBeDefined();
  });

  test('notices a file of the same size that came in the place of another', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    const file = path.join(stand.folder, '1.jpg');
    await (await scanned(stand)).close();
    const { mtime } = fs.statSync(file);
    write(stand.folder, 'new', await tinyJpeg(2));
    fs.utimesSync(path.join(stand.folder, 'new'), mtime, mtime);
    fs.renameSync(path.join(stand.folder, 'new'), file);
    const { library } = await scanned(stand);
    expect([...library.photos()].map(({ id }) => id)).toEqual([await idOf(2)]);
  });

  test('makes lost thumbnails again', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    await (await scanned(stand)).close();
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(stand.thumbnailsFile + suffix, { force: true });
    const { library, decoders, changes } = await scanned(stand);
    expect(decoders.jobs).toBe(2);
    expect(library.thumbnail(await idOf(2))).toBeDefined();
    expect(tally(changes)).toEqual({ added: [], removed: [] });
  });

  test('serves what photos are compared by, and makes it again where it was lost', async () => {
    const stand = await newStand();
    write(stand.folder, 'beach.png', await picture(3).png().toBuffer());
    const first = await scanned(stand);
    const [photo] = first.library.photos();
    const id = photo?.id ?? '';
    const features = first.library.features(id);
    const luma = first.library.luma(id);
    expect(features).toMatchObject({ version: featuresVersion, aspect: 1333 });
    expect(photo?.features).toBe(features && featuresFingerprint(features));
    expect(luma).toHaveLength(lumaBytes);
    expect([first.library.features('0'.repeat(64)), first.library.luma('0'.repeat(64))]).toEqual([
      undefined,
      undefined,
    ]);
    await first.close();

    const second = await scanned(stand);
    expect(second.decoders.jobs).toBe(0);
    expect([second.library.features(id), second.library.luma(id)]).toEqual([features, luma]);
    await second.close();

    const index = new DatabaseSync(stand.libraryFile);
    index.exec('DELETE FROM likenesses');
    index.close();
    const third = await scanned(stand);
    expect(third.decoders.jobs).toBe(1);
    expect([third.library.features(id), third.library.luma(id)]).toEqual([features, luma]);
    expect(tally(third.changes)).toEqual({ added: [], removed: [] });
  });

  test('does not serve features that are not those which the photo’s facts name', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    await (await scanned(stand)).close();
    const index = new DatabaseSync(stand.libraryFile);
    index.exec("UPDATE photos SET features = '0123456789abcdef'");
    index.close();
    const { library } = await scanned(stand);
    expect(library.get(await idOf(1))?.features).toBe('0123456789abcdef');
    expect([library.features(await idOf(1)), library.luma(await idOf(1))]).toEqual([undefined, undefined]);
  });

  test('makes photos of an older recipe again, and they are there meanwhile', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    await (await scanned(stand)).close();
    const index = new DatabaseSync(stand.libraryFile);
    index.exec("UPDATE photos SET recipe = 0, camera = 'Old recipe', features = NULL; DELETE FROM likenesses");
    index.close();
    const { library, changes } = await open(stand);
    expect([...library.photos()]).toMatchObject([{ camera: 'Old recipe' }]);
    await library.start();
    await idle(library);
    expect([...library.photos()]).toMatchObject([{ camera: null }]);
    expect(library.features(await idOf(1))).toBeDefined();
    expect(tally(changes)).toEqual({ added: ['1.jpg'], removed: [] });
  });

  test('survives a damaged index', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    await (await scanned(stand)).close();
    fs.writeFileSync(stand.libraryFile, 'rubbish'.repeat(1000));
    expect(names((await scanned(stand)).library)).toEqual(['1.jpg']);
  });
});

describe('changes on disk', () => {
  test('are noticed: new, changed and deleted photos', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    const { library, changes, thumbnails } = await scanned(stand);
    changes.length = 0;
    write(stand.folder, 'new/3.jpg', await tinyJpeg(3));
    await waitFor('the new photo', async () => library.get(await idOf(3)));
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    await waitFor('the deletion', async () => library.get(await idOf(1)) === undefined);
    fs.writeFileSync(path.join(stand.folder, '2.jpg'), await tinyJpeg(4));
    await waitFor('the change', async () => library.get(await idOf(4)));
    await idle(library);
    expect(tally(changes)).toEqual({ added: ['2.jpg', '3.jpg'], removed: [await idOf(1), await idOf(2)].sort() });
    expect(thumbnails.has(await idOf(1))).toBe(false);
    const index = new DatabaseSync(stand.libraryFile, { readOnly: true });
    expect(index.prepare('SELECT count(*) AS rows FROM likenesses').get()).toEqual({ rows: 2 });
    index.close();
    fs.rmSync(path.join(stand.folder, 'new'), { recursive: true });
    await waitFor('the deleted folder', async () => library.get(await idOf(3)) === undefined);
  });

  test('that only move files are no changes of photos, and nothing is read again', async () => {
    const stand = await newStand();
    await writeTiny(path.join(stand.folder, 'old'), 1, 2);
    const { library, changes, decoders } = await scanned(stand);
    changes.length = 0;
    fs.renameSync(path.join(stand.folder, 'old'), path.join(stand.folder, 'new'));
    const moved = path.join(stand.folder, 'new', '1.jpg');
    await waitFor('the new path', async () => library.paths(await idOf(1))[0] === moved);
    await idle(library);
    expect(tally(changes)).toEqual({ added: [], removed: [] });
    fs.renameSync(moved, path.join(stand.folder, 'new', 'Beach.jpg'));
    await waitFor('the new name', () => names(library).includes('Beach.jpg'));
    await idle(library);
    // The same photo with another name: told as such, never as gone.
    expect(tally(changes)).toEqual({ added: ['Beach.jpg'], removed: [] });
    expect(decoders.jobs).toBe(2);
  });

  test('of files that swap their names remove no photo', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    const { library, changes } = await scanned(stand);
    changes.length = 0;
    const [a, b, c] = ['1.jpg', '2.jpg', 'c'].map((name) => path.join(stand.folder, name));
    if (a === undefined || b === undefined || c === undefined) throw new Error('no paths');
    fs.renameSync(a, c);
    fs.renameSync(b, a);
    fs.renameSync(c, b);
    await library.rescan();
    await idle(library);
    expect(library.paths(await idOf(1))).toEqual([b]);
    expect(tally(changes).removed).toEqual([]);
  });

  test('that move a photo’s bytes elsewhere do not remove it in between', async () => {
    const stand = await newStand();
    const large = await picture(5, 3000, 2000).png({ compressionLevel: 1 }).toBuffer();
    write(stand.folder, 'a.png', large);
    const { library, changes } = await scanned(stand, { settle: 400 });
    changes.length = 0;
    // The small one is entered, and told, long before the large one is found under its new name.
    write(stand.folder, 'a.png', await tinyJpeg(1));
    write(stand.folder, 'b.png', large);
    await waitFor('both', async () => library.get(await idOf(1)) && library.paths(sha256(large))[0]?.endsWith('b.png'));
    await idle(library);
    expect(changes.length).toBeGreaterThan(1);
    expect(tally(changes)).toEqual({ added: ['a.png', 'b.png'], removed: [] });
  });

  test('of one of two files of a photo keep the photo', async () => {
    const stand = await newStand();
    write(stand.folder, 'a.jpg', await tinyJpeg(1));
    write(stand.folder, 'b.jpg', await tinyJpeg(1));
    const { library, changes } = await scanned(stand);
    changes.length = 0;
    fs.rmSync(path.join(stand.folder, 'b.jpg'));
    await library.rescan();
    expect(library.totals()).toMatchObject({ photos: 1, extraFiles: 0 });
    expect(tally(changes)).toEqual({ added: [], removed: [] });
  });

  test('are not believed while a file is being written', async () => {
    const stand = await newStand();
    const { library, changes } = await scanned(stand, { settle: 400 });
    const bytes = await picture(8, 900, 700).jpeg().toBuffer();
    const file = path.join(stand.folder, 'growing.jpg');
    const handle = fs.openSync(file, 'w');
    const piece = Math.ceil(bytes.length / 8);
    for (let at = 0; at < bytes.length; at += piece) {
      fs.writeSync(handle, bytes, at, Math.min(piece, bytes.length - at));
      // What is tested is the time between two writes: shorter than what counts as settled.
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    fs.closeSync(handle);
    await waitFor('the photo', () => library.get(sha256(bytes)));
    await idle(library);
    expect(tally(changes)).toEqual({ added: ['growing.jpg'], removed: [] });
    expect(library.unreadable()).toEqual([]);
  });

  test('are found by the rescans too', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    const { library } = await scanned(stand, { rescanInterval: 100 });
    const file = path.join(stand.folder, '1.jpg');
    fs.writeFileSync(file, await tinyJpeg(2));
    await waitFor('the other photo', async () => library.get(await idOf(2)));
  });
});

describe('a folder that is not what it was', () => {
  test('is not concluded from: the marker lost and found again', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    const { library, changes } = await scanned(stand, { rescanInterval: 200 });
    changes.length = 0;
    const marker = fs.readFileSync(markerPath(stand.folder));
    fs.rmSync(markerPath(stand.folder));
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    await waitFor('the loss is noticed', () => library.unavailable());
    await library.rescan();
    expect(library.unavailable()).toContain('has lost its marker');
    expect(names(library)).toEqual(['1.jpg', '2.jpg']);
    expect(changes).toEqual([]);
    fs.writeFileSync(markerPath(stand.folder), marker);
    await waitFor('it can be used again', () => library.unavailable() === null);
    await waitFor('the deletion is believed', () => names(library).length === 1);
    expect(tally(changes)).toEqual({ added: [], removed: [await idOf(1)] });
  });

  test('is not concluded from when that happens in the middle of a scan', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    const { library, changes } = await scanned(stand, { settle: 400 });
    changes.length = 0;
    const third = await idOf(3);
    library.onStatus(() => {
      if (library.get(third) !== undefined) fs.rmSync(markerPath(stand.folder), { force: true });
    });
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    await writeTiny(stand.folder, 3);
    await waitFor('the loss is noticed', () => library.unavailable());
    await idle(library);
    expect(names(library)).toEqual(['1.jpg', '2.jpg', '3.jpg']);
    expect(tally(changes)).toEqual({ added: ['3.jpg'], removed: [] });
  });

  test('comes back by itself, and is watched again', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    const { library, changes } = await scanned(stand);
    changes.length = 0;
    const away = `${stand.folder}-away`;
    fs.renameSync(stand.folder, away);
    await library.rescan();
    expect(library.unavailable()).toContain('is not there');
    fs.mkdirSync(stand.folder);
    await library.rescan();
    expect(library.unavailable()).toContain('has lost its marker');
    expect(names(library)).toEqual(['1.jpg']);
    fs.rmdirSync(stand.folder);
    fs.renameSync(away, stand.folder);
    await waitFor('it can be used again', () => library.unavailable() === null);
    await writeTiny(stand.folder, 2);
    await waitFor('the new photo', async () => library.get(await idOf(2)));
    // Also when it is a rescan that notices both, and the folder is a new one to the system.
    fs.renameSync(stand.folder, away);
    await library.rescan();
    fs.cpSync(away, stand.folder, { recursive: true, preserveTimestamps: true });
    await library.rescan();
    expect(library.unavailable()).toBeNull();
    await writeTiny(stand.folder, 3);
    await waitFor('the third photo', async () => library.get(await idOf(3)));
    expect(tally(changes)).toEqual({ added: ['2.jpg', '3.jpg'], removed: [] });
  });

  test('and is another shared one is not taken for it', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    const { library } = await scanned(stand);
    const other = { version: 1, folderId: '9d0a1e5e-6f0c-4f5e-8a59-0c1f0e6f7a11', sharedAt: '' };
    fs.writeFileSync(markerPath(stand.folder), JSON.stringify(other));
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    await library.rescan();
    expect(library.unavailable()).toContain('Another shared folder');
    expect(names(library)).toEqual(['1.jpg']);
  });

  test('at the start is the index’s until it can be used', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1);
    await (await scanned(stand)).close();
    fs.rmSync(markerPath(stand.folder));
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    const { library, changes } = await scanned(stand);
    expect(library.unavailable()).not.toBeNull();
    expect(names(library)).toEqual(['1.jpg']);
    expect(changes).toEqual([]);
  });
});

describe('trouble', () => {
  test('with writing the index is said, costs nothing, and is made good', async () => {
    const stand = await newStand();
    const opened = await open(stand, { rescanInterval: 200 });
    const { library } = opened;
    // A disk that is full refuses inserts: so does this trigger.
    const index = new DatabaseSync(stand.libraryFile);
    index.exec("CREATE TRIGGER full BEFORE INSERT ON files BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
    await writeTiny(stand.folder, 1, 2);
    await library.start();
    await waitFor('the problem is said', () => library.problems().length > 0);
    expect(library.problems()).toEqual([expect.stringContaining('database or disk is full')]);
    await waitFor('the photos are there', () => names(library).length === 2);
    expect(library.thumbnail(await idOf(1))).toBeDefined();
    index.exec('DROP TRIGGER full');
    index.close();
    await waitFor('the problem is over', () => library.problems().length === 0);
    await opened.close();
    const { decoders } = await scanned(stand);
    expect(decoders.jobs).toBe(0);
  });

  test('with decoders that die does not cost a photo', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2, 3, 4, 5, 6);
    const { library, decoders } = await open(stand);
    const seen = new Set<number>();
    await library.start();
    await waitFor('decoders were killed', () => {
      for (const pid of decoders.pids) {
        if (seen.size >= 2 || seen.has(pid)) continue;
        seen.add(pid);
        process.kill(pid, 'SIGKILL');
      }
      return seen.size >= 2;
    });
    await waitFor('all photos', () => names(library).length === 6);
    expect(library.unreadable()).toEqual([]);
  });

  test('with starting a decoder is said, and nothing is concluded', async () => {
    const stand = await newStand();
    await writeTiny(stand.folder, 1, 2);
    await (await scanned(stand)).close();
    vi.stubEnv(sharpVariable, 'wasm');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    fs.rmSync(path.join(stand.folder, '1.jpg'));
    await writeTiny(stand.folder, 3);
    const { library, changes } = await scanned(stand);
    expect(library.problems()).toEqual([expect.stringContaining('@img/sharp-wasm32')]);
    expect(names(library)).toEqual(['1.jpg', '2.jpg']);
    expect(changes).toEqual([]);
    vi.unstubAllEnvs();
    await library.rescan();
    expect(library.problems()).toEqual([]);
    expect(names(library)).toEqual(['2.jpg', '3.jpg']);
  });

  test('with the patterns to leave out is an error that says so', async () => {
    const stand = await newStand();
    await expect(open(stand, { exclude: ['x'.repeat(70_000)] })).rejects.toMatchObject({ code: 'usage' });
  });

  test('is no reason not to stop: in the middle of a scan', async () => {
    const stand = await newStand();
    for (let n = 0; n < 100; n++) await writeTiny(stand.folder, n);
    const opened = await open(stand);
    await opened.library.start();
    await waitFor('the scan is under way', () => opened.library.totals().photos > 0);
    await opened.close();
    expect(opened.library.totals().photos).toBeLessThan(100);
    const again = await scanned(stand);
    expect(again.library.totals().photos).toBe(100);
    expect(again.decoders.jobs).toBeLessThan(100);
  });
});
