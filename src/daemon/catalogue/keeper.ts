import type { KeeperReason } from '../../protocol/control.ts';
import type { PhotoFacts, PhotoFormat } from '../../protocol/photo.ts';

/** The facts that decide which of several look-alikes is the best version. */
export type KeeperFacts = Pick<
  PhotoFacts,
  'id' | 'size' | 'width' | 'height' | 'format' | 'takenAt' | 'camera' | 'place' | 'damaged' | 'grey' | 'motion'
> & {
  /** When a person chose this photo as the keeper: the stamp of that decision (see `decisions.ts`); 0 for never. */
  chosen: number;
};

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
 * What a pixel weighs: colour beats greyscale unless it has less than 70 % of the pixels. Compared pair by pair, such a rule
 * could run in circles; as one weighed number for each photo it cannot. Integers, so that equal is equal.
 */
const pixelWeights = { colour: 10, grey: 7 };

/**
 * Orders look-alikes, best first: negative when `a` is to be kept rather than `b`. A total order over facts of the content
 * that ends in the id, so that every peer gives the same answer: whole before damaged, whatever a person chose before the
 * damage; what a person chose (the latest choice) before the rest; more pixels, those with colour weighing more (see {@link pixelWeights}); colour before grey;
 * lossless before lossy (see {@link formatRanks}); at equal format more bits per pixel; with a film before without; more of
 * date, camera and place known; lowest id.
 */
export function compareKeepers(a: KeeperFacts, b: KeeperFacts): number {
  return (
    Number(a.damaged) - Number(b.damaged) ||
    b.chosen - a.chosen ||
    weightOf(b) - weightOf(a) ||
    Number(a.grey) - Number(b.grey) ||
    formatRanks[a.format] - formatRanks[b.format] ||
    // Pixels and format are equal here, so the size in bytes orders as bits per pixel do.
    b.size - a.size ||
    Number(b.motion) - Number(a.motion) ||
    metadataOf(b) - metadataOf(a) ||
    compareText(a.id, b.id)
  );
}

/**
 * What decided for the keeper.
 * @param next the next best of the group; undefined when the keeper is alone
 */
export function keeperReason(best: KeeperFacts, next: KeeperFacts | undefined): KeeperReason {
  if (next === undefined) return 'only';
  if (best.damaged !== next.damaged) return 'whole';
  if (best.chosen !== next.chosen) return 'chosen';
  if (pixelsOf(best) > pixelsOf(next)) return 'pixels';
  if (best.grey !== next.grey) return 'colour';
  if (best.format !== next.format) return 'format';
  if (best.size !== next.size) return 'quality';
  // A film is something that belongs to the picture, as date and place do.
  if (best.motion !== next.motion || metadataOf(best) !== metadataOf(next)) return 'metadata';
  return 'first-id';
}

/** The one to keep; undefined of none. */
export function keeperOf<T extends KeeperFacts>(photos: Iterable<T>): T | undefined {
  let best: T | undefined;
  for (const photo of photos) if (best === undefined || compareKeepers(photo, best) < 0) best = photo;
  return best;
}

function pixelsOf(facts: KeeperFacts): number {
  return facts.width * facts.height;
}

function weightOf(facts: KeeperFacts): number {
  return pixelsOf(facts) * (facts.grey ? pixelWeights.grey : pixelWeights.colour);
}

function metadataOf(facts: KeeperFacts): number {
  return Number(facts.takenAt !== null) + Number(facts.camera !== null) + Number(facts.place !== null);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
