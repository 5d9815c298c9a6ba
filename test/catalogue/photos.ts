import { createHash } from 'node:crypto';
import type { PhotoFacts } from '../../src/protocol/photo.ts';

/** Hex SHA-256 of a text: an id or a blockhash that is always the same. */
export function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Facts of a made photo that is told apart by its name. */
export function photo(name: string, facts: Partial<PhotoFacts> = {}): PhotoFacts {
  return {
    id: hexOf(name),
    name,
    size: 1000,
    width: 40,
    height: 30,
    format: 'jpeg',
    blockhash: hexOf(`picture ${name}`),
    takenAt: '2018-07-25T16:34:23',
    camera: null,
    place: null,
    damaged: false,
    grey: false,
    motion: false,
    subsecond: null,
    features: null,
    ...facts,
  };
}

/** A peer id that sorts by `letter` and looks like one. */
export function peerId(letter: string): string {
  return `12D3KooW${letter.repeat(20)}`;
}
