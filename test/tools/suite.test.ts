import { expect, test } from 'vitest';
import { judge } from '../../tools/suites/suite.ts';

test('what passed and failed is counted as it is', () => {
  expect(judge({ passed: 3, failed: 0, skipped: 0 }, 0)).toEqual({ passed: 3, failed: 0, problems: [] });
  expect(judge({ passed: 3, failed: 2, skipped: 0 }, 1)).toEqual({ passed: 3, failed: 2, problems: [] });
});

test.each([
  ['nothing ran', { passed: 0, failed: 0, skipped: 0 }, 0],
  ['nothing ran, as the runner crashed', { passed: 0, failed: 0, skipped: 0 }, 1],
  ['a test was skipped', { passed: 3, failed: 0, skipped: 1 }, 0],
  ['the runner failed although no test did', { passed: 3, failed: 0, skipped: 0 }, 1],
])('it is a failure when %s', (_, counts, exitCode) => {
  const result = judge(counts, exitCode);
  expect(result.failed).toBe(1);
  expect(result.problems).toHaveLength(1);
});
