import net from 'node:net';
import { AppError, messageOf, systemCodeOf } from '../../protocol/errors.ts';

/** Ports that are looked at for a free one, from the first. */
const searchedPorts = 1000;

export interface ListenWish {
  /** IP address of the interface. */
  host: string;
  /** This port and no other; undefined for the first free one. */
  port: number | undefined;
  firstPort: number;
  /** Who of this user's daemons has a port, to say so in errors; undefined when none does. */
  holderOf(port: number): string | undefined;
}

/**
 * Starts something that listens on the port wished for, or on the first free one.
 * @param start listens on a port; may lose the race for it against another process
 * @throws AppError `port-taken`, `no-permission` (a privileged port), `usage` (not an address of this machine)
 */
export async function listenOnFreePort<T>(wish: ListenWish, start: (port: number) => Promise<T>): Promise<T> {
  if (wish.port !== undefined) {
    const outcome = await tryPort(wish.host, wish.port, start);
    if (outcome.done) return outcome.value;
    throw portError(wish, wish.port, outcome.error);
  }
  const last = Math.min(65535, wish.firstPort + searchedPorts - 1);
  for (let port = wish.firstPort; port <= last; port++) {
    const outcome = await tryPort(wish.host, port, start);
    if (outcome.done) return outcome.value;
    // A port reserved by the system (Windows) is as good as taken; a privileged first port would repeat a thousand times.
    const skip = isTaken(outcome.error) || (systemCodeOf(outcome.error) === 'EACCES' && port >= 1024);
    if (!skip) throw portError(wish, port, outcome.error);
  }
  throw new AppError(
    'port-taken',
    `All ports from ${wish.firstPort} to ${last} are taken: end a program that uses one.`,
  );
}

type Outcome<T> = { done: true; value: T } | { done: false; error: unknown };

async function tryPort<T>(host: string, port: number, start: (port: number) => Promise<T>): Promise<Outcome<T>> {
  // libp2p hides the system's error code in prose: a look beforehand tells it.
  const before = await probe(host, port);
  if (before !== undefined) return { done: false, error: before };
  try {
    return { done: true, value: await start(port) };
  } catch (error) {
    const after = await probe(host, port);
    if (after !== undefined) return { done: false, error: after };
    throw error;
  }
}

/** The error of listening on a port, undefined when it can be done. */
async function probe(host: string, port: number): Promise<unknown> {
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    return error;
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return undefined;
}

function isTaken(error: unknown): boolean {
  return systemCodeOf(error) === 'EADDRINUSE';
}

function portError(wish: ListenWish, port: number, error: unknown): AppError {
  if (isTaken(error)) {
    const holder = wish.holderOf(port);
    const who = holder === undefined ? 'another program' : `the daemon of ${holder}`;
    return new AppError(
      'port-taken',
      `Port ${port} is taken by ${who}: choose another port, or none for the first free.`,
      {
        cause: error,
      },
    );
  }
  if (systemCodeOf(error) === 'EACCES') {
    return new AppError(
      'no-permission',
      `Port ${port} may not be used without special rights: choose one from 1024 up.`,
      {
        cause: error,
      },
    );
  }
  if (
    systemCodeOf(error) === 'EADDRNOTAVAIL' ||
    systemCodeOf(error) === 'EINVAL' ||
    systemCodeOf(error) === 'ENOTFOUND'
  ) {
    return new AppError('usage', `${wish.host} is not an address of this machine: choose one that is, or 127.0.0.1.`, {
      cause: error,
    });
  }
  return new AppError('internal', `Listening on ${wish.host} port ${port} failed: ${messageOf(error)}`, {
    cause: error,
  });
}
