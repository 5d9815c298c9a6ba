/** What one suite found. */
export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  /** Sentences for people about what is wrong beyond single tests; each of them is counted in `failed`. */
  readonly problems: readonly string[];
}

/** A part of `npm test`. */
export interface Suite {
  readonly name: string;
  /** What it looks at, for the heading. */
  readonly title: string;
  /** Whether dist/ must be there. */
  readonly needsBuild: boolean;
  /** Whether Chromium must be there. */
  readonly needsBrowser: boolean;
  /** Runs to the end whatever fails. The signal ends it early. */
  run(signal: AbortSignal): Promise<SuiteResult>;
}

/**
 * The result of a test runner: what it counted, and what must not be overlooked.
 * @param skipped tests that were not run although they are there: a test that does not run proves nothing
 */
export function judge(counts: { passed: number; failed: number; skipped: number }, exitCode: number): SuiteResult {
  const problems: string[] = [];
  if (counts.skipped > 0) problems.push(`${counts.skipped} tests were skipped: remove skip, only and todo.`);
  if (counts.passed + counts.failed === 0) problems.push('No test ran.');
  if (exitCode !== 0 && counts.failed === 0 && problems.length === 0) {
    problems.push(`The test runner failed (exit code ${exitCode}) although no test did: see its output above.`);
  }
  return { passed: counts.passed, failed: counts.failed + problems.length, problems };
}
