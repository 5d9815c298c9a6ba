import * as v from 'valibot';
import { AppError } from '../../protocol/errors.ts';
import { featuresVersion, lumaBytes } from '../../protocol/features.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import { LumasAnswerSchema, LumasRequestSchema, wireProtocols } from '../../protocol/wire.ts';
import type { Network } from '../network/types.ts';
import { hexOf, idBytes } from './holdingsRecord.ts';

/** Milliseconds that a peer has to answer. */
const timeout = 20_000;

/**
 * Serves the luma rasters of this folder's photos to the other members: a pair of photos is decided by them, and they are
 * asked for where hashes say that it is worth it.
 * @param lumaOf the raster of a photo that is held here, undefined for any other
 */
export function serveLumas(network: Pick<Network, 'handle'>, lumaOf: (id: PhotoId) => Uint8Array | undefined): void {
  network.handle(wireProtocols.lumas, async ({ header }, { peerId }) => {
    const asked = v.safeParse(LumasRequestSchema, header);
    if (!asked.success) throw new AppError('protocol', `Peer ${peerId} asked for rasters in a way without meaning.`);
    const rasters = asked.output.ids.map((id) => lumaOf(hexOf(id)));
    const found = rasters.filter((raster) => raster?.length === lumaBytes) as Uint8Array[];
    const answer: v.InferOutput<typeof LumasAnswerSchema> = {
      version: featuresVersion,
      found: rasters.map((raster) => raster?.length === lumaBytes),
    };
    return { header: answer, payload: Buffer.concat(found) };
  });
}

/**
 * Asks a peer for the rasters of photos that it holds; those that it does not have, or made in another version, are left out.
 * @throws AppError as `Network#request`, `protocol`
 */
export async function fetchLumas(
  network: Pick<Network, 'request'>,
  peerId: string,
  ids: readonly PhotoId[],
  signal: AbortSignal,
): Promise<Map<PhotoId, Uint8Array>> {
  const request: v.InferOutput<typeof LumasRequestSchema> = {
    ids: ids.map((id) => new Uint8Array(idBytes(id))),
  };
  const { header, payload } = await network.request(peerId, wireProtocols.lumas, request, { signal, timeout });
  const answer = v.safeParse(LumasAnswerSchema, header);
  const count = answer.success ? answer.output.found.filter(Boolean).length : -1;
  if (!answer.success || answer.output.found.length !== ids.length || payload.length !== count * lumaBytes) {
    throw new AppError('protocol', 'The answer is not one for rasters of photos.');
  }
  const lumas = new Map<PhotoId, Uint8Array>();
  if (answer.output.version !== featuresVersion) return lumas;
  let at = 0;
  for (const [n, id] of ids.entries()) {
    if (answer.output.found[n] !== true) continue;
    // A copy: a view would keep the whole answer in memory.
    lumas.set(id, Uint8Array.from(payload.subarray(at, at + lumaBytes)));
    at += lumaBytes;
  }
  return lumas;
}
