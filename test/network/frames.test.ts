import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrameHead, FrameDecoder, type RawFrame } from '../../src/daemon/network/frames.ts';
import { AppError } from '../../src/protocol/errors.ts';
import { wireLimits } from '../../src/protocol/wire.ts';

function encoded({ header, payload }: RawFrame): Buffer {
  return Buffer.concat([encodeFrameHead(header, payload.length), payload]);
}

/** `bytes` in pieces that end at the given fractions. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const frame = fc.record({ header: fc.uint8Array({ maxLength: 300 }), payload: fc.uint8Array({ maxLength: 3000 }) });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

function prefix(length: number, headerLength: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt16BE(headerLength, 4);
  return bytes;
}

function decodeAll(decoder: FrameDecoder, chunks: readonly Uint8Array[]): RawFrame[] {
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

describe('frames', () => {
  it('arrive whole and in order, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), cuts, (frames, cuts) => {
        const decoder = new FrameDecoder(wireLimits.payload);
        const arrived = decodeAll(decoder, pieces(Buffer.concat(frames.map(encoded)), cuts));
        expect(arrived.map(({ header, payload }) => [[...header], [...payload]])).toEqual(
          frames.map(({ header, payload }) => [[...header], [...payload]]),
        );
        expect(decoder.halfway).toBe(false);
      }),
    );
  });

  it('arrive byte by byte', () => {
    const decoder = new FrameDecoder(wireLimits.payload);
    const bytes = encoded({ header: Buffer.from('head'), payload: Buffer.from('tail') });
    const arrived = decodeAll(
      decoder,
      [...bytes].map((byte) => Uint8Array.of(byte)),
    );
    expect(arrived.map(({ header, payload }) => Buffer.concat([header, Buffer.from(' '), payload]).toString())).toEqual(
      ['head tail'],
    );
  });

  it('are told from a cut inside one', () => {
    const bytes = encoded({ header: Buffer.from('head'), payload: Buffer.from('tail') });
    for (let length = 1; length < bytes.length; length++) {
      const decoder = new FrameDecoder(wireLimits.payload);
      expect(decodeAll(decoder, [bytes.subarray(0, length)])).toEqual([]);
      expect(decoder.halfway).toBe(true);
    }
  });

  it('keep what arrived when the sender reuses its memory', () => {
    const decoder = new FrameDecoder(wireLimits.payload);
    const bytes = encoded({ header: Buffer.from('head'), payload: Buffer.from('tail') });
    const [first] = decodeAll(decoder, [bytes]);
    bytes.fill(0);
    expect(Buffer.from(first?.payload ?? []).toString()).toBe('tail');
  });

  it.each([
    ['a payload over the limit', prefix(2 + 10 + 1001, 10)],
    ['a length of four gigabytes', prefix(0xffffffff, 10)],
    ['a header over the limit', prefix(2 + wireLimits.header + 1, wireLimits.header + 1)],
    ['a header longer than its frame', prefix(2 + 9, 10)],
    ['no room for the length of the header', prefix(1, 0)],
    ['nothing', prefix(0, 0)],
  ])('are refused before any room is made: %s', (_, bytes) => {
    const decoder = new FrameDecoder(1000);
    expect(() => decodeAll(decoder, [bytes])).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('may be as long as allowed', () => {
    const longest = { header: new Uint8Array(wireLimits.header).fill(1), payload: new Uint8Array(1000).fill(2) };
    expect(decodeAll(new FrameDecoder(1000), [encoded(longest)])).toHaveLength(1);
    expect(
      decodeAll(new FrameDecoder(1000), [encoded({ header: new Uint8Array(0), payload: new Uint8Array(0) })]),
    ).toHaveLength(1);
  });

  it('are not made too long', () => {
    expect(() => encodeFrameHead(new Uint8Array(wireLimits.header + 1), 0)).toThrow(AppError);
    expect(() => encodeFrameHead(new Uint8Array(1), wireLimits.payload + 1)).toThrow(AppError);
  });

  it('of rubbish are refused or never end, but do nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), cuts, (rubbish, cuts) => {
        const decoder = new FrameDecoder(1000);
        try {
          for (const { payload } of decodeAll(decoder, pieces(rubbish, cuts)))
            expect(payload.length).toBeLessThanOrEqual(1000);
        } catch (error) {
          expect(error).toMatchObject({ code: 'protocol' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
