import { expect, test } from 'vitest';
import {
  formatAgo,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatPixels,
  formatQuantity,
  formatRate,
  formatTakenAt,
} from '../../src/client/format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1234, '1.2 kB'],
  [9949, '9.9 kB'],
  [9950, '10 kB'],
  [12_345, '12 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_200_000, '1.2 MB'],
  [35_000_000_000, '35 GB'],
  [2 ** 40, '1.1 TB'],
  [Number.MAX_SAFE_INTEGER, '9.0 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0 ms'],
  [0.0444, '44 ms'],
  [0.099, '99 ms'],
  [0.0996, '0.1 s'],
  [0.42, '0.4 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [3599.6, '1 h'],
  [7500, '2 h 5 min'],
  [86_390, '1 d'],
  [273_600, '3 d 4 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('counts, rates, percentages, pixels and dates', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect(formatQuantity(1, 'photo')).toBe('1 photo');
  expect(formatQuantity(1200, 'photo')).toBe('1,200 photos');
  expect(formatQuantity(2, 'copy', 'copies')).toBe('2 copies');
  expect(formatByteRate(1_250_000.7)).toBe('1.3 MB/s');
  expect(formatRate(0.25, 'photos')).toBe('0.3 photos/s');
  expect(formatRate(1234.5, 'photos')).toBe('1,235 photos/s');
  expect(formatPercent(0, 0)).toBe('0 %');
  expect(formatPercent(9999, 10_000)).toBe('99 %');
  expect(formatPercent(10_000, 10_000)).toBe('100 %');
  expect(formatPercent(3, 2)).toBe('100 %');
  expect(formatPixels(4000, 3000)).toBe('4000 x 3000');
  expect(formatPixels(0, 0)).toBe('-');
  expect(formatTakenAt('2018-07-25T16:34:23+01:00')).toBe('2018-07-25 16:34');
});

test.each([
  [-5, 'just now'],
  [59, 'just now'],
  [60, '1 min ago'],
  [3 * 3600 + 59, '3 h ago'],
  [12 * 86_400, '12 d ago'],
])('%d seconds ago is %s', (seconds, text) => {
  const now = Date.parse('2026-01-02T03:04:05.000Z');
  expect(formatAgo(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
  expect(formatAgo('rubbish', now)).toBe('unknown');
});
