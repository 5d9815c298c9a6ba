import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';

/** `/ip4/1.2.3.4/tcp/5000`, IPv6 or host name, with or without `/p2p/<peer id>`. No relays, no recursive `dnsaddr`. */
const dialable = /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]{1,200}\/tcp\/\d{1,5}(?:\/p2p\/([A-Za-z0-9]{20,120}))?$/;

/** An address that may be dialled, taken apart; undefined for anything else that a peer or a person may have written. */
export interface DialAddress {
  /** Without the peer id. */
  base: string;
  peerId: string | undefined;
}

export function parseAddress(text: string): DialAddress | undefined {
  const match = dialable.exec(text);
  if (match === null) return undefined;
  try {
    multiaddr(text);
  } catch {
    // A shape like an address with, say, 999 in its IP: nothing to dial, and nothing to tell anybody.
    return undefined;
  }
  return { base: text.replace(/\/p2p\/.*$/, ''), peerId: match[1] };
}

/** `base` as libp2p dials it, pinned to a peer where one is known. */
export function toMultiaddr(base: string, peerId: string | undefined): Multiaddr {
  return multiaddr(peerId === undefined ? base : `${base}/p2p/${peerId}`);
}
