import { describe, expect, test } from 'vitest';
import { groupId, isTelling } from '../../src/daemon/catalogue/blockhashGroup.ts';

/** A hash of 16 rows of 16 bits. */
function hash(pixel: (x: number, y: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) {
      if (pixel(x, y)) bytes[2 * y + (x >> 3)] = (bytes[2 * y + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return bytes;
}

describe('a blockhash', () => {
  test.each([
    ['black', hash(() => false)],
    ['white', hash(() => true)],
    ['one speck', hash((x, y) => x === 3 && y === 5)],
    ['all but one speck', hash((x, y) => x !== 3 || y !== 5)],
    ['a gradient from the left', hash((x) => x > 7)],
    ['a gradient from the top', hash((_, y) => y > 7)],
    ['a corner', hash((x, y) => x > 7 && y > 7)],
    ['upright stripes', hash((x) => x % 2 === 0)],
    ['level stripes', hash((_, y) => y % 3 === 0)],
    ['a chess board', hash((x, y) => (x + y) % 2 === 0)],
  ])('of %s tells nothing', (_, flat) => {
    expect(isTelling(flat)).toBe(false);
  });

  test('of a picture tells', () => {
    expect(isTelling(hash((x, y) => (x - 6) ** 2 + (y - 9) ** 2 < 30))).toBe(true);
    // A hash as blockhash-core gives it for a photo of a landscape.
    expect(isTelling(Buffer.from('fffffffff01ff00ff007e003c0018001ffff7ffe3ffc1ff80ff007e003c00180', 'hex'))).toBe(
      true,
    );
  });

  test('gives its group an id of its own', () => {
    const sky = Buffer.from(`${'ff'.repeat(30)}0001`, 'hex');
    const otherSky = Buffer.from(`${'ff'.repeat(30)}0002`, 'hex');
    expect(groupId(sky)).toMatch(/^[0-9a-f]{16}$/);
    expect(groupId(sky)).toBe(groupId(Uint8Array.from(sky)));
    expect(groupId(sky)).not.toBe(groupId(otherSky));
  });
});
