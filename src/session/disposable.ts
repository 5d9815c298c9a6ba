import type * as vscode from 'vscode';

/** Something that owns other things and ends them, in reverse order, when it ends. */
export abstract class Disposable implements vscode.Disposable {
  readonly #owned: vscode.Disposable[] = [];
  #disposed = false;

  protected get _isDisposed(): boolean {
    return this.#disposed;
  }

  /** Makes this the owner of `thing`; disposes it at once when this has ended already. */
  protected _register<T extends vscode.Disposable>(thing: T): T {
    if (this.#disposed) thing.dispose();
    else this.#owned.push(thing);
    return thing;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const thing of this.#owned.reverse()) thing.dispose();
    this.#owned.length = 0;
  }
}
