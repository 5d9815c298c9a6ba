/** Numbers below `limit`, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = Math.imul(seed + 1, 0x9e37_79b1) >>> 0;
  return (limit) => {
    // Mulberry32.
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** What lengths, counts and offsets are set to. */
const sizes = [
  0, 1, 2, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x0001_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff,
];

/**
 * One of the files, broken in the way that belongs to the number: bits flipped, numbers replaced, cut off, parts taken
 * out, doubled, emptied or exchanged for those of another file. Most damage is in the head, where the structure is.
 */
export function mutated(originals: ReadonlyMap<string, Buffer>, name: string, seed: number): Buffer {
  const random = numbers(seed);
  let bytes = Buffer.from(originals.get(name) ?? []);
  for (let times = 1 + random(3); times > 0 && bytes.length > 8; times--) {
    bytes = mutatedOnce(bytes, random, originals);
  }
  return bytes;
}

function mutatedOnce(
  bytes: Buffer,
  random: (limit: number) => number,
  originals: ReadonlyMap<string, Buffer>,
): Buffer<ArrayBuffer> {
  const out = Buffer.from(bytes);
  const place = (): number => random(random(2) === 0 ? Math.min(bytes.length, 600) : bytes.length);
  const from = place();
  const to = Math.min(bytes.length, from + 1 + random(200));
  switch (random(8)) {
    case 0:
      for (let bits = 1 + random(16); bits > 0; bits--) {
        const at = place();
        out[at] = (out[at] ?? 0) ^ (1 << random(8));
      }
      return out;
    case 1:
    case 2: {
      const size = sizes[random(sizes.length)] ?? 0;
      const at = Math.min(from, bytes.length - 4);
      const kind = random(3);
      if (kind === 0) out.writeUInt16BE(size & 0xffff, at);
      else if (kind === 1) out.writeUInt32BE(size, at);
      else out.writeUInt32LE(size, at);
      return out;
    }
    case 3:
      return Buffer.from(bytes.subarray(0, from));
    case 4:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    case 6:
      return out.fill(random(2) === 0 ? 0 : 0xff, from, to);
    default: {
      const others = [...originals.values()];
      const other = others[random(others.length)] ?? bytes;
      const start = random(other.length);
      return Buffer.concat([bytes.subarray(0, from), other.subarray(start, start + to - from), bytes.subarray(to)]);
    }
  }
}
