import { encodeCbor } from '../base/cbor.ts';
import { wireLimits, type Member } from '../../protocol/wire.ts';

/** Bytes of a header that members may fill: the rest of the message needs some. */
const budget = wireLimits.header - 8 * 1024;

/**
 * As many of `members` as one message has room for, chosen by chance where that is not all: over several messages each gets known.
 * @param random from 0 to 1
 */
export function rosterFor(members: readonly Member[], random: () => number): Member[] {
  const roster: Member[] = [];
  let bytes = 0;
  for (const member of shuffled(members, random)) {
    const { peerId, name, port, addresses } = member;
    const plain = { peerId, name, port, addresses };
    bytes += encodeCbor(plain).length;
    if (bytes > budget || roster.length >= wireLimits.roster) break;
    roster.push(plain);
  }
  return roster;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
