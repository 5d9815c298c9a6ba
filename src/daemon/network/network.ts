import type { Libp2p } from '@libp2p/interface';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Logger } from '../base/logger.ts';
import { delay } from '../base/tasks.ts';
import { AppError } from '../../protocol/errors.ts';
import { wireLimits, wireProtocols, type Member, type Term, type WireProtocol } from '../../protocol/wire.ts';
import { parseAddress } from './address.ts';
import { Discovery } from './discovery.ts';
import { listenOnFreePort } from './listen.ts';
import { findLocalDaemons } from './localDaemons.ts';
import { Membership } from './membership.ts';
import { Memory } from './memory.ts';
import { startNode } from './node.ts';
import { defaultFirstPort, defaultTimings, type NetworkOptions } from './options.ts';
import { loadOrCreatePeerKey } from './peerKey.ts';
import { RequestStreams } from './requestStreams.ts';
import type { Frame, LivePeer, Network, RequestHandler, RequestOptions } from './types.ts';

/** Milliseconds for libp2p to close its connections and listener. */
const stopTimeout = 2_000;

/**
 * Listens, and joins the network or founds it. Resolves when others can connect and it is known who is central, after
 * `timings.joinTimeout` at most; looking for more members goes on until `stop`.
 * @throws AppError `port-taken`, `no-permission`, `usage` (an address that is none), `corrupt` (a broken peer key)
 */
export async function startNetwork(options: NetworkOptions, deps: { logger: Logger }): Promise<Network> {
  const { logger } = deps;
  for (const address of options.join) {
    if (parseAddress(address) === undefined) {
      throw new AppError(
        'usage',
        `"${address}" is not an address to join by: it looks like /ip4/192.168.1.5/tcp/5000.`,
      );
    }
  }
  const key = await loadOrCreatePeerKey(options.keyFile);
  const memory = await Memory.open(options.stateFile, options.networkKey, logger);
  const firstPort = options.firstPort ?? defaultFirstPort;
  const locals = options.port === undefined ? [] : await findLocalDaemons(options.home);
  const { node, port } = await listenOnFreePort(
    {
      host: options.listen,
      port: options.port,
      firstPort,
      holderOf: (taken) => locals.find((daemon) => daemon.port === taken)?.folder,
    },
    async (port) => ({
      port,
      node: await startNode({ key, networkKey: options.networkKey, host: options.listen, port }),
    }),
  );
  const network = new Libp2pNetwork(node, port, memory, options, logger);
  try {
    await network.join();
  } catch (error) {
    await network.stop();
    throw error;
  }
  return network;
}

class Libp2pNetwork implements Network {
  readonly self: Member;
  readonly #node: Libp2p;
  readonly #streams: RequestStreams;
  readonly #membership: Membership;
  readonly #discovery: Discovery;
  readonly #joinTimeout: number;
  readonly #logger: Logger;
  /** Requests may come before the room that answers them is ready: they wait. */
  readonly #handlers = new Map<WireProtocol, PromiseWithResolvers<RequestHandler>>();
  #stopping: Promise<void> | undefined;

  constructor(node: Libp2p, port: number, memory: Memory, options: NetworkOptions, logger: Logger) {
    const timings = { ...defaultTimings, ...options.timings };
    const firstPort = options.firstPort ?? defaultFirstPort;
    this.#node = node;
    this.#logger = logger;
    this.#joinTimeout = timings.joinTimeout;
    this.self = {
      peerId: node.peerId.toString(),
      name: options.name,
      port,
      addresses: node
        .getMultiaddrs()
        .map((address) => address.toString())
        .slice(0, wireLimits.addresses),
    };
    this.#streams = new RequestStreams(node, { logger, onActivity: (peerId) => this.#membership.heardOf(peerId) });
    this.#membership = new Membership({
      node,
      streams: this.#streams,
      self: this.self,
      memory,
      timings,
      logger,
      onRoster: (members) => this.#discovery.told(members),
      onWake: () => this.#discovery.hurry(),
    });
    this.#discovery = new Discovery({
      node,
      self: this.self,
      networkName: options.networkName,
      home: options.home,
      anchors: options.join.length > 0 ? options.join : [`/ip4/127.0.0.1/tcp/${firstPort}`],
      remembered: memory.members(),
      interval: timings.discoveryInterval,
      logger,
      isLive: (peerId) => this.#membership.isLive(peerId),
      isAlone: () => this.#membership.peers().length === 0,
      greet: (peerId) => this.#membership.greet(peerId),
    });
    this.#membership.onUp.on((peer) => this.#discovery.welcomed(peer));
    this.#membership.onDown.on(({ peerId, left }) => this.#discovery.lost(peerId, left));
  }

  async join(): Promise<void> {
    await this.#streams.serve(wireProtocols.members, (request, context) => this.#membership.handle(request, context));
    for (const protocol of Object.values(wireProtocols)) {
      if (protocol === wireProtocols.members) continue;
      await this.#streams.serve(protocol, async (request, context) => {
        const handler = await this.#handler(protocol).promise;
        return handler(request, context);
      });
    }
    this.#membership.start();
    const greeted = new Promise<void>((resolve) => {
      const off = this.#membership.onUp.on(() => {
        off();
        resolve();
      });
    });
    const deadline = new AbortController();
    await Promise.race([greeted, this.#discovery.start(), delay(this.#joinTimeout, deadline.signal)]);
    deadline.abort();
    this.#membership.foundUnlessJoined();
    this.#logger.info(`listens on port ${this.self.port} as ${this.self.peerId}`);
  }

  #handler(protocol: WireProtocol): PromiseWithResolvers<RequestHandler> {
    const existing = this.#handlers.get(protocol);
    if (existing !== undefined) return existing;
    const created = Promise.withResolvers<RequestHandler>();
    this.#handlers.set(protocol, created);
    return created;
  }

  peers(): LivePeer[] {
    return this.#membership.peers();
  }

  central(): Term {
    return this.#membership.central;
  }

  onPeerUp(listener: (peer: LivePeer) => void): Unsubscribe {
    return this.#membership.onUp.on(listener);
  }

  onPeerDown(listener: (peerId: string) => void): Unsubscribe {
    return this.#membership.onDown.on(({ peerId }) => listener(peerId));
  }

  onCentralChanged(listener: (term: Term) => void): Unsubscribe {
    return this.#membership.onCentral.on(listener);
  }

  handle(protocol: WireProtocol, handler: RequestHandler): void {
    this.#handler(protocol).resolve(handler);
  }

  request(peerId: string, protocol: WireProtocol, header: unknown, options: RequestOptions): Promise<Frame> {
    return this.#streams.request(peerId, protocol, header, options);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#discovery[Symbol.asyncDispose]();
    await this.#membership.leave();
    await this.#membership[Symbol.asyncDispose]();
    // Connections that do not close in time are the other side's loss: this process ends anyway.
    const deadline = new AbortController();
    await Promise.race([this.#node.stop(), delay(stopTimeout, deadline.signal)]);
    deadline.abort();
  }
}
