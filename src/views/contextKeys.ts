import * as vscode from 'vscode';
import { Disposable } from '../session/disposable.ts';
import { diskFolders } from '../session/folders.ts';
import type { ContextKey } from '../session/ids.ts';
import { contextKeys } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import { comparingNow } from './statusText.ts';

type Value = string | boolean;

/** Keeps the context keys that menus and welcome texts go by; sets one only when it changes. */
export class ContextKeys extends Disposable {
  readonly #session: Session;
  readonly #set = new Map<ContextKey, Value>();
  #listening: vscode.Disposable | undefined;

  constructor(session: Session) {
    super();
    this.#session = session;
    this._register(session.onDidChangeState(() => this.#follow()));
    this._register({ dispose: () => this.#listening?.dispose() });
    this.#follow();
  }

  #follow(): void {
    this.#listening?.dispose();
    this.#listening = this.#session.connection?.onDidChange(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { state, connection } = this.#session;
    // First the details, then the state: a welcome text must not flash for a state that is half known.
    this.#put(contextKeys.hasPeers, connection?.peers.some(({ self }) => !self) ?? false);
    this.#put(contextKeys.hasPhotos, (connection?.status.photos.collection ?? 0) > 0);
    this.#put(contextKeys.scanning, connection !== undefined && connection.status.scanning !== null);
    this.#put(contextKeys.comparing, connection !== undefined && comparingNow(connection.status) !== null);
    this.#put(contextKeys.severalFolders, diskFolders().length > 1);
    this.#put(contextKeys.state, state.kind);
  }

  #put(key: ContextKey, value: Value): void {
    if (this.#set.get(key) === value) return;
    this.#set.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
