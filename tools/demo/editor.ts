import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../paths.ts';
import { endTree, spawnTree } from '../processes.ts';
import { startServer } from '../vscodeHost/server.ts';
import { quietSettings } from '../vscodeHost/settings.ts';

/** A VS Code that a person looks at. */
export interface Editor {
  /** Where it can be seen, as a sentence. */
  readonly sentence: string;
  /** Resolves when the person has closed it; rejects when it ended by an error. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a folder in VS Code with the extension of this checkout: in the desktop's VS Code where the command `code` is on
 * PATH, else in the one that npm brings, for a browser.
 * @param work temporary folder for its settings
 * @param environment what its extensions see on top of this process's environment
 */
export async function openEditor(
  folder: string,
  work: string,
  environment: Readonly<Record<string, string>>,
): Promise<Editor> {
  const code = findCode();
  return code === undefined ? openServed(folder, work, environment) : openDesktop(code, folder, work, environment);
}

function findCode(): string | undefined {
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => path.join(directory, name))
    .find((file) => fs.existsSync(file));
}

async function openDesktop(
  code: string,
  folder: string,
  work: string,
  environment: Readonly<Record<string, string>>,
): Promise<Editor> {
  const settings = path.join(work, 'User');
  fs.mkdirSync(settings, { recursive: true });
  fs.writeFileSync(path.join(settings, 'settings.json'), JSON.stringify(quietSettings, undefined, 2));
  // A data folder of its own makes it a process of its own, which sees our environment.
  const args = [
    '--wait',
    '--disable-workspace-trust',
    '--skip-welcome',
    `--user-data-dir=${work}`,
    `--extensions-dir=${path.join(work, 'extensions')}`,
    `--extensionDevelopmentPath=${root}`,
    folder,
  ];
  const child = spawnTree(code, process.platform === 'win32' ? args.map((argument) => `"${argument}"`) : args, {
    stdio: 'ignore',
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  return { sentence: `VS Code opens on ${folder}.`, closed: endOf(child), close: () => endTree(child) };
}

async function endOf(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The command "code" ended with exit code ${String(code)}.`);
}

async function openServed(
  folder: string,
  work: string,
  environment: Readonly<Record<string, string>>,
): Promise<Editor> {
  const server = await startServer({ dataDirectory: work, installed: [root], environment });
  return {
    sentence: `Open this address in a browser to see VS Code on ${folder}:\n\n  ${server.windowAddress(folder)}`,
    closed: server.failed,
    close: () => server.close(),
  };
}
