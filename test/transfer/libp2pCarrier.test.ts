import { expect, test } from 'vitest';
import type { Frame } from '../../src/daemon/network/types.ts';
import { Libp2pCarrier } from '../../src/daemon/transfer/libp2pCarrier.ts';
import { AppError, type ErrorCode } from '../../src/protocol/errors.ts';
import { failureOf, photoOf } from './support.ts';

const { id } = photoOf(10);
const never = new AbortController().signal;

/** A carrier over a network whose only peer answers every request like this. */
function carrierTo(answer: () => Promise<Frame>): Libp2pCarrier {
  const peer = { peerId: 'a', name: 'a', port: 5000, addresses: [], connectedAt: 0 };
  return new Libp2pCarrier({ peers: () => [peer], request: answer }, 300);
}

function answering(header: unknown, bytes: number): Libp2pCarrier {
  return carrierTo(async () => ({ header, payload: new Uint8Array(bytes) }));
}

test('it reaches who is connected', () => {
  const carrier = answering(null, 0);
  expect(carrier.reaches('a')).toBe(true);
  expect(carrier.reaches('b')).toBe(false);
});

test.each([
  [0, 100, 100],
  [900, 100, 100],
  [950, 100, 50],
])('the block at %i of %i bytes has the length that it must have', async (offset, length, bytes) => {
  const size = 1000;
  const block = await answering({ ok: true, size }, bytes).block('a', id, offset, length, never);
  expect(block).toEqual({ size, data: new Uint8Array(bytes) });
  for (const wrong of [bytes - 1, bytes + 1, 0]) {
    const failure = await failureOf(answering({ ok: true, size }, wrong).block('a', id, offset, length, never));
    expect(failure.code).toBe('protocol');
  }
});

test.each<[unknown, ErrorCode]>([
  [{ ok: true, size: 10 }, 'protocol'],
  [{ ok: true, size: -1 }, 'protocol'],
  [{ ok: true, size: 2 ** 60 }, 'protocol'],
  [{ ok: true }, 'protocol'],
  [{ ok: false, reason: 'because' }, 'protocol'],
  [{ ok: false, reason: 'range' }, 'protocol'],
  [{ ok: false, reason: 'missing' }, 'not-found'],
  [{ ok: false, reason: 'unreadable' }, 'not-found'],
  [{ ok: false, reason: 'busy' }, 'timeout'],
  [undefined, 'protocol'],
])('the answer %j to a request beyond ten bytes is the error %s', async (header, code) => {
  expect((await failureOf(answering(header, 0).block('a', id, 20, 100, never))).code).toBe(code);
});

test.each<[ErrorCode, ErrorCode]>([
  ['timeout', 'timeout'],
  ['protocol', 'protocol'],
  ['daemon-unreachable', 'daemon-unreachable'],
  ['disk-full', 'not-found'],
  ['corrupt', 'not-found'],
  ['cancelled', 'not-found'],
  ['internal', 'not-found'],
])('the error %s of a peer is %s here: it says nothing of this computer', async (theirs, ours) => {
  const carrier = carrierTo(() => Promise.reject(new AppError(theirs, 'So it says.')));
  expect((await failureOf(carrier.block('a', id, 0, 10, never))).code).toBe(ours);
});

test('what was cancelled here is cancelled', async () => {
  const carrier = carrierTo(() => Promise.reject(new AppError('cancelled', 'Cancelled.')));
  expect((await failureOf(carrier.block('a', id, 0, 10, AbortSignal.abort()))).code).toBe('cancelled');
});
