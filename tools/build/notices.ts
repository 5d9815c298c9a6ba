import type { Metafile } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { inRoot } from '../paths.ts';

const PackageSchema = v.object({
  name: v.string(),
  version: v.string(),
  license: v.optional(v.string()),
  homepage: v.optional(v.string()),
});

const licenceFile = /^(licen[cs]e|copying|notice|unlicense)([-.].*)?$/i;

/**
 * The notices of every package of which code is in the bundles.
 * @throws Error naming the packages that have no licence at all: they must not be shipped
 */
export function noticesOf(metafiles: readonly Metafile[]): string {
  const folders = new Set<string>();
  for (const metafile of metafiles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = bytesInOutput > 0 ? packageFolderOf(input) : undefined;
        if (folder !== undefined) folders.add(folder);
      }
    }
  }
  const sections = new Map<string, string>();
  const withoutLicence: string[] = [];
  for (const folder of folders) {
    const manifest = v.parse(PackageSchema, JSON.parse(fs.readFileSync(inRoot(folder, 'package.json'), 'utf8')));
    const title = `${manifest.name} ${manifest.version}`;
    const texts = licenceTextsIn(inRoot(folder));
    if (manifest.license === undefined && texts.length === 0) withoutLicence.push(title);
    const licence = `Licence: ${manifest.license ?? 'as follows'}`;
    sections.set(
      title,
      [title, manifest.homepage, licence, '', ...texts].filter((line) => line !== undefined).join('\n'),
    );
  }
  if (withoutLicence.length > 0) throw new Error(`No licence found for ${withoutLicence.join(', ')}.`);
  const sorted = [...sections.keys()].sort((a, b) => a.localeCompare(b, 'en')).map((title) => sections.get(title));
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `${['This product contains code of the following packages.', ...sorted].join(line)}\n`;
}

/** Folder (relative to the project) of the package that a bundled file comes from; undefined for our own files. */
export function packageFolderOf(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function licenceTextsIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map((entry) => fs.readFileSync(path.join(folder, entry.name), 'utf8').trim());
}
