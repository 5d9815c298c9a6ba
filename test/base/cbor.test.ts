import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../src/daemon/base/cbor.ts';

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Number.isInteger(number) ? 0.5 : number)),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe('CBOR', () => {
  it('brings back what was encoded', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value);
      }),
    );
  });

  it('copies bytes out of the message, so that keeping them does not keep it', () => {
    const message = Buffer.concat([Buffer.alloc(1000), encodeCbor([Uint8Array.of(1, 2, 3)])]).subarray(1000);
    const [bytes] = decodeCbor(message) as [Uint8Array];
    expect(bytes.buffer.byteLength).toBe(3);
    message.fill(0);
    expect([...bytes]).toEqual([1, 2, 3]);
  });

  it('leaves out properties that are undefined', () => {
    expect(decodeCbor(encodeCbor({ a: 1, b: undefined }))).toEqual({ a: 1 });
  });

  it.each([
    ['a tag', 'c074323031332d30332d32315432303a30343a30305a'],
    ['an array without length', '9f01ff'],
    ['a string without length', '7f616161ff'],
    ['undefined', 'f7'],
    ['not a number', 'f97e00'],
    ['infinity', 'f97c00'],
    ['the same key twice', 'a2616101616102'],
    ['a number longer than needed', '1801'],
    ['a number beyond the safe ones', '1bffffffffffffffff'],
    ['bytes after the end', '0101'],
    ['nothing', ''],
    ['half a string', '6261'],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeCbor(Buffer.from(hex, 'hex'))).toThrow();
  });

  it('refuses deep nesting before it costs anything', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x81), Buffer.from([0])]);
    expect(() => decodeCbor(nested(16))).not.toThrow();
    expect(() => decodeCbor(nested(17))).toThrow('nested too deeply');
    expect(() => decodeCbor(nested(60_000))).toThrow('nested too deeply');
    // What lies side by side is not deep.
    expect(decodeCbor(encodeCbor(Array.from({ length: 100 }, () => [[], {}, [1]])))).toHaveLength(100);
  });

  it('takes any bytes without doing more than to refuse them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
