import { plainJson } from '../client/sanitize.ts';
import type { Terminal } from './terminal.ts';

/**
 * Writes one JSON array, a part at a time: a collection of a million photos need not fit into memory. Nothing is
 * written before the first part is there, so that what fails at once can be written in its place.
 */
export async function writeJsonArray(
  terminal: Pick<Terminal, 'write'>,
  parts: AsyncIterable<readonly unknown[]>,
): Promise<void> {
  let lead = '[';
  for await (const part of parts) {
    if (part.length === 0) continue;
    await terminal.write(lead + part.map((one) => plainJson(one)).join(',\n'));
    lead = ',\n';
  }
  await terminal.write(lead === '[' ? '[]\n' : ']\n');
}
