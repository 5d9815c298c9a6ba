import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { openCodeWindow } from './window.ts';

/**
 * Stands in for the desktop's `code`: takes the arguments that @vscode/test-electron gives, runs the tests in the
 * extension host of a real VS Code server, prints what they print and exits with 0 only when they ran and passed.
 */

/** How long the tests may take, in ms. */
const patience = Number(process.env['PHOTO_ORGANIZER_TEST_PATIENCE'] ?? 300_000);

const VerdictSchema = v.object({ error: v.nullable(v.string()) });

const { flags, extensions, folder } = readArguments(process.argv.slice(2));
const tests = flags.get('extensionTestsPath');
if (tests === undefined) throw new Error('--extensionTestsPath is missing.');
// A window takes one of each kind only, and says nothing about others.
if (extensions.length > 1)
  throw new Error('Only one --extensionDevelopmentPath can be had: put others into --extensions-dir.');

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-tests-'));
const outputFile = path.join(work, 'output.log');
const verdictFile = path.join(work, 'verdict.json');
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`Ended by ${signal}.`)));

let shown = 0;
const showOutput = () => {
  if (!fs.existsSync(outputFile)) return;
  const text = fs.readFileSync(outputFile);
  fs.writeSync(process.stdout.fd, text.subarray(shown));
  shown = text.length;
};
const tail = setInterval(showOutput, 100);
try {
  const error = await runTests(path.resolve(tests));
  showOutput();
  if (error !== null) {
    console.error(error);
    process.exitCode = 1;
  }
} catch (error) {
  showOutput();
  console.error(error);
  process.exitCode = 1;
} finally {
  clearInterval(tail);
  fs.rmSync(work, { recursive: true, force: true });
}

/** What went wrong, or null when all tests ran and passed. */
async function runTests(testsPath: string): Promise<string | null> {
  const dataDirectory = flags.get('user-data-dir');
  const extensionsDirectory = flags.get('extensions-dir');
  await using window = await openCodeWindow({
    testDriver: true,
    ...(dataDirectory !== undefined && { dataDirectory: path.resolve(dataDirectory, 'server') }),
    ...(extensionsDirectory !== undefined && { extensionsDirectory: path.resolve(extensionsDirectory) }),
    environment: {
      PHOTO_ORGANIZER_SHIM_TESTS: testsPath,
      PHOTO_ORGANIZER_SHIM_OUTPUT: outputFile,
      PHOTO_ORGANIZER_SHIM_VERDICT: verdictFile,
    },
  });
  const { page, server } = window;
  const ended = Promise.withResolvers<string>();
  await page.exposeFunction('codeAutomationLog', () => undefined);
  await page.exposeFunction('codeAutomationExit', (code: number) => ended.resolve(`exit code ${code}`));
  page.once('crash', () => ended.resolve('the page crashed'));
  stop.signal.addEventListener('abort', () => ended.resolve(String(stop.signal.reason)), { once: true });
  const timer = setTimeout(() => ended.resolve(`no end within ${patience / 1000} s`), patience);
  try {
    await window.open(folder, [
      ...extensions.map((one) => ['extensionDevelopmentPath', server.remoteUri(path.resolve(one))] as const),
      // The shim stands between: a host that crashed reports exit code 0 as well, but leaves no verdict.
      ['extensionTestsPath', server.remoteUri(path.join(import.meta.dirname, 'testShim.cjs'))],
    ]);
    const how = await Promise.race([ended.promise, server.failed]);
    if (!fs.existsSync(verdictFile)) {
      const host = server.extensionHostEnd() ?? 'the extension host lives';
      const lines = server
        .output()
        .split('\n')
        .filter((line) => /ExtensionHostConnection|Error/.test(line));
      return [`The tests did not run to their end (${how}; ${host}).`, ...lines.slice(-15)].join('\n');
    }
    return v.parse(VerdictSchema, JSON.parse(fs.readFileSync(verdictFile, 'utf8'))).error;
  } finally {
    clearTimeout(timer);
  }
}

function readArguments(args: readonly string[]) {
  const options = new Map<string, string>();
  const development: string[] = [];
  const folders: string[] = [];
  for (const argument of args) {
    const { name, value } = /^--(?<name>[^=]+)(?:=(?<value>.*))?$/s.exec(argument)?.groups ?? {};
    if (name === undefined) folders.push(path.resolve(argument));
    else if (name === 'extensionDevelopmentPath') development.push(value ?? '');
    else options.set(name, value ?? '');
  }
  return { flags: options, extensions: development, folder: folders[0] };
}
