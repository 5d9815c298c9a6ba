import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ViewedCache, type ViewedPhoto } from '../../src/daemon/transfer/viewedCache.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { failureOf, photoOf, serving, TestHome, TestPeers, type TestPhoto } from './support.ts';

function viewed(photo: TestPhoto, name = 'Beach.JPG'): ViewedPhoto {
  return { id: photo.id, name, size: photo.bytes.length, holders: ['a'], signal: new AbortController().signal };
}

/** As if it had been opened an hour ago, and `minutes` more. */
function age(file: string, minutes: number): void {
  const at = Date.now() / 1000 - 3600 - minutes * 60;
  fs.utimesSync(file, at, at);
}

test('a photo of others is fetched once, and is a private file that cannot be written', async () => {
  const photo = photoOf(5000);
  const peers = new TestPeers().add('a', serving(photo));
  const directory = path.join(temporaryFolder(), 'viewed');
  const cache = new ViewedCache(directory, new TestHome({ carriers: [peers] }).fetcher);

  const file = await cache.open(viewed(photo));
  const again = await cache.open(viewed(photo));

  expect(file).toBe(path.join(directory, `${photo.id}.jpg`));
  expect(again).toBe(file);
  expect(fs.readFileSync(file).equals(photo.bytes)).toBe(true);
  expect(fs.statSync(file).mode & 0o777).toBe(0o400);
  expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
  expect(peers.bytesFrom('a')).toBe(5000);
});

test('a file of the wrong size in its place is fetched again', async () => {
  const photo = photoOf(5000);
  const directory = temporaryFolder();
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  fs.writeFileSync(path.join(directory, `${photo.id}.jpg`), 'half');
  const file = await new ViewedCache(directory, home.fetcher).open(viewed(photo));
  expect(fs.readFileSync(file).equals(photo.bytes)).toBe(true);
});

test.each([
  ['a.jpg', '.jpg'],
  ['a.CR2', '.cr2'],
  ['a.heic', '.heic'],
  ['a.html', ''],
  ['a.exe', ''],
  ['a', ''],
])('what a peer calls %s is kept with the ending %j', async (name, ending) => {
  const photo = photoOf(10);
  const home = new TestHome({ carriers: [new TestPeers().add('a', serving(photo))] });
  const file = await new ViewedCache(temporaryFolder(), home.fetcher).open(viewed(photo, name));
  expect(path.basename(file)).toBe(photo.id + ending);
});

test('beyond the cap those opened longest ago go; what was opened just now stays', async () => {
  const photos = Array.from({ length: 5 }, () => photoOf(1000));
  const peers = new TestPeers();
  const home = new TestHome({ carriers: [peers] });
  const directory = temporaryFolder();
  const cache = new ViewedCache(directory, home.fetcher, 3000);
  const open = (index: number): Promise<string> => {
    const photo = photos[index];
    if (!photo) throw new RangeError('no such photo');
    peers.add('a', serving(photo));
    return cache.open(viewed(photo));
  };
  const zero = await open(0);
  const one = await open(1);
  const two = await open(2);
  age(zero, 5);
  age(one, 30);
  age(two, 20);
  await open(0);

  const three = await open(3);
  expect(fs.readdirSync(directory).sort()).toEqual([zero, two, three].map((file) => path.basename(file)).sort());
  const four = await open(4);
  expect(fs.readdirSync(directory).sort()).toEqual([zero, three, four].map((file) => path.basename(file)).sort());
});

test('what was opened just now stays even beyond the cap', async () => {
  const [one, two] = [photoOf(1000), photoOf(1000)];
  const peers = new TestPeers().add('a', serving(one)).add('b', serving(two));
  const cache = new ViewedCache(temporaryFolder(), new TestHome({ carriers: [peers] }).fetcher, 1000);
  const file = await cache.open(viewed(one));
  await cache.open({ ...viewed(two), holders: ['b'] });
  expect(fs.readFileSync(file).equals(one.bytes)).toBe(true);
});

test('what is being opened is not removed for another', async () => {
  const [one, two] = [photoOf(1000), photoOf(1000)];
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  const peers = new TestPeers().add('b', serving(two)).add('a', async (offset, length, signal) => {
    await gate;
    return serving(one)(offset, length, signal);
  });
  const directory = temporaryFolder();
  const cache = new ViewedCache(directory, new TestHome({ carriers: [peers] }).fetcher, 1000);
  const file = path.join(directory, `${one.id}.jpg`);
  fs.writeFileSync(file, 'half of it');
  age(file, 10);
  const opening = cache.open(viewed(one));
  await waitFor('it is being fetched', () => peers.asked.length > 0);

  await cache.open({ ...viewed(two), holders: ['b'] });

  expect(fs.existsSync(file)).toBe(true);
  openGate();
  expect(await opening).toBe(file);
  expect(fs.readFileSync(file).equals(one.bytes)).toBe(true);
});

test('what cannot be fetched is an error, and leaves nothing', async () => {
  const directory = temporaryFolder();
  const cache = new ViewedCache(directory, new TestHome({}).fetcher);
  expect((await failureOf(cache.open(viewed(photoOf(10))))).code).toBe('no-holder-online');
  expect(fs.readdirSync(directory)).toEqual([]);
});
