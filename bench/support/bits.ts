/**
 * Different bits of `count` words of 32, from the given places on. Where half of them already differ in `limit` bits or more,
 * the result is some number that is not less.
 */
export function differentBits(
  a: Int32Array,
  atA: number,
  b: Int32Array,
  atB: number,
  count: number,
  limit = Infinity,
): number {
  let bits = 0;
  for (let n = 0; n < count; n++) {
    let word = (a[atA + n] ?? 0) ^ (b[atB + n] ?? 0);
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    bits += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    if (2 * n === count && bits >= limit) return bits;
  }
  return bits;
}
