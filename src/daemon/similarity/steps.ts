import type { SimilarityStep } from '../../protocol/control.ts';

/** Different bits of two hashes (of 256) up to which their photos are compared more closely. */
export const candidateDistance = 80;

/** The least score of an alignment that makes two photos look-alikes, by how readily they shall be. */
export const stepThresholds: Readonly<Record<SimilarityStep, number>> = { strict: 0.8, normal: 0.7, loose: 0.55 };
