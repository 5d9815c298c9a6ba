import * as vscode from 'vscode';
import { formatBytes } from '../client/format.ts';
import { plainText } from '../client/sanitize.ts';
import type { PhotoSummary } from '../protocol/control.ts';
import { AppError, messageOf } from '../protocol/errors.ts';
import type { Connection } from '../session/connection.ts';
import { pickGroups } from './photoGroups.ts';
import { countText, dates, holdersText, withoutIcons } from './photoText.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Photos in the list: more than anybody reads; then it says to type. */
const maxItems = 200;
/** Milliseconds without typing until the daemon is asked. */
const typingPause = 120;

export interface PhotoPickOptions {
  readonly title: string;
  readonly placeholder: string;
  /** A button on each photo, beside choosing it. */
  readonly button?: { readonly icon: string; readonly tooltip: string };
}

export interface PickedPhoto {
  readonly photo: PhotoSummary;
  /** Whether it was chosen by the button. */
  readonly byButton: boolean;
}

interface PhotoItem extends vscode.QuickPickItem {
  readonly photo?: PhotoSummary;
}

/** Lets a person find a photo by typing: the daemon searches, pictures follow. Undefined when none was chosen. */
export async function pickPhoto(
  thumbnails: Thumbnails,
  connection: Connection,
  options: PhotoPickOptions,
): Promise<PickedPhoto | undefined> {
  const pick = vscode.window.createQuickPick<PhotoItem>();
  const search = new PhotoSearch(pick, connection, thumbnails, options);
  try {
    return await new Promise((resolve, reject) => {
      pick.onDidAccept(() => {
        search
          .chosen()
          .then((photo) => photo !== undefined && resolve({ photo, byButton: false }))
          .catch(reject);
      });
      pick.onDidTriggerItemButton(({ item }) => {
        if (item.photo !== undefined) resolve({ photo: item.photo, byButton: true });
      });
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    search.end();
    pick.dispose();
  }
}

/** Keeps the list of a quick pick in step with what is typed. Late answers are dropped. */
class PhotoSearch {
  readonly #pick: vscode.QuickPick<PhotoItem>;
  readonly #connection: Connection;
  readonly #thumbnails: Thumbnails;
  readonly #options: PhotoPickOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when the list is the answer to what is typed. */
  #answered = Promise.withResolvers<void>();
  #current = new AbortController();

  constructor(
    pick: vscode.QuickPick<PhotoItem>,
    connection: Connection,
    thumbnails: Thumbnails,
    options: PhotoPickOptions,
  ) {
    this.#pick = pick;
    this.#connection = connection;
    this.#thumbnails = thumbnails;
    this.#options = options;
    pick.title = options.title;
    pick.placeholder = options.placeholder;
    pick.onDidChangeValue(() => this.#searchIn(typingPause));
    this.#searchIn(0);
  }

  /** The photo that Enter means: whoever types and presses it at once means what was typed, not the list of before. */
  async chosen(): Promise<PhotoSummary | undefined> {
    for (let answered; answered !== this.#answered;) {
      answered = this.#answered;
      await answered.promise;
    }
    const active = this.#pick.activeItems[0]?.photo;
    const photos = this.#pick.items.flatMap(({ photo }) => photo ?? []);
    return photos.find(({ id }) => id === active?.id) ?? photos[0];
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#current.abort();
    this.#answered.resolve();
  }

  #searchIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#current.abort();
    const current = new AbortController();
    this.#current = current;
    this.#pick.busy = true;
    const superseded = this.#answered;
    this.#answered = Promise.withResolvers();
    superseded.resolve();
    this.#timer = setTimeout(() => {
      this.#search(AbortSignal.any([current.signal, this.#connection.signal])).catch((error: unknown) => {
        if (current.signal.aborted) return;
        this.#pick.busy = false;
        this.#say(
          AppError.is(error, 'cancelled') ? vscode.l10n.t('The photo daemon is not running.') : messageOf(error),
        );
      });
    }, milliseconds);
  }

  async #search(signal: AbortSignal): Promise<void> {
    const query = this.#pick.value.trim();
    const { photos, total } = await this.#connection.client.list(
      { limit: maxItems, ...(query === '' ? {} : { query }) },
      { signal },
    );
    if (signal.aborted) return;
    this.#pick.title =
      total > photos.length
        ? vscode.l10n.t(
            '{0}: {1} of {2}, type to narrow',
            this.#options.title,
            countText(photos.length),
            countText(total),
          )
        : this.#options.title;
    if (photos.length === 0) {
      this.#say(
        query === ''
          ? vscode.l10n.t('There are no photos in the collection yet.')
          : vscode.l10n.t('No photo matches the search.'),
      );
    } else {
      this.#show(photos);
      const ordered = pickGroups(photos, this.#connection.status.peerId).flatMap((group) => group.photos);
      const ids = ordered.map(({ id }) => id);
      await this.#thumbnails.load(this.#connection.client, ids, signal, () => {
        if (!signal.aborted) this.#show(photos);
      });
    }
    if (!signal.aborted) this.#pick.busy = false;
  }

  /** One line that cannot be chosen, instead of photos. */
  #say(text: string): void {
    this.#pick.items = [{ label: text, alwaysShow: true }];
    this.#answered.resolve();
  }

  #show(photos: readonly PhotoSummary[]): void {
    const active = this.#pick.activeItems[0]?.photo?.id;
    const items = this.#items(photos);
    this.#pick.keepScrollPosition = true;
    this.#pick.items = items;
    const still = active === undefined ? undefined : items.find(({ photo }) => photo?.id === active);
    if (still !== undefined) this.#pick.activeItems = [still];
    this.#answered.resolve();
  }

  #items(photos: readonly PhotoSummary[]): PhotoItem[] {
    const self = this.#connection.status.peerId;
    return pickGroups(photos, self).flatMap(({ holder, photos }) => [
      { label: this.#groupLabel(holder), kind: vscode.QuickPickItemKind.Separator },
      ...photos.map((photo) => this.#item(photo, self)),
    ]);
  }

  #groupLabel(holder: { name: string; peerId: string; online: boolean } | undefined): string {
    if (holder === undefined) return vscode.l10n.t('Nobody');
    if (holder.peerId === this.#connection.status.peerId) return vscode.l10n.t('This computer');
    return holder.online ? plainText(holder.name) : vscode.l10n.t('{0} (offline)', plainText(holder.name));
  }

  #item(photo: PhotoSummary, self: string): PhotoItem {
    const picture = this.#thumbnails.get(photo.id);
    const { button } = this.#options;
    const facts = [dates.takenAt(photo.takenAt), formatBytes(photo.size), holdersText(photo, self)];
    if (!photo.keeper) facts.push(vscode.l10n.t('duplicate'));
    return {
      label: withoutIcons(photo.name),
      description: withoutIcons(facts.filter((fact) => fact !== undefined).join(' · ')),
      // The daemon has chosen already; VS Code must not look for the letters in the name again.
      alwaysShow: true,
      iconPath: picture === undefined ? new vscode.ThemeIcon('file-media') : vscode.Uri.parse(picture),
      ...(button === undefined
        ? {}
        : { buttons: [{ iconPath: new vscode.ThemeIcon(button.icon), tooltip: button.tooltip }] }),
      photo,
    };
  }
}
