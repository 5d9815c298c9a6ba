import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const script = fileURLToPath(new URL('../../bin/photo-organizer', import.meta.url));

/** A checkout with spaces in its path, in which dist/cli.js tells how it was run. */
function checkout(): { root: string; program: string } {
  const root = path.join(temporaryFolder(), 'a checkout');
  for (const name of ['bin', 'dist', 'node_modules/.bin']) fs.mkdirSync(path.join(root, name), { recursive: true });
  const program = path.join(root, 'bin', 'photo-organizer');
  fs.copyFileSync(script, program);
  fs.chmodSync(program, 0o755);
  fs.writeFileSync(
    path.join(root, 'dist', 'cli.js'),
    'console.log(JSON.stringify({ pid: process.pid, node: process.env.WHICH_NODE ?? "PATH", args: process.argv.slice(2) })); process.exitCode = 7;',
  );
  return { root, program };
}

function run(program: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  const env = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, ...environment };
  return spawnSync(program, args, { encoding: 'utf8', env, cwd: temporaryFolder() });
}

test('is a program, runs the command with its arguments in its own process, and gives its exit code', () => {
  expect(fs.statSync(script).mode & 0o111).toBe(0o111);
  const { program } = checkout();
  const args = ['list', '--query', 'a  b', '', '*', '$HOME', "it's"];
  const { pid, status, stdout, stderr } = run(program, args);
  expect(stderr).toBe('');
  expect(status).toBe(7);
  expect(JSON.parse(stdout)).toEqual({ pid, node: 'PATH', args });
});

test('is found through links, relative and absolute, one to another', () => {
  const { root, program } = checkout();
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'deep'));
  fs.symlinkSync(program, path.join(folder, 'one'));
  fs.symlinkSync('../one', path.join(folder, 'deep', 'two'));
  expect(run(path.join(folder, 'deep', 'two'), [], { CDPATH: root }).status).toBe(7);
});

test("prefers the checkout's own Node.js, unless it does not run here", () => {
  const { root, program } = checkout();
  const own = path.join(root, 'node_modules', '.bin', 'node');
  fs.writeFileSync(own, `#!/bin/sh\nWHICH_NODE=own exec "${process.execPath}" "$@"\n`, { mode: 0o755 });
  expect(JSON.parse(run(program, []).stdout)).toMatchObject({ node: 'own' });
  fs.writeFileSync(own, '#!/bin/no/such/interpreter\n');
  expect(JSON.parse(run(program, []).stdout)).toMatchObject({ node: 'PATH' });
});

test('says what to do when it is not built, or there is no Node.js', () => {
  const { root, program } = checkout();
  const tools = path.join(root, 'tools');
  fs.mkdirSync(tools);
  for (const tool of ['sh', 'dirname', 'readlink']) {
    const found = ['/bin', '/usr/bin'].map((folder) => path.join(folder, tool)).find((file) => fs.existsSync(file));
    if (found === undefined) throw new Error(`no ${tool}`);
    fs.symlinkSync(found, path.join(tools, tool));
  }
  const nodeless = run(program, [], { PATH: tools });
  expect(nodeless.status).toBe(1);
  expect(nodeless.stderr).toMatch(/^photo-organizer: [^\n]*nodejs\.org[^\n]*\n$/);

  fs.rmSync(path.join(root, 'dist', 'cli.js'));
  const unbuilt = run(program, []);
  expect(unbuilt.status).toBe(1);
  expect(unbuilt.stdout).toBe('');
  expect(unbuilt.stderr).toMatch(/^photo-organizer: [^\n]*npm ci && npm run build[^\n]*\n$/);
});
