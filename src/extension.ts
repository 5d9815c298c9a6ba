import path from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/commandTable.ts';
import { daemonCommands } from './commands/daemon.ts';
import { duplicateCommands } from './commands/duplicates.ts';
import { photoCommands } from './commands/photos.ts';
import { SettingsOffer } from './commands/settingsOffer.ts';
import { sharingCommands } from './commands/sharing.ts';
import { supportCommands } from './commands/support.ts';
import { defaultHome } from './protocol/state.ts';
import { Session } from './session/session.ts';
import { CollectionTree } from './views/collectionTree.ts';
import { ContextKeys } from './views/contextKeys.ts';
import { DuplicatesTree } from './views/duplicatesTree.ts';
import { Gallery } from './views/galleryPanel.ts';
import { PeersTree } from './views/peersTree.ts';
import { PhotoFileSystem, photoUri } from './views/photoFileSystem.ts';
import { pickPhoto } from './views/photoPick.ts';
import { canPreview } from './views/photoUri.ts';
import { SideBar } from './views/sideBar.ts';
import { StatusBar } from './views/statusBar.ts';
import { Thumbnails } from './views/thumbnails.ts';

/** What the extension shows to its tests. */
export interface ExtensionApi {
  readonly session: Session;
}

/** Wires the parts; the daemon starts after activation, and only where a person has shared the folder. */
export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const own = <T extends vscode.Disposable>(thing: T): T => {
    context.subscriptions.push(thing);
    return thing;
  };
  const log = own(vscode.window.createOutputChannel(vscode.l10n.t('Photos'), { log: true }));
  const session = own(
    new Session({ daemonScript: path.join(context.extensionPath, 'dist', 'daemon.js'), home: defaultHome(), log }),
  );
  const thumbnails = new Thumbnails();
  const gallery = own(new Gallery(session, context.extensionUri, log));
  own(new PhotoFileSystem(session));
  own(new ContextKeys(session));
  own(new StatusBar(session));
  own(
    new SideBar(
      session,
      own(new PeersTree(session, thumbnails)),
      own(new CollectionTree(session, thumbnails)),
      own(new DuplicatesTree(session, thumbnails)),
    ),
  );
  const commands = {
    session,
    log,
    pickPhoto: pickPhoto.bind(undefined, thumbnails),
    showGallery: (query?: string) => gallery.show({ kind: 'grid', query }),
    reviewDuplicates: (group?: string) => gallery.show({ kind: 'review', group }),
    photoUri,
    canPreview,
  };
  own(
    registerCommands(
      {
        ...photoCommands(commands),
        ...duplicateCommands(commands),
        ...sharingCommands(commands),
        ...daemonCommands(commands),
        ...supportCommands(commands),
      },
      session,
      log,
    ),
  );
  own(new SettingsOffer(session));
  session.begin().catch((error: unknown) => log.error(String(error)));
  return { session };
}
