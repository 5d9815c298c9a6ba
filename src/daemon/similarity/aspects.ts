/**
 * Photos whose aspects differ by more than this factor are not compared. A crop of 20 % on one side changes an aspect 1.25
 * times and a stretch of 10 % another 1.1 times, which makes 1.375; more than that, the hashes of whole and window do not bridge.
 */
const mostAspectFactor = 1.4;

/** Buckets in a doubling of the aspect. */
const bucketsPerOctave = 8;

/** How two photos may be laid on each other, by their aspects. */
export interface Layings {
  /** With rows on rows, mirrored or not. */
  readonly straight: boolean;
  /** With rows on columns. */
  readonly transposed: boolean;
}

/** @param a, b aspects in thousandths */
export function layingsOf(a: number, b: number): Layings {
  return { straight: agree(a, b), transposed: agree(a, 1_000_000 / b) };
}

function agree(a: number, b: number): boolean {
  return Math.max(a, b) <= Math.min(a, b) * mostAspectFactor;
}

/** The number of the range of aspects that this one is in: the larger the aspect, the larger the number. */
export function aspectBucket(aspect: number): number {
  return Math.floor(Math.log2(aspect / 1000) * bucketsPerOctave);
}

/** How a photo may be laid on some photo of a bucket: true also where that is so at the edges of the bucket only. */
export function layingsOnBucket(aspect: number, bucket: number): Layings {
  // Rounding may put an aspect into the next bucket.
  const slack = 1.001;
  const low = (1000 * 2 ** (bucket / bucketsPerOctave)) / slack;
  const high = 1000 * 2 ** ((bucket + 1) / bucketsPerOctave) * slack;
  const within = (wanted: number): boolean => agree(wanted, Math.min(high, Math.max(low, wanted)));
  return { straight: within(aspect), transposed: within(1_000_000 / aspect) };
}
