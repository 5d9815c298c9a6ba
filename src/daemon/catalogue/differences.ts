import type { DuplicateTier, GroupMetadata, PhotoDifference } from '../../protocol/control.ts';
import type { PhotoFacts, PhotoFormat } from '../../protocol/photo.ts';
import type { Alignment } from '../similarity/types.ts';
import { areaOf, reversed, turnOf, wholeArea } from './alignment.ts';
import type { KeeperFacts } from './keeper.ts';

/** Differences that are told of one photo, at most: more is not read. */
const maxTold = 4;

/** A score below this comes from more than another size or encoding. */
const editedScore = 0.9;

/** Percent of the keeper's bytes from which on a file counts as the same quality. */
const sameQuality = 95;

/** Where a picture was cropped is known to some percent only, and so is its scale then. */
const cropTolerance = 5;

/**
 * In which ways a photo differs from the keeper of its group, what matters most first.
 * @param alignment how `photo` (a) lies on `keeper` (b), see `reversed` for the other way round; null when only the digest was compared
 * @param copies of `photo` that there are: what tier T0 is about
 */
export function differencesOf(
  keeper: KeeperFacts,
  photo: KeeperFacts,
  tier: DuplicateTier,
  alignment: Alignment | null,
  copies: number,
): PhotoDifference[] {
  if (tier === 'T0') return [{ kind: 'identical', copies }];
  const found: PhotoDifference[] = [];
  if (tier === 'T1') found.push({ kind: 'same-pixels' });
  if (photo.damaged && !keeper.damaged) found.push({ kind: 'damaged' });
  if (alignment !== null && tier !== 'T1') found.push(...geometryOf(keeper, photo, alignment));
  if (photo.grey !== keeper.grey) found.push({ kind: photo.grey ? 'greyscale' : 'coloured' });
  if (photo.format !== keeper.format) found.push({ kind: 'format', format: photo.format });
  const percent = percentOf(photo.size / keeper.size);
  const isComparable = photo.format === keeper.format && !found.some(({ kind }) => changesPixels.has(kind));
  if (tier !== 'T1' && isComparable && percent < sameQuality) found.push({ kind: 'compressed', percent });
  const isEdited = alignment !== null && tier !== 'T1' && alignment.score < editedScore;
  if (isEdited || found.length === 0) found.push({ kind: 'edited' });
  return found.slice(0, maxTold);
}

/** With these, the number of bytes says nothing of the quality. */
const changesPixels: ReadonlySet<PhotoDifference['kind']> = new Set(['cropped', 'wider', 'scaled']);

function geometryOf(keeper: KeeperFacts, photo: KeeperFacts, alignment: Alignment): PhotoDifference[] {
  const found: PhotoDifference[] = [];
  // What was done to the keeper is the opposite of what makes the photo look like it.
  const { degrees, mirrored } = turnOf(reversed(alignment).orientation);
  if (degrees !== 0) found.push({ kind: 'turned', degrees });
  if (mirrored) found.push({ kind: 'mirrored' });
  const [ofPhoto, ofKeeper] = [areaOf(alignment.cropA), areaOf(alignment.cropB)];
  if (ofKeeper < wholeArea) found.push({ kind: 'cropped', percent: percentOf(ofKeeper) });
  if (ofPhoto < wholeArea) found.push({ kind: 'wider', percent: percentOf(ofPhoto) });
  const isCropped = found.some(({ kind }) => changesPixels.has(kind));
  const [shown, of] = [keeper.width * keeper.height, photo.width * photo.height];
  if (shown === 0 || of === 0) return found;
  const areas = isCropped ? ofPhoto / ofKeeper : 1;
  const percent = percentOf(Math.sqrt((of / shown) * areas));
  if (Math.abs(percent - 100) > (isCropped ? cropTolerance : 0)) found.push({ kind: 'scaled', percent });
  return found;
}

/** Whole percents; a part that is there is never none. */
function percentOf(part: number): number {
  return Math.max(1, Math.round(part * 100));
}

/** What the sentence of {@link reasonText} needs beside the differences. */
export interface ReasonContext {
  /** Copies of each photo that are wanted. */
  copiesWanted: number;
  keeperFormat: PhotoFormat;
}

/** The differences as one line in English, for example `same picture, 25 % of the size, greyscale`. */
export function reasonText(differences: readonly PhotoDifference[], context: ReasonContext): string {
  const parts = differences.map((difference) => partText(difference, context));
  const [first] = differences;
  const saysSame = first?.kind === 'identical' || first?.kind === 'same-pixels';
  return (saysSame ? parts : ['same picture', ...parts]).join(', ');
}

/** Differences that need no number or name. */
const plainTexts = {
  'same-pixels': 'exactly the same pixels',
  greyscale: 'greyscale',
  coloured: 'in colour',
  mirrored: 'mirrored',
  edited: 'edited',
  damaged: 'damaged',
} as const;

function partText(difference: PhotoDifference, { copiesWanted, keeperFormat }: ReasonContext): string {
  switch (difference.kind) {
    case 'identical':
      return `${difference.copies} identical copies, ${copiesWanted} ${copiesWanted === 1 ? 'is' : 'are'} wanted`;
    case 'scaled':
      return `${difference.percent} % of the size`;
    case 'format':
      return `${formatText(difference.format)} instead of ${formatText(keeperFormat)}`;
    case 'compressed':
      return `compressed to ${difference.percent} % of the bytes`;
    case 'cropped':
      return `cropped to ${difference.percent} %`;
    case 'wider':
      return `shows more: the best version has ${difference.percent} % of it`;
    case 'turned':
      return `turned by ${difference.degrees}°`;
    default:
      return plainTexts[difference.kind];
  }
}

function formatText(format: PhotoFormat): string {
  return format === 'webp' ? 'WebP' : format.toUpperCase();
}

/**
 * Date, camera and place that the keeper lacks: each from the best of the others that has it.
 * @param others in the order of keepers
 */
export function groupMetadata(
  keeper: Pick<PhotoFacts, keyof GroupMetadata>,
  others: readonly Pick<PhotoFacts, keyof GroupMetadata>[],
): GroupMetadata {
  return {
    takenAt: keeper.takenAt === null ? (others.find(({ takenAt }) => takenAt !== null)?.takenAt ?? null) : null,
    camera: keeper.camera === null ? (others.find(({ camera }) => camera !== null)?.camera ?? null) : null,
    place: keeper.place === null ? (others.find(({ place }) => place !== null)?.place ?? null) : null,
  };
}
