import fs from 'node:fs/promises';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { createFileOnce } from './createFileOnce.ts';
import { AppError, systemCodeOf } from '../../protocol/errors.ts';

/**
 * The key that is this peer's identity, from `file`; made (mode 0600) when there is none.
 * @throws AppError `corrupt` when the file holds something else: a new identity is a person's choice, not ours
 */
export async function loadOrCreatePeerKey(file: string): Promise<Ed25519PrivateKey> {
  const existing = await readIfThere(file);
  if (existing !== undefined) return parseKey(file, existing);
  await createFileOnce(file, privateKeyToProtobuf(await generateKeyPair('Ed25519')));
  return parseKey(file, await fs.readFile(file));
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseKey(file: string, bytes: Uint8Array): Ed25519PrivateKey {
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') return key;
  } catch (error) {
    throw broken(file, error);
  }
  throw broken(file, undefined);
}

function broken(file: string, cause: unknown): AppError {
  return new AppError(
    'corrupt',
    `The peer key ${file} is broken: restore it from a backup, or delete it to go on as a new peer.`,
    { cause },
  );
}
