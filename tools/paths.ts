import path from 'node:path';

/** The project's folder. */
export const root = path.resolve(import.meta.dirname, '..');

/** Where the bundles go. */
export const dist = path.join(root, 'dist');

/** Where tools keep what can be made again at any time. */
export const cache = path.join(root, '.cache');

/** Path of a file of the project, with the separators of this platform. */
export function inRoot(...segments: string[]): string {
  return path.join(root, ...segments);
}
