import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { createMessageConnection, ResponseError, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { HelloParams, HelloResult } from '../../src/protocol/control.ts';
import { appErrorRpcCode, controlProtocolVersion, helloRequest } from '../../src/protocol/control.ts';
import type { DaemonFile, FolderState } from '../../src/protocol/state.ts';
import { folderState, markerPath } from '../../src/protocol/state.ts';
import { temporaryFolder } from './temporaryFolder.ts';

/** State folder and shared photo folder of a test. */
export function sharedFolder(): FolderState {
  const root = temporaryFolder();
  const folder = path.join(root, 'photos');
  fs.mkdirSync(path.dirname(markerPath(folder)), { recursive: true });
  fs.writeFileSync(markerPath(folder), '{}');
  return folderState(path.join(root, 'home'), folder);
}

export const ownPeerId = '12D3KooWTestTestTestTestTestTestTestTestTestTestTest';

export function daemonFileOf(state: FolderState): DaemonFile {
  return {
    pid: process.pid,
    peerId: ownPeerId,
    folder: state.folder,
    network: 'default',
    port: 5000,
    addresses: [`/ip4/127.0.0.1/tcp/5000/p2p/${ownPeerId}`],
    control: state.socket,
    token: 'the token',
  };
}

export interface ControlStand {
  /** Connections that are open now. */
  readonly connections: ReadonlySet<MessageConnection>;
  /** What each client said first. */
  readonly greetings: readonly HelloParams[];
  /** Cuts every connection, as a daemon that is killed does. */
  cut(): void;
}

/** Answers a request with an error, as the daemon does. */
export function refuse(code: string, message: string, data?: unknown): never {
  throw new ResponseError(appErrorRpcCode, message, data === undefined ? { code } : { code, data });
}

/**
 * A control API over the real socket of `state`, with the answers of a test; ends with the test.
 * @param answer adds the requests that a connection answers beside `hello`
 * @param protocol version of the control API that it speaks
 */
export async function serveControl(
  state: FolderState,
  answer: (rpc: MessageConnection) => void,
  protocol: number = controlProtocolVersion,
): Promise<ControlStand> {
  const connections = new Set<MessageConnection>();
  const sockets = new Set<net.Socket>();
  const greetings: HelloParams[] = [];
  const file = daemonFileOf(state);
  const server = net.createServer((socket) => {
    const rpc = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
    socket.on('error', () => {});
    socket.once('close', () => {
      connections.delete(rpc);
      sockets.delete(socket);
      rpc.dispose();
    });
    rpc.onError(() => socket.destroy());
    rpc.onRequest(helloRequest, (params): HelloResult => {
      greetings.push(params);
      if (params.protocol !== protocol) refuse('version-mismatch', 'Another version.', { protocol, version: '9.9.9' });
      if (params.token !== file.token) refuse('refused', 'Another user.');
      return {
        protocol,
        version: '9.9.9',
        pid: file.pid,
        peerId: file.peerId,
        folder: state.folder,
        logFile: state.logFile,
      };
    });
    answer(rpc);
    connections.add(rpc);
    sockets.add(socket);
    rpc.listen();
  });
  fs.mkdirSync(path.dirname(state.socket), { recursive: true });
  fs.mkdirSync(state.directory, { recursive: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(state.socket, resolve);
  });
  fs.writeFileSync(state.daemonFile, JSON.stringify(file));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return { connections, greetings, cut };
}
