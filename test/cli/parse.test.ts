import { expect, test } from 'vitest';
import { choiceOption, dateOption, naturalOption, photoArgument, textOption } from '../../src/cli/parse.ts';

const usage = (sentence: string) =>
  expect.objectContaining({ code: 'usage', message: expect.stringContaining(sentence) });

test('numbers', () => {
  const read = naturalOption('--limit');
  expect(['0', '7', '000012'].map(read)).toEqual([0, 7, 12]);
  for (const text of ['', '-1', '1.5', '1e3', '0x10', ' 1', '1'.repeat(17), 'ten', '٣']) {
    expect(() => read(text), text).toThrow(usage('--limit'));
  }
});

test('dates that exist', () => {
  const read = dateOption('--after');
  for (const text of ['2024', '2024-07', '2024-02-29', '2024-07-25T18:30', '2024-07-25T23:59:59']) {
    expect(read(text)).toBe(text);
  }
  const wrong = ['', '24', '2024-13', '2024-00', '2023-02-29', '2024-02-30', '2024-07-25T24:01', '2024-7-1', 'today'];
  for (const text of [...wrong, '2024-07-25T18:60', '2024-07-25 18:30', '2024-07-25T18:30:00Z']) {
    expect(() => read(text), text).toThrow(usage('--after'));
  }
});

test('photo ids: prefixes of six digits up to all, in any case', () => {
  expect(photoArgument('ABCDEF')).toBe('abcdef');
  expect(photoArgument('0123456789'.repeat(6) + 'abcd')).toHaveLength(64);
  for (const text of ['', 'abcde', 'ghijkl', 'a'.repeat(65), ' abcdef', 'abc-def']) {
    expect(() => photoArgument(text), text).toThrow(usage('photo id'));
  }
});

test('texts and choices', () => {
  expect(textOption('--query')('praia')).toBe('praia');
  for (const text of ['', '  ', 'x'.repeat(201)]) expect(() => textOption('--query')(text)).toThrow(usage('--query'));
  expect(choiceOption('--log-level', ['info', 'debug'])('debug')).toBe('debug');
  expect(() => choiceOption('--log-level', ['info', 'debug'])('loud')).toThrow(usage('info, debug'));
});
