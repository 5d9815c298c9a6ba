import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { FetchResult, PhotoSummary } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';

/**
 * Brings a photo, with a notification that shows how far it is and can stop it. Undefined when a person stopped it.
 * @param target absolute path of a file or of an existing folder
 * @throws AppError as the daemon's `fetch`
 */
export async function fetchWithProgress(
  { client, signal }: Connection,
  photo: PhotoSummary,
  target: string,
  force: boolean,
): Promise<FetchResult | undefined> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Fetching {0}', plainText(photo.name)),
      cancellable: true,
    },
    async (progress, token) => {
      const cancel = new AbortController();
      const listening = token.onCancellationRequested(() => cancel.abort());
      let shown = 0;
      try {
        return await client.fetch(
          { photo: photo.id, target, force },
          {
            signal: AbortSignal.any([cancel.signal, signal]),
            onProgress: ({ received, size }) => {
              const percent = size === 0 ? 100 : Math.floor((received / size) * 100);
              progress.report({
                increment: percent - shown,
                message: vscode.l10n.t('{0} of {1}', formatBytes(received), formatBytes(size)),
              });
              shown = percent;
            },
          },
        );
      } catch (error) {
        if (cancel.signal.aborted && AppError.is(error, 'cancelled')) return undefined;
        throw error;
      } finally {
        listening.dispose();
      }
    },
  );
}
