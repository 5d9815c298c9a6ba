import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { FetchResult, PhotoSummary } from '../protocol/control.ts';
import type { Connection } from '../session/connection.ts';
import { withCancellableProgress } from './cancellableProgress.ts';

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
  return withCancellableProgress(vscode.l10n.t('Fetching {0}', plainText(photo.name)), signal, (fetchSignal, tell) =>
    client.fetch(
      { photo: photo.id, target, force },
      {
        signal: fetchSignal,
        onProgress: ({ received, size }) =>
          tell(received, size, vscode.l10n.t('{0} of {1}', formatBytes(received), formatBytes(size))),
      },
    ),
  );
}
