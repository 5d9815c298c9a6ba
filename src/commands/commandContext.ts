import type * as vscode from 'vscode';
import type { PhotoSummary } from '../protocol/control.ts';
import type { PhotoFormat } from '../protocol/photo.ts';
import type { Connection } from '../session/connection.ts';
import type { Session } from '../session/session.ts';

/** What commands need of the views, handed in: neither room imports the other. */
export interface CommandContext {
  readonly session: Session;
  readonly log: vscode.LogOutputChannel;
  /** Lets a person find a photo; undefined when none was chosen. */
  pickPhoto(
    connection: Connection,
    options: {
      readonly title: string;
      readonly placeholder: string;
      readonly button?: { readonly icon: string; readonly tooltip: string };
    },
  ): Promise<{ readonly photo: PhotoSummary; readonly byButton: boolean } | undefined>;
  /** @param query what to look for; undefined: as it was */
  showGallery(query?: string): void;
  /** @param group id of the duplicate group to show; undefined: where it was, else the first */
  reviewDuplicates(group?: string): void;
  photoUri(photo: PhotoSummary): vscode.Uri;
  /** Whether VS Code shows photos of this format. */
  canPreview(format: PhotoFormat): boolean;
}
