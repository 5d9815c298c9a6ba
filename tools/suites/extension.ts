import { runTests } from '@vscode/test-electron';
import * as esbuild from 'esbuild';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { endDaemons } from '../daemons.ts';
import { inRoot, root } from '../paths.ts';
import type { Suite } from './suite.ts';
import { judge } from './suite.ts';

const ResultsSchema = v.object({ passed: v.number(), failed: v.number(), skipped: v.number() });

/** The tests that use VS Code's API, run by mocha in the extension host of a real VS Code. */
export const extensionSuite: Suite = {
  name: 'extension',
  title: 'the extension in a real VS Code',
  needsBuild: true,
  needsBrowser: !usesDesktop(),
  async run(signal) {
    const work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'photo-organizer-ext-')));
    const home = path.join(work, 'home');
    const folder = path.join(work, 'photos');
    const results = path.join(work, 'results.json');
    fs.mkdirSync(home);
    fs.mkdirSync(folder);
    try {
      const tests = await compile();
      let exitCode = 0;
      try {
        signal.throwIfAborted();
        await runTests({
          ...(usesDesktop() ? {} : { vscodeExecutablePath: process.execPath }),
          launchArgs: [
            ...(usesDesktop() ? [] : [inRoot('tools', 'vscodeHost', 'codeHost.ts')]),
            folder,
            `--user-data-dir=${path.join(work, 'data')}`,
            `--extensions-dir=${path.join(work, 'extensions')}`,
          ],
          extensionDevelopmentPath: root,
          extensionTestsPath: tests,
          extensionTestsEnv: { PHOTO_ORGANIZER_HOME: home, PHOTO_ORGANIZER_TEST_RESULTS: results },
        });
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        exitCode = 1;
      }
      return judge(countsIn(results), exitCode);
    } finally {
      await endDaemons(home);
      await fs.promises.rm(work, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

/** Whether the tests run in a downloaded desktop VS Code instead of the server that npm brings. */
function usesDesktop(): boolean {
  return process.env['PHOTO_ORGANIZER_TEST_VSCODE'] === 'desktop';
}

/** Compiles test/extension to out/test/extension, one file a test file, and gives the path of its index. */
async function compile(): Promise<string> {
  const source = inRoot('test', 'extension');
  const output = inRoot('out', 'test', 'extension');
  fs.rmSync(output, { recursive: true, force: true });
  const files = fs.readdirSync(source, { recursive: true, encoding: 'utf8' });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: files
      .filter((file) => file === 'index.ts' || file.endsWith('.test.ts'))
      .map((file) => path.join(source, file)),
    outbase: source,
    outdir: output,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22.13',
    packages: 'external',
    external: ['vscode'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return path.join(output, 'index.cjs');
}

function countsIn(results: string) {
  // No results: the host crashed before the end, which the exit code says.
  if (!fs.existsSync(results)) return { passed: 0, failed: 0, skipped: 0 };
  return v.parse(ResultsSchema, JSON.parse(fs.readFileSync(results, 'utf8')));
}
