import { AppError, messageOf } from '../../protocol/errors.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';

/** A record of a log; its sequence number comes first. */
export type LogRecord = readonly [seq: number, ...fields: unknown[]];

/** Records of a log in ascending order. */
export interface LogPage<R extends LogRecord> {
  /** Which log this is: a log that began anew has another one. */
  index: string;
  records: readonly R[];
  /** Number of the last record; where it was asked from when there is none. */
  last: number;
}

/** A part of the own log, ready to be sent. */
export interface OwnLogPage<R extends LogRecord> extends LogPage<R> {
  /** Whether the log goes on. */
  more: boolean;
}

/** The payload of an answer: the records as a CBOR array. */
export function encodeLogPage(records: readonly LogRecord[]): Uint8Array {
  return encodeCbor(records);
}

/**
 * The elements of a payload, each still to be checked.
 * @param what the records are of, for the sentence of an error
 * @param most records that a page may have
 * @throws AppError `protocol`
 */
export function decodeLogPage(payload: Uint8Array, what: string, most: number): readonly unknown[] {
  if (payload.length === 0) return [];
  let elements: unknown;
  try {
    elements = decodeCbor(payload);
  } catch (error) {
    throw new AppError('protocol', `A page of ${what} is not valid CBOR: ${messageOf(error)}.`, { cause: error });
  }
  if (!Array.isArray(elements) || elements.length > most) {
    throw new AppError('protocol', `A page of ${what} is not a list of at most ${most} records.`);
  }
  return elements;
}

/**
 * Checks that a page names its log, that its records come in ascending order after `from`, and that the last of them is
 * `last` (`from`, when there is none).
 * @param what the records are of, for the sentence of an error
 * @throws AppError `protocol`
 */
export function checkLogPage(page: LogPage<LogRecord>, what: string, from: number): void {
  if (page.index === '') throw new AppError('protocol', `A page of ${what} names no log.`);
  let previous = from;
  for (const [seq] of page.records) {
    if (seq <= previous) {
      throw new AppError('protocol', `A page of ${what} is out of order: record ${seq} after ${previous}.`);
    }
    previous = seq;
  }
  if (page.last !== previous) {
    throw new AppError('protocol', `A page of ${what} ends at record ${previous}, not at ${page.last} as it says.`);
  }
}
