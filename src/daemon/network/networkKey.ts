import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import * as v from 'valibot';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';
import { networkFile, NetworkNameSchema } from '../../protocol/state.ts';
import { createFileOnce } from './createFileOnce.ts';

/** A network as its members know it. Whoever has the key is in. */
export interface NetworkKey {
  name: string;
  /** 32 bytes. Never in logs, never in a photo folder. */
  key: Uint8Array;
}

const NetworkFileSchema = v.object({
  name: NetworkNameSchema,
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/**
 * The key of the network `name` of this user; made when there is none. Daemons that start at the same moment get the same one.
 * @param home the user's state folder
 * @throws AppError `usage` when the name cannot be one, `corrupt` when the file is not a key
 */
export async function loadOrCreateNetworkKey(home: string, name: string): Promise<NetworkKey> {
  const checked = v.safeParse(NetworkNameSchema, name);
  if (!checked.success) throw new AppError('usage', `"${name}" cannot be a network: ${checked.issues[0].message}.`);
  const file = networkFile(home, checked.output);
  const existing = await readIfThere(file);
  if (existing !== undefined) return parse(file, existing, name);
  await createFileOnce(file, `${JSON.stringify({ name, key: randomBytes(32).toString('hex') })}\n`);
  return parse(file, await fs.readFile(file, 'utf8'), name);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(file: string, text: string, name: string): NetworkKey {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw broken(file, error);
  }
  const checked = v.safeParse(NetworkFileSchema, content);
  if (!checked.success || checked.output.name !== name) throw broken(file, undefined);
  return { name, key: Uint8Array.from(Buffer.from(checked.output.key, 'hex')) };
}

function broken(file: string, cause: unknown): AppError {
  return new AppError(
    'corrupt',
    `The network key ${file} is broken: restore it, or delete it and join the network again by an invite.`,
    { cause },
  );
}
