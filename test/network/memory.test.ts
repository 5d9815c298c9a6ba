import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../src/daemon/base/cbor.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { Memory } from '../../src/daemon/network/memory.ts';
import { rosterFor } from '../../src/daemon/network/roster.ts';
import { wireLimits, type Member } from '../../src/protocol/wire.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const key = new Uint8Array(32).fill(3);

function member(n: number, addresses = 1): Member {
  const peerId = `12D3KooWTestTestTestTestTestTestTestTestTestTest${String(n).padStart(4, '0')}`;
  const all = Array.from({ length: addresses }, (_, port) => `/ip4/127.0.0.1/tcp/${5000 + port}/p2p/${peerId}`);
  return { peerId, name: `peer ${n}`, port: 5000 + n, addresses: all };
}

describe('memory', () => {
  it('keeps members and the highest term', async () => {
    const file = path.join(temporaryFolder(), 'state', 'network.json');
    const memory = await Memory.open(file, key, silentLogger);
    memory.remember(member(1), 10);
    memory.raiseTerm(7);
    memory.raiseTerm(5);
    await memory.save();
    const again = await Memory.open(file, key, silentLogger);
    expect(again.term).toBe(7);
    expect(again.members()).toMatchObject([member(1)]);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, 'utf8')).not.toContain(Buffer.from(key).toString('hex'));
  });

  it('keeps those that were seen last, when there are too many', async () => {
    const file = path.join(temporaryFolder(), 'network.json');
    const memory = await Memory.open(file, key, silentLogger);
    for (let n = 0; n < 300; n++) memory.remember(member(n), n);
    await Promise.all([memory.save(), memory.save()]);
    const again = await Memory.open(file, key, silentLogger);
    expect(again.members()).toHaveLength(256);
    expect(again.members()[0]).toMatchObject(member(299));
  });

  it('tells its caller when the disk does not take it, and can be saved later', async () => {
    const folder = path.join(temporaryFolder(), 'state');
    const file = path.join(folder, 'network.json');
    const memory = await Memory.open(file, key, silentLogger);
    fs.rmdirSync(folder);
    memory.raiseTerm(3);
    await expect(memory.save()).rejects.toThrow();
    fs.mkdirSync(folder);
    await memory.save();
    expect((await Memory.open(file, key, silentLogger)).term).toBe(3);
  });
});

describe('a roster', () => {
  it('has everybody while there is room', () => {
    const members = Array.from({ length: 50 }, (_, n) => member(n));
    const roster = rosterFor(members, Math.random);
    expect(roster).toHaveLength(50);
    expect(new Set(roster.map(({ peerId }) => peerId)).size).toBe(50);
  });

  it('fits into a message, with others each time, when there are more', () => {
    const members = Array.from({ length: 2_000 }, (_, n) => member(n, wireLimits.addresses));
    const rosters = [rosterFor(members, Math.random), rosterFor(members, Math.random)];
    for (const roster of rosters) {
      expect(roster.length).toBeGreaterThan(20);
      expect(encodeCbor({ op: 'hello', self: members[0], roster }).length).toBeLessThan(wireLimits.header);
    }
    expect(rosters[0]).not.toEqual(rosters[1]);
  });
});
