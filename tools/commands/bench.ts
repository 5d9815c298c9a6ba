import fs from 'node:fs';
import { build } from '../build/build.ts';
import { inRoot, root } from '../paths.ts';
import { runCommand } from '../processes.ts';

const [name, ...args] = process.argv.slice(2);
const names = fs
  .readdirSync(inRoot('bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));

if (name === undefined || !names.includes(name)) {
  console.error(`Which benchmark? npm run bench -- NAME [--json], where NAME is one of ${names.join(', ')}.`);
  process.exitCode = 2;
} else {
  // Some of them run the bundles.
  await build({ development: false });
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  const command = ['--disable-warning=ExperimentalWarning', inRoot('bench', `${name}.ts`), ...args];
  process.exitCode = await runCommand(process.execPath, command, { cwd: root, signal: interrupt.signal });
}
