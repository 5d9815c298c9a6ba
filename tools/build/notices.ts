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

/** What the texts of the usual licences contain, as opposed to a note where to find them. */
const fullText =
  /Permission (is hereby granted|to use, copy)|Licensed under the Apache License|Apache License\s+Version 2\.0|Redistribution and use in source|Mozilla Public License|GNU (?:LESSER )?GENERAL PUBLIC LICENSE|free and unencumbered|CC0|Creative Commons/i;

const licenceFile = /^(licen[cs]e|copying|notice|unlicense)([-.].*)?$/i;

/**
 * The notices of every package of which code is in the bundles.
 * @throws Error naming the packages whose licence is not known in full: they must not be shipped
 */
export function noticesOf(metafiles: readonly Metafile[]): string {
  /** Of each package, where its bundled files lie: some bring the terms of others' code beside that. */
  const folders = new Map<string, Set<string>>();
  for (const metafile of metafiles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = bytesInOutput > 0 ? packageFolderOf(input) : undefined;
        if (folder === undefined) continue;
        const places = folders.get(folder) ?? new Set([folder]);
        folders.set(folder, places.add(path.posix.dirname(input)));
      }
    }
  }
  const sections = new Map<string, string>();
  const withoutLicence: string[] = [];
  const needMitTerms = new Set<string>();
  for (const [folder, places] of folders) {
    const manifest = v.parse(PackageSchema, JSON.parse(fs.readFileSync(inRoot(folder, 'package.json'), 'utf8')));
    const title = `${manifest.name} ${manifest.version}`;
    const texts = [...new Set([...places].flatMap((place) => licenceTextsIn(inRoot(place))))];
    const complete = texts.some((text) => fullText.test(text));
    if (!complete && /\bMIT\b/.test(manifest.license ?? '')) needMitTerms.add(title);
    else if (!complete) withoutLicence.push(title);
    const licence = `Licence: ${manifest.license ?? 'as follows'}`;
    sections.set(
      title,
      [title, manifest.homepage, licence, '', ...texts].filter((line) => line !== undefined).join('\n'),
    );
  }
  if (withoutLicence.length > 0) throw new Error(`No licence text found for ${withoutLicence.join(', ')}.`);
  const sorted = [...sections.keys()].sort((a, b) => a.localeCompare(b, 'en')).map((title) => sections.get(title));
  const head = 'This product contains code of the following packages.';
  const terms =
    needMitTerms.size === 0
      ? []
      : [
          `The packages above that name the MIT licence but bring no text (${[...needMitTerms].sort().join(', ')}) are used under its terms, with the copyright of their authors:\n\n${mitTerms()}`,
        ];
  return `${[head, ...sorted, ...terms].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** Folder (relative to the project) of the package that a bundled file comes from; undefined for our own files. */
export function packageFolderOf(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function licenceTextsIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map((entry) => fs.readFileSync(path.join(folder, entry.name), 'utf8').trim());
}

/** The words of the MIT licence, as our own has them. */
function mitTerms(): string {
  const own = fs.readFileSync(inRoot('LICENSE'), 'utf8');
  return own.slice(own.indexOf('Permission is hereby granted')).trim();
}
