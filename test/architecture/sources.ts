import fs from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../tools/paths.ts';

/** A module of src/, by its path relative to src/ with forward slashes. */
export interface Module {
  readonly file: string;
  readonly code: string;
  /** What it imports, types included: modules of src/ by path, everything else by its specifier. */
  readonly imports: readonly Import[];
}

export interface Import {
  /** Path relative to src/ of a module of ours; undefined for packages and modules of Node.js. */
  readonly module: string | undefined;
  readonly specifier: string;
}

/** Every TypeScript module of src/. */
export function readSources(): Module[] {
  const source = inRoot('src');
  return fs
    .readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.split(path.sep).join('/'))
    .sort()
    .map((file) => parseModule(file, fs.readFileSync(path.join(source, file), 'utf8')));
}

/** Static and dynamic imports and re-exports, with and without `type`, in the layout that prettier gives them. */
const importForms = [
  /^(?:import|export)\b[^'";]*?\bfrom\s+'(?<specifier>[^']+)'/gm,
  /^import\s+'(?<specifier>[^']+)'/gm,
  /\bimport\(\s*(?:\/\*.*?\*\/\s*)?['"`](?<specifier>[^'"`]+)['"`]/g,
  /\brequire\(\s*['"`](?<specifier>[^'"`]+)['"`]/g,
];

/** @param file path relative to src/ */
export function parseModule(file: string, code: string): Module {
  const specifiers = importForms.flatMap((form) =>
    [...code.matchAll(form)].map((match) => match.groups?.['specifier']),
  );
  const imports = specifiers
    .filter((specifier) => specifier !== undefined)
    .map((specifier) => ({
      specifier,
      module: specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : undefined,
    }));
  return { file, code, imports };
}
