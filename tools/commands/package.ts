import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../build/build.ts';
import { readManifest } from '../build/bundles.ts';
import { stage } from '../packaging/stage.ts';
import { currentTarget, parseTarget } from '../packaging/target.ts';
import { verify } from '../packaging/verify.ts';
import { root } from '../paths.ts';
import { runCommand } from '../processes.ts';
import { scriptOf } from '../suites/lint.ts';

try {
  const { values } = parseArgs({ options: { target: { type: 'string', short: 't' } } });
  const target = values.target === undefined ? currentTarget() : parseTarget(values.target);
  await build({ development: false });
  const folder = await stage(target);
  const { name, version } = readManifest();
  const file = path.join(root, `${name}-${target}-${version}.vsix`);
  const vsce = [
    scriptOf('@vscode/vsce:vsce'),
    'package',
    '--target',
    target,
    '--out',
    file,
    '--allow-missing-repository',
    // There is no public place yet that the README's pictures could be linked from.
    '--no-rewrite-relative-links',
  ];
  const code = await runCommand(process.execPath, vsce, { cwd: folder });
  if (code !== 0) throw new Error(`vsce failed (exit code ${code}).`);
  await verify(file, target);
  const size = (fs.statSync(file).size / 1e6).toFixed(2);
  console.log(`${path.basename(file)}: ${size} MB, installed into an empty VS Code and checked.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
