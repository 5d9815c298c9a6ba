import * as v from 'valibot';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { PhotoFeatures } from '../../protocol/features.ts';
import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { Holding, HoldingRecord } from '../../protocol/wire.ts';
import { HoldingRecordSchema, wireLimits } from '../../protocol/wire.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { featuresFingerprint } from '../library/photoFeatures.ts';

/** What a holder states about one photo, as it is sent. */
export type HoldingStatement = NonNullable<HoldingRecord[2]>;

/** Everything but the features, of which it has the fingerprint: what is kept in the database of each holding, as CBOR. */
export type StoredStatement = [...Facts, fingerprint: Uint8Array | null];
type Facts = HoldingStatement extends [...infer F, infer _Features] ? F : never;

/** A photo id as the bytes it stands for. */
export function idBytes(id: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(id, 'hex');
}

/** The 32 bytes of an id or blockhash as lowercase hex. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A holding as the tuple that is stored. */
export function statementOf({ kind, facts }: Holding): StoredStatement {
  return [
    kind === 'original' ? 'o' : 'r',
    facts.name,
    facts.size,
    facts.width,
    facts.height,
    facts.format,
    facts.blockhash === null ? null : idBytes(facts.blockhash),
    facts.takenAt,
    facts.camera,
    facts.place === null ? null : [facts.place.latitude, facts.place.longitude],
    facts.damaged,
    facts.grey,
    facts.motion,
    facts.subsecond,
    facts.features === null ? null : idBytes(facts.features),
  ];
}

/** What of a statement is stored with the holding. */
export function storedOf(statement: HoldingStatement): {
  stored: StoredStatement;
  features: PhotoFeatures | undefined;
} {
  const facts = statement.slice(0, -1) as Facts;
  const [sent] = statement.slice(-1) as [HoldingStatement[14]];
  if (sent === null) return { stored: [...facts, null], features: undefined };
  const [version, aspect, digest, hashes] = sent;
  const features: PhotoFeatures = { version, aspect, digest, hashes };
  return { stored: [...facts, idBytes(featuresFingerprint(features))], features };
}

/** A statement as it is sent, with the features that it names, if they are there. */
export function sentOf(stored: StoredStatement, features: PhotoFeatures | undefined): HoldingStatement {
  const facts = stored.slice(0, -1) as Facts;
  return [
    ...facts,
    features === undefined || stored.at(-1) === null
      ? null
      : [features.version, features.aspect, features.digest, features.hashes],
  ];
}

/** The opposite of {@link statementOf}. */
export function holdingOf(id: PhotoId, statement: StoredStatement): Holding {
  const [kind, name, size, width, height, format, blockhash, takenAt, camera, place, damaged, ...rest] = statement;
  const [grey, motion, subsecond, features] = rest;
  return {
    kind: kind === 'o' ? 'original' : 'replica',
    facts: {
      id,
      name,
      size,
      width,
      height,
      format,
      blockhash: blockhash === null ? null : hexOf(blockhash),
      takenAt,
      camera,
      place: place === null ? null : { latitude: place[0], longitude: place[1] },
      damaged,
      grey,
      motion,
      subsecond,
      features: features === null ? null : hexOf(features),
    } satisfies PhotoFacts,
  };
}

/** A statement as it is stored. The same statement always gives the same bytes. */
export function encodeStatement(statement: StoredStatement): Uint8Array {
  return encodeCbor(statement);
}

/** A statement that {@link encodeStatement} stored: it was checked before it got into the database. */
export function decodeStatement(bytes: Uint8Array): StoredStatement {
  const statement = decodeCbor(bytes) as StoredStatement | FirstStatement;
  return statement.length === 11 ? [...statement, false, false, null, null] : statement;
}

/** What version 0.1.0 stored. */
type FirstStatement = Facts extends [...infer F, boolean, boolean, number | null] ? F : never;

/** Checks one element of a page as it came from a peer. @throws AppError `protocol` */
export function parseRecord(value: unknown): HoldingRecord {
  const result = v.safeParse(HoldingRecordSchema, value, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new AppError(
    'protocol',
    `A record of holdings is not valid: ${issue.message}; both sides should run the same version.`,
  );
}

/** The payload of an answer: the records as a CBOR array. */
export function encodePage(records: readonly HoldingRecord[]): Uint8Array {
  return encodeCbor(records);
}

/** The elements of a payload, each still to be checked by {@link parseRecord}. @throws AppError `protocol` */
export function decodePage(payload: Uint8Array): readonly unknown[] {
  if (payload.length === 0) return [];
  let elements: unknown;
  try {
    elements = decodeCbor(payload);
  } catch (error) {
    throw new AppError('protocol', `A page of holdings is not valid CBOR: ${messageOf(error)}.`, { cause: error });
  }
  if (!Array.isArray(elements) || elements.length > wireLimits.holdingsPage) {
    throw new AppError('protocol', `A page of holdings is not a list of at most ${wireLimits.holdingsPage} records.`);
  }
  return elements;
}

/**
 * Checks that records come in ascending order after `from`, and that the last of them is `last` (`from`, when there is none).
 * @throws AppError `protocol`
 */
export function checkOrder(records: readonly HoldingRecord[], from: number, last: number): void {
  let previous = from;
  for (const [seq] of records) {
    if (seq <= previous) {
      throw new AppError('protocol', `A page of holdings is out of order: record ${seq} after ${previous}.`);
    }
    previous = seq;
  }
  if (last !== previous) {
    throw new AppError('protocol', `A page of holdings ends at record ${previous}, not at ${last} as it says.`);
  }
}
