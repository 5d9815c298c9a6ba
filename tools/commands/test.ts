import { build } from '../build/build.ts';
import { extensionSuite } from '../suites/extension.ts';
import { lintSuite } from '../suites/lint.ts';
import type { Suite, SuiteResult } from '../suites/suite.ts';
import { vitestSuite } from '../suites/vitest.ts';
import { provideChromium } from '../vscodeHost/chromium.ts';

/** How long everything together may take, in ms. */
const limit = 18 * 60_000;

const suites: readonly Suite[] = [
  lintSuite,
  vitestSuite({ name: 'unit', title: 'parts by themselves', needsBuild: false, needsBrowser: false }),
  vitestSuite({
    name: 'daemon',
    title: 'daemons with real processes and sockets',
    needsBuild: true,
    needsBrowser: false,
  }),
  extensionSuite,
  vitestSuite({
    name: 'e2e',
    title: 'everything together, in the window of a real VS Code',
    needsBuild: true,
    needsBrowser: true,
  }),
];

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stop.abort(new Error(`Ended by ${signal}.`)));
}
setTimeout(() => stop.abort(new Error(`The tests did not end within ${limit / 60_000} minutes.`)), limit).unref();

const names = process.argv.slice(2);
const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}: choose from ${suites.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 2;
} else {
  await testAll(suites.filter(({ name }) => names.length === 0 || names.includes(name)));
}

/** Runs the suites one after the other; the last line that is printed is the sum of their counts. */
async function testAll(chosen: readonly Suite[]): Promise<void> {
  const results: (readonly [Suite, SuiteResult])[] = [];
  const missing = await prepare(chosen);
  for (const suite of chosen) {
    const reason = (suite.needsBuild ? missing.build : undefined) ?? (suite.needsBrowser ? missing.browser : undefined);
    heading(`${suite.name}: ${suite.title}`);
    results.push([suite, reason === undefined ? await testOne(suite) : failure(reason)]);
  }
  heading('Summary');
  for (const [{ name }, { passed, failed, problems }] of results) {
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed`);
    for (const problem of problems) console.log(`${' '.repeat(10)} ${problem}`);
  }
  const sum = (key: 'passed' | 'failed') => results.reduce((total, [, result]) => total + result[key], 0);
  if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
}

/** Makes what the suites need; says what could not be made, and why. */
async function prepare(chosen: readonly Suite[]): Promise<{ build?: string; browser?: string }> {
  const missing: { build?: string; browser?: string } = {};
  if (chosen.some(({ needsBrowser }) => needsBrowser)) {
    try {
      provideChromium();
    } catch (error) {
      missing.browser = sentenceOf(error);
    }
  }
  if (chosen.some(({ needsBuild }) => needsBuild)) {
    heading('Build');
    try {
      const sizes = await build({ development: false });
      console.log(`${sizes.length} files in dist.`);
    } catch (error) {
      missing.build = `The build failed: ${sentenceOf(error)}`;
    }
  }
  return missing;
}

async function testOne(suite: Suite): Promise<SuiteResult> {
  try {
    stop.signal.throwIfAborted();
    const result = await suite.run(stop.signal);
    // A suite that was cut short may look complete.
    stop.signal.throwIfAborted();
    return result;
  } catch (error) {
    return failure(sentenceOf(error));
  }
}

function failure(problem: string): SuiteResult {
  console.error(problem);
  return { passed: 0, failed: 1, problems: [problem] };
}

function heading(text: string): void {
  console.log(`\n${text}\n${'='.repeat(text.length)}`);
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
