import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainJson, plainText } from '../../src/client/sanitize.ts';

test.each([
  ['\u001b[31mred\u001b[0m', 'red'],
  ['a\u001b[2Jb\u001b[1;1Hc', 'abc'],
  ['\u001b]0;title\u0007x', 'x'],
  ['\u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u009b31mred', 'red'],
  ['\u001bcreset', 'reset'],
  ['cut off \u001b[', 'cut off '],
  ['two\r\nlines\u2028three', 'two lines three'],
  ['tab\there', 'tab here'],
  ['photo\u202egpj.exe', 'photogpj.exe'],
  ['\u2066a\u2069\u200f\u061c', 'a'],
  ['null\u0000back\b\u007f', 'nullback'],
  ['zero\u200bwidth\ufeff', 'zerowidth'],
  ['\ud800lone', '\ufffdlone'],
  ['Ana Sofia – praia, 日本 👩‍👩‍👧', 'Ana Sofia – praia, 日本 👩‍👩‍👧'],
  ['عيد 1', 'عيد 1'],
])('%j is shown as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});

// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not get through
const harmful = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Strings in which what matters here is frequent. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '[', ']', '\u009b', '\u0007', '\\', ';', 'm', '\n', '\r', '\u202e', '\u0000', '\u2028'),
    fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
  ),
  maxLength: 60,
});

test('nothing harmful gets through, and doing it twice changes nothing', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const shown = plainText(text);
      expect(shown).not.toMatch(harmful);
      expect(plainText(shown)).toBe(shown);
    }),
    { numRuns: 2000 },
  );
});

test('JSON is harmless and means the same', () => {
  fc.assert(
    fc.property(fc.array(nasty), (value) => {
      const text = plainJson(value);
      expect(text).not.toMatch(harmful);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});
