import { AppError } from '../../protocol/errors.ts';
import { wireLimits } from '../../protocol/wire.ts';

/** Bytes of a frame as they travel: `u32 length of all that follows | u16 length of header | header | payload`, big endian. */
export interface RawFrame {
  header: Uint8Array;
  payload: Uint8Array;
}

/** Bytes before the header of a frame. */
const prefixLength = 6;
const noBytes = new Uint8Array(0);

/**
 * All of a frame that comes before its payload.
 * @throws AppError `protocol` when the header or the payload is longer than the wire allows
 */
export function encodeFrameHead(header: Uint8Array, payloadLength: number): Uint8Array {
  if (header.length > wireLimits.header || payloadLength > wireLimits.payload) {
    throw new AppError(
      'protocol',
      `A message of ${header.length} + ${payloadLength} bytes is too long to be sent: at most ${wireLimits.header} + ${wireLimits.payload}.`,
    );
  }
  const head = Buffer.allocUnsafe(prefixLength + header.length);
  head.writeUInt32BE(2 + header.length + payloadLength, 0);
  head.writeUInt16BE(header.length, 4);
  head.set(header, prefixLength);
  return head;
}

/**
 * Cuts a stream of bytes into frames, whatever pieces they arrive in. Lengths are checked before room is made for them,
 * and each byte is copied once, into memory of exactly the frame's size.
 */
export class FrameDecoder {
  readonly #maxPayload: number;
  readonly #prefix = Buffer.alloc(prefixLength);
  #prefixFilled = 0;
  #header: Buffer | undefined;
  #payload: Uint8Array = noBytes;
  /** Bytes of header and payload that have arrived. */
  #filled = 0;

  /** @param maxPayload bytes of payload that a frame may have here */
  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  /** Whether the stream is inside a frame: its end here is a cut. */
  get halfway(): boolean {
    return this.#prefixFilled > 0;
  }

  /**
   * The frames that `chunk` completes, in order.
   * @throws AppError `protocol` for a length that is not allowed; nothing after it can be understood
   */
  *push(chunk: Uint8Array): Generator<RawFrame> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#header === undefined) {
        const taken = Math.min(rest.length, prefixLength - this.#prefixFilled);
        this.#prefix.set(rest.subarray(0, taken), this.#prefixFilled);
        this.#prefixFilled += taken;
        rest = rest.subarray(taken);
        if (this.#prefixFilled < prefixLength) return;
        this.#begin();
      }
      rest = this.#fill(rest);
      const frame = this.#finished();
      if (frame !== undefined) yield frame;
    }
  }

  #begin(): void {
    const length = this.#prefix.readUInt32BE(0);
    const headerLength = this.#prefix.readUInt16BE(4);
    const payloadLength = length - 2 - headerLength;
    if (headerLength > wireLimits.header || payloadLength < 0 || payloadLength > this.#maxPayload) {
      throw new AppError('protocol', `A frame of ${length} bytes with a header of ${headerLength} is not allowed.`);
    }
    this.#header = Buffer.allocUnsafe(headerLength);
    // allocUnsafeSlow: a block must not pin (or share) the pool that small buffers are cut from.
    this.#payload = payloadLength === 0 ? noBytes : Buffer.allocUnsafeSlow(payloadLength);
    this.#filled = 0;
  }

  #fill(bytes: Uint8Array): Uint8Array {
    const header = this.#header;
    if (header === undefined) return bytes;
    let rest = bytes;
    if (this.#filled < header.length) {
      const taken = Math.min(rest.length, header.length - this.#filled);
      header.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
    }
    if (this.#filled >= header.length) {
      const offset = this.#filled - header.length;
      const taken = Math.min(rest.length, this.#payload.length - offset);
      this.#payload.set(rest.subarray(0, taken), offset);
      this.#filled += taken;
      rest = rest.subarray(taken);
    }
    return rest;
  }

  #finished(): RawFrame | undefined {
    const header = this.#header;
    if (header === undefined || this.#filled < header.length + this.#payload.length) return undefined;
    const frame = { header, payload: this.#payload };
    this.#header = undefined;
    this.#payload = noBytes;
    this.#prefixFilled = 0;
    return frame;
  }
}
