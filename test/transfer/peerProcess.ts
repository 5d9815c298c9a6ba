import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { IndexedFile } from '../../src/daemon/transfer/openFiles.ts';
import type { PeerAnswer, PeerCommand } from './peerMain.ts';
import type { TestNodeOptions } from './testNode.ts';

/** A peer in a process of its own, which ends with the test at the latest. */
export class PeerProcess {
  readonly peerId: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, peerId: string) {
    this.#child = child;
    this.peerId = peerId;
  }

  static async start(node: TestNodeOptions, photos: [id: string, file: IndexedFile][]): Promise<PeerProcess> {
    const child = fork(path.join(import.meta.dirname, 'peerMain.ts'), { execArgv: [] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const answer = await tell(child, { op: 'start', node, photos });
    if (!('peerId' in answer)) throw new Error(JSON.stringify(answer));
    return new PeerProcess(child, answer.peerId);
  }

  async fetch(order: Omit<Extract<PeerCommand, { op: 'fetch' }>, 'op'>): Promise<{ path: string; from: string[] }> {
    const answer = await tell(this.#child, { op: 'fetch', ...order });
    if (!('path' in answer)) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** Bytes that it served, and the most memory that it ever took. */
  async report(): Promise<{ served: number; maxRss: number }> {
    const answer = await tell(this.#child, { op: 'report' });
    if (!('served' in answer)) throw new Error(JSON.stringify(answer));
    return answer;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

async function tell(child: ChildProcess, command: PeerCommand): Promise<PeerAnswer> {
  const answer = once(child, 'message');
  const exit = once(child, 'exit').then(() => {
    throw new Error('the peer process ended');
  });
  child.send(command);
  const [message] = await Promise.race([answer, exit]);
  return message as PeerAnswer;
}
