import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileOnce } from '../../src/daemon/network/createFileOnce.ts';
import { loadOrCreateNetworkKey } from '../../src/daemon/network/networkKey.ts';
import { loadOrCreatePeerKey } from '../../src/daemon/network/peerKey.ts';
import { networkFile } from '../../src/protocol/state.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const mode = (file: string): number => fs.statSync(file).mode & 0o777;

describe('the key of a network', () => {
  it('is made once, for this user only, and is the same ever after', async () => {
    const home = temporaryFolder();
    const made = await loadOrCreateNetworkKey(home, 'family');
    expect(made.name).toBe('family');
    expect(made.key).toHaveLength(32);
    expect(await loadOrCreateNetworkKey(home, 'family')).toEqual(made);
    expect(mode(networkFile(home, 'family'))).toBe(0o600);
    expect(mode(path.dirname(networkFile(home, 'family')))).toBe(0o700);
  });

  it('is another for another network', async () => {
    const home = temporaryFolder();
    const [one, other] = [await loadOrCreateNetworkKey(home, 'one'), await loadOrCreateNetworkKey(home, 'other')];
    expect(one.key).not.toEqual(other.key);
  });

  it('is one for all daemons that start at the same moment', async () => {
    const home = temporaryFolder();
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateNetworkKey(home, 'family')));
    expect(new Set(keys.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(fs.readdirSync(path.dirname(networkFile(home, 'family')))).toEqual(['family.json']);
  });

  it.each([
    ['nothing', ''],
    ['half', '{"name":"family","key":"00'],
    ['a short key', JSON.stringify({ name: 'family', key: '00ff' })],
    ['the key of another network', JSON.stringify({ name: 'work', key: '0'.repeat(64) })],
  ])('is not made up when the file holds %s', async (_, content) => {
    const home = temporaryFolder();
    const file = networkFile(home, 'family');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    await expect(loadOrCreateNetworkKey(home, 'family')).rejects.toMatchObject({ code: 'corrupt' });
    expect(fs.readFileSync(file, 'utf8')).toBe(content);
  });

  it.each(['', '../evil', 'a/b', '.hidden', 'x'.repeat(64), 'a\u0000b'])('does not go by the name %j', async (name) => {
    await expect(loadOrCreateNetworkKey(temporaryFolder(), name)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('a file that is made once', () => {
  it('is whole, and is not replaced by who comes later', async () => {
    const file = path.join(temporaryFolder(), 'deep', 'file');
    await createFileOnce(file, 'first');
    await createFileOnce(file, 'second');
    expect(fs.readFileSync(file, 'utf8')).toBe('first');
    expect(fs.readdirSync(path.dirname(file))).toEqual(['file']);
  });
});

describe('the key of a peer', () => {
  it('is made once, for this user only, and is the same ever after', async () => {
    const file = path.join(temporaryFolder(), 'state', 'peer.key');
    const made = await loadOrCreatePeerKey(file);
    expect((await loadOrCreatePeerKey(file)).equals(made)).toBe(true);
    expect(mode(file)).toBe(0o600);
  });

  it.each([
    ['nothing', ''],
    ['rubbish', 'rubbish'],
  ])('is not replaced when the file holds %s', async (_, content) => {
    const file = path.join(temporaryFolder(), 'peer.key');
    fs.writeFileSync(file, content);
    await expect(loadOrCreatePeerKey(file)).rejects.toMatchObject({ code: 'corrupt' });
    expect(fs.readFileSync(file, 'utf8')).toBe(content);
  });
});
