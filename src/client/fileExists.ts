import fs from 'node:fs/promises';

/** Whether there is something at this path that we can get at. */
export async function fileExists(file: string): Promise<boolean> {
  try {
    await fs.access(file);
    return true;
  } catch {
    // Not there, or not ours to look at: either way nothing that we could use.
    return false;
  }
}
