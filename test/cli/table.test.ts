import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Column } from '../../src/cli/table.ts';
import { factLines, tableLines, truncated } from '../../src/cli/table.ts';

const columns: Column[] = [{ title: 'ID' }, { title: 'NAME', shrinks: true }, { title: 'SIZE', align: 'right' }];

test('columns are as wide as their widest text, numbers to the right, nothing trailing', () => {
  expect(
    tableLines(
      columns,
      [
        ['ab', 'praia.jpg', '1 MB'],
        ['abcd', 'x', '12 kB'],
      ],
      undefined,
    ),
  ).toEqual(['ID    NAME        SIZE', 'ab    praia.jpg   1 MB', 'abcd  x          12 kB']);
  expect(tableLines([{ title: 'A' }, { title: '' }], [['x', '']], undefined)).toEqual(['A', 'x']);
});

test('wide letters count as what they take', () => {
  const lines = tableLines(
    columns,
    [
      ['1', '日本', '1 B'],
      ['2', 'abcd', '2 B'],
      ['3', '👩‍👩‍👧', '3 B'],
    ],
    undefined,
  );
  expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
});

test('a narrow terminal is kept to, the widest column that may giving way first', () => {
  const wide: Column[] = [{ title: 'ID' }, { title: 'NAME', shrinks: true }, { title: 'HELD BY', shrinks: true }];
  const rows = [['0123456789', 'n'.repeat(40), 'h'.repeat(15)]];
  for (const width of [60, 50, 40, 34]) {
    const lines = tableLines(wide, rows, width);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBe(width);
    expect(lines[1]).toMatch(/^0123456789 {2}n+… {2}h+…?$/);
  }
  // All that may give has given: the ids stay whole.
  expect(tableLines(wide, rows, 10)[1]).toBe('0123456789  nnnnnnn…  hhhhhhh…');
});

test('cuts no character in two', () => {
  expect(truncated('abcdef', 6)).toBe('abcdef');
  expect(truncated('abcdefg', 6)).toBe('abcde…');
  expect(truncated('日本語写真', 6)).toBe('日本…');
  expect(truncated('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 4)).toBe('👩‍👩‍👧…');
});

test('facts stand one under the other', () => {
  expect(
    factLines([
      ['Name', 'a.jpg'],
      ['Held by', 'Ana'],
      ['', 'Rui'],
      ['Empty', ''],
    ]),
  ).toEqual(['Name     a.jpg', 'Held by  Ana', '         Rui', 'Empty']);
});
