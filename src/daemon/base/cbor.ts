import { decode, encode, type Token, Tokenizer, Type, type DecodeOptions } from 'cborg';

/** Arrays and maps inside one another, at most: messages of peers have 5, a hostile one would fill the call stack. */
const maxDepth = 16;

const decodeOptions: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
};

/** Counts what is still open, so that nesting is refused before the decoder recurses into it. */
class BoundedTokenizer extends Tokenizer {
  readonly #open: number[] = [];

  override next(): Token {
    const token = super.next();
    while (this.#open.at(-1) === 0) this.#open.pop();
    const innermost = this.#open.length - 1;
    if (innermost >= 0) this.#open[innermost] = (this.#open[innermost] ?? 0) - 1;
    if (Type.equals(token.type, Type.tag)) throw new Error('tags are not used');
    const items = Type.equals(token.type, Type.array) ? 1 : Type.equals(token.type, Type.map) ? 2 : 0;
    if (items > 0) {
      this.#open.push(Number(token.value) * items);
      if (this.#open.length > maxDepth) throw new Error('nested too deeply');
    }
    return token;
  }
}

/** `value` (plain data) as CBOR; properties that are undefined are left out. */
export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, { ignoreUndefinedProperties: true });
}

/**
 * One value from exactly `bytes`. Strict: no indefinite lengths, tags, undefined, NaN or duplicate keys, at most 16 levels.
 * Byte strings in it are copies. What it means is checked by the schema of whoever asked.
 * @throws Error when `bytes` are not such a value
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  // Out of a Buffer, cborg cuts views: one remembered id would keep the whole message in memory.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const value: unknown = decode(plain, { ...decodeOptions, tokenizer: new BoundedTokenizer(plain, decodeOptions) });
  return value;
}
