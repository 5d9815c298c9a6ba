import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

// The script itself installs what it made into an empty VS Code, and decodes a photo with the installed daemon.
it('npm run package makes an extension that can be installed', { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'tools', 'package.mjs')], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  });
  expect(stdout).toMatch(/\.vsix: [\d.]+ MB, installed into an empty VS Code and checked\./);
});
