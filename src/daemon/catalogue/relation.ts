import type { DuplicateTier, LinkedPhoto } from '../../protocol/control.ts';
import type { PhotoFacts } from '../../protocol/photo.ts';
import type { Alignment } from '../similarity/types.ts';
import { areaOf, wholeArea } from './alignment.ts';
import type { KeeperFacts } from './keeper.ts';
import { takenTimeOf, zoneOf } from './takenTime.ts';

/** The facts that decide what two photos that look alike are to each other. */
export type RelationFacts = KeeperFacts &
  Pick<PhotoFacts, 'name' | 'subsecond'> & {
    /** Of the decoded pixels; null when they were not hashed. */
    digest: Uint8Array | null;
  };

/** What two photos that look alike are to each other. */
export type Relation =
  | { kind: 'duplicate'; tier: Exclude<DuplicateTier, 'T0'> }
  /** Different shots, taken one after the other (tier T4 of a burst) or of a scene that stays the same: both are wanted. */
  | { kind: 'burst' }
  /** Different files of one shot that each have what the other lacks. */
  | { kind: 'linked'; link: LinkedPhoto['kind'] }
  | { kind: 'none' };

/**
 * What two photos are to each other.
 * @param alignment how they lie on each other, in any order, when they are alike enough; null for a pair that only has the
 * same digest
 */
export function relationOf(a: RelationFacts, b: RelationFacts, alignment: Alignment | null): Relation {
  // Neither is a picture that the other could be left for.
  if (a.damaged && b.damaged) return { kind: 'none' };
  const tier = tierOf(a, b, alignment);
  if (tier === undefined) return { kind: 'none' };
  if (tier !== 'T1' && areDifferentShots(a, b)) return { kind: 'burst' };
  if (isRaw(a) !== isRaw(b) && areOfOneShot(a, b)) return { kind: 'linked', link: 'raw' };
  if (a.motion !== b.motion && isFilmAtStake(a, b)) return { kind: 'linked', link: 'motion' };
  return { kind: 'duplicate', tier };
}

function tierOf(a: RelationFacts, b: RelationFacts, alignment: Alignment | null): 'T1' | 'T2' | 'T3' | undefined {
  if (haveSamePixels(a, b)) return 'T1';
  if (alignment === null) return undefined;
  const shown = Math.min(areaOf(alignment.cropA), areaOf(alignment.cropB));
  return alignment.orientation !== 0 || shown < wholeArea ? 'T3' : 'T2';
}

/**
 * Whether the film would go if only the better picture of the two were kept. A smaller still (what a messenger made of the
 * photo) is a duplicate like any other: the one with the film is the better picture too.
 */
function isFilmAtStake(a: RelationFacts, b: RelationFacts): boolean {
  const [film, still] = a.motion ? [a, b] : [b, a];
  return still.width * still.height >= film.width * film.height;
}

/** What is decoded of a raw file is the preview inside it: that it is the same says nothing of the picture of the sensor. */
function haveSamePixels(a: RelationFacts, b: RelationFacts): boolean {
  if (a.digest === null || b.digest === null || isRaw(a) || isRaw(b)) return false;
  return Buffer.compare(a.digest, b.digest) === 0;
}

/**
 * Whether one camera took both at different times. How far apart does not matter: copies of a shot carry its time, so a
 * camera that wrote two times pressed its shutter twice, be it within a second or a year later at the same place.
 */
function areDifferentShots(a: RelationFacts, b: RelationFacts): boolean {
  if (a.camera === null || a.camera !== b.camera) return false;
  const same = areSameTime(a, b);
  if (same !== true) return same === false;
  return a.subsecond !== null && b.subsecond !== null && a.subsecond !== b.subsecond;
}

/** Whether a raw file and a picture are of the same shot: cameras give both the same name, and write the same time. */
function areOfOneShot(a: RelationFacts, b: RelationFacts): boolean {
  if (stemOf(a.name) === stemOf(b.name)) return true;
  return a.camera !== null && a.camera === b.camera && areSameTime(a, b) === true;
}

/**
 * Whether both were taken in the same second; undefined when that is not known of both. The wall clock counts, whatever zone
 * was written beside it: not every program keeps that. One that moves the clock to another zone keeps the moment.
 */
function areSameTime(a: RelationFacts, b: RelationFacts): boolean | undefined {
  if (a.takenAt === null || b.takenAt === null) return undefined;
  const [first, second] = [takenTimeOf(a.takenAt), takenTimeOf(b.takenAt)];
  if (first === 0 || second === 0) return undefined;
  return (
    first === second || (hasZone(a.takenAt) && hasZone(b.takenAt) && Date.parse(a.takenAt) === Date.parse(b.takenAt))
  );
}

function hasZone(takenAt: string): boolean {
  return zoneOf(takenAt) !== '';
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return (dot > 0 ? name.slice(0, dot) : name).toLowerCase();
}

function isRaw(facts: RelationFacts): boolean {
  return facts.format === 'raw';
}
