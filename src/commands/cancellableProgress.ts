import * as vscode from 'vscode';
import { AppError } from '../protocol/errors.ts';

/** Tells how far the work is, and a message in words. */
export type TellProgress = (done: number, total: number, message: string) => void;

/**
 * Runs work of the daemon with a notification that shows how far it is and can stop it. Undefined when a person stopped it.
 * @param ended aborted when the connection ends
 * @throws AppError as the work does
 */
export async function withCancellableProgress<T>(
  title: string,
  ended: AbortSignal,
  work: (signal: AbortSignal, tell: TellProgress) => Promise<T>,
): Promise<T | undefined> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const cancel = new AbortController();
      const listening = token.onCancellationRequested(() => cancel.abort());
      let shown = 0;
      const tell: TellProgress = (done, total, message) => {
        const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
        // The bar cannot go back, when there is suddenly more to do.
        progress.report({ increment: Math.max(0, percent - shown), message });
        shown = Math.max(shown, percent);
      };
      try {
        return await work(AbortSignal.any([cancel.signal, ended]), tell);
      } catch (error) {
        if (cancel.signal.aborted && AppError.is(error, 'cancelled')) return undefined;
        throw error;
      } finally {
        listening.dispose();
      }
    },
  );
}
