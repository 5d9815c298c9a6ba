import { describe, expect, test } from 'vitest';
import { sizeClaims, withClaims } from '../../src/daemon/control/statedSizes.ts';
import { AppError, type ErrorCode } from '../../src/protocol/errors.ts';

describe('the sizes to ask for', () => {
  test('are one when the holders agree', () => {
    const statements = ['ann', 'ben'].map((peerId) => ({ peerId, size: 100 }));
    expect(sizeClaims(100, ['ben', 'ann'], statements)).toEqual([{ size: 100, holders: ['ben', 'ann'] }]);
  });

  test('begin with what most holders say, whatever the catalogue goes by', () => {
    const statements = [
      { peerId: 'ann', size: 7 },
      { peerId: 'ben', size: 100 },
      { peerId: 'cem', size: 100 },
    ];
    expect(sizeClaims(7, ['ann', 'ben', 'cem'], statements)).toEqual([
      { size: 100, holders: ['ben', 'cem'] },
      { size: 7, holders: ['ann'] },
    ]);
  });

  test('of equally many holders begin with what the catalogue goes by', () => {
    const statements = [
      { peerId: 'ann', size: 7 },
      { peerId: 'ben', size: 100 },
    ];
    expect(sizeClaims(100, ['ann', 'ben'], statements).map(({ size }) => size)).toEqual([100, 7]);
  });

  test('leave out what only peers say that cannot be asked', () => {
    const statements = [
      { peerId: 'liar', size: 7 },
      { peerId: 'ben', size: 100 },
    ];
    expect(sizeClaims(7, ['ben'], statements)).toEqual([{ size: 100, holders: ['ben'] }]);
  });

  test('are the one of the catalogue when nobody can be asked', () => {
    expect(sizeClaims(7, [], [{ peerId: 'liar', size: 9 }])).toEqual([{ size: 7, holders: [] }]);
  });
});

describe('work with claims', () => {
  const claims = [7, 100].map((size) => ({ size, holders: [`holder of ${size}`] }));
  const failing = (codes: Record<number, ErrorCode>, asked: number[] = []) =>
    withClaims(claims, async ({ size }) => {
      asked.push(size);
      const code = codes[size];
      if (code !== undefined) throw new AppError(code, `with ${size} bytes`);
      return size;
    });

  test.each(['no-holder-online', 'timeout', 'protocol', 'corrupt', 'disk-full', 'target-exists'] as const)(
    'goes on with the next size after "%s"',
    async (code) => {
      expect(await failing({ 7: code })).toBe(100);
    },
  );

  test('stops at what no other size changes', async () => {
    const asked: number[] = [];
    await expect(failing({ 7: 'cancelled' }, asked)).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked).toEqual([7]);
  });

  test('fails as it did at first when all sizes fail', async () => {
    await expect(failing({ 7: 'corrupt', 100: 'timeout' })).rejects.toMatchObject({ code: 'corrupt' });
  });
});
