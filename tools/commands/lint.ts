import { lintSuite } from '../suites/lint.ts';

const { problems } = await lintSuite.run(new AbortController().signal);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
