import type { SQLOutputValue } from 'node:sqlite';

/** A column that is a BLOB and never null. */
export function bytesOf(value: SQLOutputValue | undefined): Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** A column that is a BLOB or null. */
export function blobOf(value: SQLOutputValue | undefined): Uint8Array | null {
  return value instanceof Uint8Array ? value : null;
}
