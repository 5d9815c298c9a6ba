/** Rhythm of the network, in milliseconds. The defaults are what DESIGN.md promises; tests may hurry. */
export interface NetworkTimings {
  /** Between two pings of one peer. */
  pingInterval: number;
  /** Rounds without a sign of life until a peer counts as gone. */
  pingMisses: number;
  /** Between two looks for other peers, while alone; with company it is longer. */
  discoveryInterval: number;
  /** The longest that the start waits for somebody to answer before it founds a network. */
  joinTimeout: number;
}

export const defaultTimings: NetworkTimings = {
  pingInterval: 1_000,
  pingMisses: 3,
  discoveryInterval: 2_000,
  joinTimeout: 1_500,
};

/** What a peer needs to be in a network. */
export interface NetworkOptions {
  /** libp2p private key (protobuf); made with mode 0600 when missing. */
  keyFile: string;
  /** 32 bytes: who has them is in. See `loadOrCreateNetworkKey`. */
  networkKey: Uint8Array;
  networkName: string;
  /** How people call this peer. */
  name: string;
  /** Exactly this port; left out: the first free one from `firstPort`. */
  port?: number;
  /** Default 5000. */
  firstPort?: number;
  /** IP address to listen on. `127.0.0.1` keeps the network on this machine. */
  listen: string;
  /** Multiaddrs to join by, from invites; without any, the anchor: `firstPort` of this machine. */
  join: readonly string[];
  /** State folder of this user, where the `daemon.json` of their other daemons are. */
  home: string;
  /** What is remembered of members and terms (JSON). */
  stateFile: string;
  timings?: Partial<NetworkTimings>;
}

/** Where a network begins: the first port that a daemon tries, and the address that a newcomer dials. */
export const defaultFirstPort = 5000;
