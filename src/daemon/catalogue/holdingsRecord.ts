import * as v from 'valibot';
import { AppError, messageOf } from '../../protocol/errors.ts';
import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { Holding, HoldingRecord } from '../../protocol/wire.ts';
import { HoldingRecordSchema, wireLimits } from '../../protocol/wire.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';

/** What a holder states about one photo: the part of a record that is also kept in the database, as CBOR. */
export type HoldingStatement = NonNullable<HoldingRecord[2]>;

/** A photo id as the bytes it stands for. */
export function idBytes(id: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(id, 'hex');
}

/** The 32 bytes of an id or blockhash as lowercase hex. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A holding as the tuple that is sent and stored. */
export function statementOf({ kind, facts }: Holding): HoldingStatement {
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
  ];
}

/** The opposite of {@link statementOf}. */
export function holdingOf(id: PhotoId, statement: HoldingStatement): Holding {
  const [kind, name, size, width, height, format, blockhash, takenAt, camera, place, damaged] = statement;
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
      grey: false,
      motion: false,
      subsecond: null,
      features: null,
    } satisfies PhotoFacts,
  };
}

/** A statement as it is stored. The same statement always gives the same bytes. */
export function encodeStatement(statement: HoldingStatement): Uint8Array {
  return encodeCbor(statement);
}

/** A statement that {@link encodeStatement} stored: it was checked before it got into the database. */
export function decodeStatement(bytes: Uint8Array): HoldingStatement {
  return decodeCbor(bytes) as HoldingStatement;
}

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
