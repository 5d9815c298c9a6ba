import { expect, test } from 'vitest';
import { writeJsonArray } from '../../src/cli/jsonArray.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What is written of these parts. */
async function written(...parts: readonly (readonly unknown[])[]): Promise<string> {
  let text = '';
  const terminal: Pick<Terminal, 'write'> = {
    async write(more) {
      text += more;
    },
  };
  await writeJsonArray(terminal, asTheyCome(parts));
  return text;
}

async function* asTheyCome<T>(parts: readonly T[]): AsyncGenerator<T> {
  yield* parts;
}

test('parts are one array, whichever of them are empty', async () => {
  expect(await written()).toBe('[]\n');
  expect(await written([], [])).toBe('[]\n');
  expect(JSON.parse(await written([1, 2], [], [{ a: 'b' }]))).toEqual([1, 2, { a: 'b' }]);
  expect(JSON.parse(await written([], [1], []))).toEqual([1]);
  expect(await written(['\u202e'])).toBe('["\\u202e"]\n');
});
