import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { root } from '../paths.ts';
import { runCommand } from '../processes.ts';
import { scriptOf } from './lint.ts';
import type { Suite } from './suite.ts';
import { judge } from './suite.ts';

const ReportSchema = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  numTodoTests: v.number(),
  testResults: v.array(v.object({ status: v.string(), assertionResults: v.array(v.object({ status: v.string() })) })),
});

/** A suite that is a project of vitest.config.ts. */
export function vitestSuite(options: Omit<Suite, 'run'>): Suite {
  return {
    ...options,
    async run(signal) {
      const work = fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-report-'));
      const report = path.join(work, 'report.json');
      try {
        const exitCode = await runCommand(
          process.execPath,
          [
            scriptOf('vitest'),
            'run',
            '--project',
            options.name,
            '--allowOnly=false',
            '--reporter=default',
            '--reporter=json',
            `--outputFile.json=${report}`,
          ],
          { cwd: root, signal },
        );
        return judge(countsIn(report), exitCode);
      } finally {
        fs.rmSync(work, { recursive: true, force: true });
      }
    },
  };
}

function countsIn(report: string) {
  // No report: vitest crashed before the end, which its exit code says.
  if (!fs.existsSync(report)) return { passed: 0, failed: 0, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = v.parse(
    ReportSchema,
    JSON.parse(fs.readFileSync(report, 'utf8')),
  );
  // A file that could not even be loaded has no tests that failed; it is one failure itself.
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + brokenFiles.length,
    skipped: numPendingTests + numTodoTests,
  };
}
