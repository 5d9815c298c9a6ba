/** Parts of files as cameras write them. */

/** A marker segment of a JPEG. */
export function segment(marker: number, contents: Buffer | string): Buffer {
  const body = Buffer.from(contents);
  const head = Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]);
  return Buffer.concat([head, body]);
}

/** The JPEG with a segment behind its start. */
export function withSegment(jpeg: Buffer, marker: number, contents: Buffer | string): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), segment(marker, contents), jpeg.subarray(2)]);
}

export function withXmp(jpeg: Buffer, description: string): Buffer {
  return withSegment(
    jpeg,
    0xe1,
    `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:RDF>${description}</rdf:RDF></x:xmpmeta>`,
  );
}

/** What Samsung hangs on a photo: some data of a type, and a directory that says where it is. */
export function samsungTrailer(type: number): Buffer {
  const data = Buffer.from('a film, or something else');
  const head = Buffer.alloc(24);
  head.write('SEFH', 0, 'latin1');
  head.writeUInt32LE(106, 4);
  head.writeUInt32LE(1, 8);
  head.writeUInt16LE(type, 14);
  head.writeUInt32LE(data.length, 16);
  head.writeUInt32LE(data.length, 20);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(head.length, 0);
  tail.write('SEFT', 4, 'latin1');
  return Buffer.concat([data, head, tail]);
}

/** A box of an ISO media file. */
export function box(type: string, contents: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + contents.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, contents]);
}

/** Apple's maker note with one entry of this tag. */
export function appleNote(tag: number): Buffer {
  return Buffer.concat([Buffer.from('Apple iOS\0\0\x01MM', 'latin1'), directory([[tag, 2, 4, 0x41424300]])]);
}

/** An entry of a directory: tag, type, number of values, and the value or where it is. */
type Entry = readonly [number, number, number, number];

/** A TIFF directory without a next one, big-endian. */
export function directory(entries: readonly Entry[]): Buffer {
  const out = Buffer.alloc(2 + 12 * entries.length + 4);
  out.writeUInt16BE(entries.length, 0);
  for (const [n, [tag, type, count, value]] of entries.entries()) {
    const at = 2 + 12 * n;
    out.writeUInt16BE(tag, at);
    out.writeUInt16BE(type, at + 2);
    out.writeUInt32BE(count, at + 4);
    if (type === 3 && count === 1) out.writeUInt16BE(value, at + 8);
    else out.writeUInt32BE(value, at + 8);
  }
  return out;
}

/** A JPEG whose EXIF holds this maker note. */
export function withMakerNote(jpeg: Buffer, note: Buffer): Buffer {
  const head = Buffer.from('4d4d002a00000008', 'hex');
  const exifAt = head.length + 18;
  const first = directory([[0x8769, 4, 1, exifAt]]);
  const exif = directory([[0x927c, 7, note.length, exifAt + 18]]);
  return withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), head, first, exif, note]));
}

/**
 * A raw file as far as we read it: a TIFF directory that says how it was held and how large the sensor is, something that
 * stands for the sensor's data, and JPEGs.
 */
export function dng(orientation: number, jpegs: readonly Buffer[], size?: readonly [number, number]): Buffer {
  const head = Buffer.from('4d4d002a00000008', 'hex');
  const entries: Entry[] = [
    [0x00fe, 4, 1, 1],
    [0x0112, 3, 1, orientation],
    [0x8769, 4, 1, head.length + 2 + 12 * 4 + 4],
    [0xc612, 1, 4, 0x01040000],
  ];
  const [width, height] = size ?? [];
  const exif = directory(
    width === undefined || height === undefined
      ? []
      : [
          [0xa002, 4, 1, width],
          [0xa003, 4, 1, height],
        ],
  );
  return Buffer.concat([head, directory(entries), exif, sensorData(), ...jpegs]);
}

/** Looks like compressed data, with the start of a lossless JPEG in it. */
export function sensorData(): Buffer {
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, n) => (Math.imul(n + 1, 2_654_435_761) >>> 17) & 0xff));
  Buffer.from('ffd8ffc3000b0e10001000011100ffda', 'hex').copy(noise, 5_000);
  return noise;
}
