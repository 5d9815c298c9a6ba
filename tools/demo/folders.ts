import fs from 'node:fs';
import path from 'node:path';
import { privateFolderName } from '../../src/protocol/state.ts';
import { renderSampleFolders, sampleFriends } from '../samplePhotos.ts';

/** A photo folder of the demonstration. */
export interface DemoFolder {
  readonly path: string;
  /** Display name of its peer. */
  readonly name: string;
  /** Whether a person gave it: then nothing of ours stays in it. */
  readonly given: boolean;
  /** Whether it was shared before: then what is in it of ours stays. */
  readonly sharedBefore: boolean;
}

/** How many friends there are at least. */
const friends = 3;

/**
 * The folders that were given, and made ones for the friends that are missing to three.
 * @param work temporary folder for the made ones
 * @throws Error with a sentence when a given folder is none
 */
export async function demoFolders(given: readonly string[], work: string): Promise<DemoFolder[]> {
  const own = given.map(givenFolder);
  const twice = own.find(({ path: one }, index) => own.findIndex((other) => other.path === one) !== index);
  if (twice !== undefined) throw new Error(`${twice.path} was given twice: one folder is one peer.`);
  if (own.length >= friends) return own;
  console.log(own.length === 0 ? 'Rendering photos for three friends …' : 'Rendering photos for the other friends …');
  const made = await renderSampleFolders(work);
  const others = sampleFriends
    .slice(own.length)
    .map((name) => ({ path: made[name], name, given: false, sharedBefore: false }));
  return [...own, ...others];
}

function givenFolder(argument: string): DemoFolder {
  if (!fs.existsSync(argument)) throw new Error(`There is no folder ${argument}.`);
  const folder = fs.realpathSync(argument);
  if (!fs.statSync(folder).isDirectory()) throw new Error(`${argument} is a file: give the folder that it is in.`);
  const sharedBefore = fs.existsSync(path.join(folder, privateFolderName));
  return { path: folder, name: path.basename(folder).slice(0, 60) || 'Photos', given: true, sharedBefore };
}

/**
 * Removes what the daemons wrote into given folders, once they have left: the folders are as they were.
 * A trash with files in it stays: those may be the only copies.
 */
export function restoreFolders(folders: readonly DemoFolder[]): void {
  for (const { path: folder, given, sharedBefore } of folders) {
    const ours = path.join(folder, privateFolderName);
    if (!given || sharedBefore || !fs.existsSync(ours)) continue;
    if (hasFiles(path.join(ours, 'trash'))) {
      console.log(`There are photos in ${path.join(ours, 'trash')}: it was left where it is.`);
    } else {
      fs.rmSync(ours, { recursive: true, force: true });
    }
  }
}

function hasFiles(folder: string): boolean {
  if (!fs.existsSync(folder)) return false;
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => !entry.isDirectory());
}
