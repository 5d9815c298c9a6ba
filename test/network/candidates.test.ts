import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/daemon/network/address.ts';
import { Candidates, type Candidate } from '../../src/daemon/network/candidates.ts';

const peer = (n: number): string => `12D3KooWTestTestTestTestTestTestTestTestTestTest${String(n).padStart(4, '0')}`;
const address = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`;
const noSkip = (): boolean => false;

function table(): Candidates {
  return new Candidates({ longest: (_, vacant) => (vacant ? 1_000 : 5_000), random: () => 1 });
}
const keys = (candidates: readonly Candidate[]): string[] => candidates.map(({ key }) => key);

describe('whom to dial', () => {
  it('is tried in the order of trust', () => {
    const candidates = table();
    candidates.add('roster', peer(1), [address(1001)], 0);
    candidates.add('anchor', undefined, [address(5000)], 0);
    candidates.add('local', peer(2), [address(1002)], 0);
    candidates.add('remembered', peer(3), [address(1003)], 0);
    expect(keys(candidates.due(0, noSkip))).toEqual([peer(3), peer(2), address(5000), peer(1)]);
  });

  it('is tried again later and later, but never later than the limit', () => {
    const candidates = table();
    candidates.add('anchor', undefined, [address(5000)], 0);
    const pauses: number[] = [];
    let now = 0;
    for (let attempt = 0; attempt < 8; attempt++) {
      candidates.failed(address(5000), now, false);
      const next = candidates.nextDue(noSkip) ?? Number.NaN;
      pauses.push(next - now);
      expect(candidates.due(next - 1, noSkip)).toEqual([]);
      expect(candidates.due(next, noSkip)).toHaveLength(1);
      now = next;
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  });

  it('is looked at often while nobody listens there', () => {
    const candidates = table();
    candidates.add('anchor', undefined, [address(5000)], 0);
    for (let attempt = 0; attempt < 9; attempt++) candidates.failed(address(5000), 0, true);
    expect(candidates.nextDue(noSkip)).toBe(1_000);
  });

  it('is left alone while it is skipped', () => {
    const candidates = table();
    candidates.add('local', peer(1), [address(1001)], 0);
    expect(candidates.due(0, ({ peerId }) => peerId === peer(1))).toEqual([]);
    expect(candidates.nextDue(({ peerId }) => peerId === peer(1))).toBeUndefined();
  });

  it('gets a new chance at once when its address changed', () => {
    const candidates = table();
    candidates.add('local', peer(1), [address(1001)], 0);
    for (let attempt = 0; attempt < 5; attempt++) candidates.failed(peer(1), 0, false);
    candidates.add('local', peer(1), [address(1001)], 10);
    expect(candidates.due(10, noSkip)).toEqual([]);
    candidates.add('local', peer(1), [address(1009)], 10);
    expect(candidates.due(10, noSkip).map(({ addresses }) => addresses)).toEqual([[address(1009)]]);
  });

  it('is forgotten when only a roster told of it and it never answers', () => {
    const candidates = table();
    candidates.add('roster', peer(1), [address(1001)], 0);
    candidates.add('remembered', peer(2), [address(1002)], 0);
    for (let attempt = 0; attempt < 5; attempt++) {
      candidates.failed(peer(1), 0, false);
      candidates.failed(peer(2), 0, false);
    }
    expect(keys(candidates.due(1e9, noSkip))).toEqual([peer(2)]);
  });

  it('cannot be filled up by a roster', () => {
    const candidates = table();
    for (let n = 0; n < 2000; n++) candidates.add('roster', peer(n), [address(1 + n)], 0);
    expect(candidates.due(0, noSkip)).toHaveLength(256);
    candidates.add('local', peer(5000), [address(5000)], 0);
    expect(candidates.due(0, noSkip)).toHaveLength(257);
  });

  it('does not lose the addresses that are trusted to what a roster says', () => {
    const candidates = table();
    candidates.add('remembered', peer(1), [address(1001)], 0);
    candidates.add('roster', peer(1), [address(6666)], 0);
    expect(candidates.due(0, noSkip)[0]).toMatchObject({
      source: 'remembered',
      addresses: [address(1001), address(6666)],
    });
  });

  it('is pinned to the peer that an address names', () => {
    const candidates = table();
    candidates.add('roster', peer(1), [`${address(1001)}/p2p/${peer(2)}`, `${address(1002)}/p2p/${peer(1)}`], 0);
    expect(candidates.due(0, noSkip)[0]).toMatchObject({ peerId: peer(1), addresses: [address(1002)] });
    candidates.add('anchor', undefined, [`${address(1003)}/p2p/${peer(3)}`], 0);
    expect(candidates.due(0, noSkip)[0]).toMatchObject({ key: peer(3), peerId: peer(3) });
  });

  it('is tried at once after this machine slept', () => {
    const candidates = table();
    candidates.add('remembered', peer(1), [address(1001)], 0);
    for (let attempt = 0; attempt < 9; attempt++) candidates.failed(peer(1), 0, false);
    candidates.hurry(5);
    expect(candidates.due(5, noSkip)).toHaveLength(1);
  });

  it('waits a little for somebody who was lost, but looks at once who answers at an address of anybody', () => {
    const candidates = table();
    candidates.add('anchor', undefined, [address(5000)], 0);
    candidates.add('remembered', peer(1), [address(5000)], 0);
    candidates.answered(address(5000), peer(1), 0);
    candidates.lost(peer(1), 100, 500);
    expect(keys(candidates.due(100, noSkip))).toEqual([address(5000)]);
    expect(keys(candidates.due(600, noSkip))).toEqual([peer(1), address(5000)]);
  });
});

describe('an address', () => {
  it.each([
    ['/ip4/127.0.0.1/tcp/5000', '/ip4/127.0.0.1/tcp/5000', undefined],
    [`/ip6/::1/tcp/5000/p2p/${peer(1)}`, '/ip6/::1/tcp/5000', undefined],
    ['/dns4/photos.example/tcp/443', '/dns4/photos.example/tcp/443', undefined],
  ])('may be %s', (text, base) => {
    expect(parseAddress(text)?.base).toBe(base);
  });

  it.each([
    '',
    '127.0.0.1:5000',
    '/ip4/999.1.1.1/tcp/5000',
    '/ip4/127.0.0.1/tcp/99999',
    '/ip4/127.0.0.1/udp/5000',
    '/unix/tmp/socket',
    '/dnsaddr/example.org',
    '/dnsaddr/example.org/tcp/1',
    `/ip4/127.0.0.1/tcp/5000/p2p/${peer(1)}/p2p-circuit`,
    '/ip4/127.0.0.1/tcp/5000/http',
  ])('is not %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
