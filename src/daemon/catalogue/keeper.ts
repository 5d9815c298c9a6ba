import type { PhotoFacts, PhotoFormat } from '../../protocol/photo.ts';

/** The facts that decide which of several look-alikes is the best version. */
export type KeeperFacts = Pick<
  PhotoFacts,
  'id' | 'size' | 'width' | 'height' | 'format' | 'takenAt' | 'camera' | 'place' | 'damaged'
>;

/**
 * Formats from best to worst. Lossless ones come first. Bits per pixel say nothing across two lossy formats, and a rule
 * that compared them at equal format only, and something else otherwise, would run in circles (a over b over c over a):
 * so the lossy ones have an order too, what cameras write before what photos are converted to.
 */
const formatRanks: Record<PhotoFormat, number> = {
  raw: 0,
  tiff: 1,
  png: 2,
  bmp: 3,
  heic: 4,
  jpeg: 5,
  jxl: 6,
  jp2: 7,
  avif: 8,
  webp: 9,
  gif: 10,
};

/**
 * Orders look-alikes, best first: negative when `a` is to be kept rather than `b`. A total order over facts of the content
 * that ends in the id, so that every peer gives the same answer: whole before damaged; more pixels; lossless before lossy
 * (see {@link formatRanks}); at equal format more bits per pixel; more of date, camera and place known; lowest id.
 */
export function compareKeepers(a: KeeperFacts, b: KeeperFacts): number {
  return (
    Number(a.damaged) - Number(b.damaged) ||
    b.width * b.height - a.width * a.height ||
    formatRanks[a.format] - formatRanks[b.format] ||
    // Pixels and format are equal here, so the size in bytes orders as bits per pixel do.
    b.size - a.size ||
    metadataOf(b) - metadataOf(a) ||
    compareText(a.id, b.id)
  );
}

/** The one to keep; undefined of none. */
export function keeperOf<T extends KeeperFacts>(photos: Iterable<T>): T | undefined {
  let best: T | undefined;
  for (const photo of photos) if (best === undefined || compareKeepers(photo, best) < 0) best = photo;
  return best;
}

function metadataOf(facts: KeeperFacts): number {
  return Number(facts.takenAt !== null) + Number(facts.camera !== null) + Number(facts.place !== null);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
