import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from '../paths.ts';
import { runCommand } from '../processes.ts';
import type { Suite } from './suite.ts';

/** The checks that read the code without running it: names for people, and the command line. */
const checks: readonly { readonly name: string; readonly package: string; readonly args: readonly string[] }[] = [
  { name: 'lint rules', package: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', package: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'types of src and bench', package: 'typescript:tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'types of the gallery', package: 'typescript:tsc', args: ['-p', 'src/views/gallery/tsconfig.json'] },
  { name: 'types of the tests', package: 'typescript:tsc', args: ['-p', 'test/tsconfig.json'] },
  { name: 'types of the tools', package: 'typescript:tsc', args: ['-p', 'tools/tsconfig.json'] },
];

export const lintSuite: Suite = {
  name: 'lint',
  title: 'lint rules, format and types',
  needsBuild: false,
  needsBrowser: false,
  async run(signal) {
    let passed = 0;
    const problems: string[] = [];
    for (const check of checks) {
      const code = await runCommand(process.execPath, [scriptOf(check.package), ...check.args], { cwd: root, signal });
      if (code === 0) passed += 1;
      else problems.push(`The check of ${check.name} failed.`);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${check.name}`);
    }
    return { passed, failed: problems.length, problems };
  },
};

/**
 * The script that a package's command is, to be run by this very Node.js.
 * @param command package name, or `package:command` where the two differ
 */
export function scriptOf(command: string): string {
  const [name = command, bin = name] = command.split(':');
  const require = createRequire(import.meta.url);
  const manifestFile = path.join(root, 'node_modules', name, 'package.json');
  const manifest = require(manifestFile) as { bin: string | Record<string, string> };
  const script = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[bin];
  if (script === undefined) throw new Error(`The package ${name} has no command ${bin}.`);
  return path.join(path.dirname(manifestFile), script);
}
