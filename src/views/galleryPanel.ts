import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Decision, DuplicateGroup, ListResult, PhotoSummary } from '../protocol/control.ts';
import { AppError, messageOf } from '../protocol/errors.ts';
import type {
  GalleryDecideMessage,
  GalleryQueryMessage,
  GalleryStrings,
  GalleryWantGroupMessage,
  ToGallery,
} from '../protocol/gallery.ts';
import { galleryPage, maxGalleryPhotos } from '../protocol/gallery.ts';
import type { Connection } from '../session/connection.ts';
import { Disposable } from '../session/disposable.ts';
import { commandIds, galleryViewType } from '../session/ids.ts';
import type { Session } from '../session/session.ts';
import type { SessionState } from '../session/state.ts';
import { galleryHtml } from './galleryHtml.ts';
import { galleryPhoto, isFromGallery, sortPhotos } from './galleryMessages.ts';
import { PictureQueue } from './pictureQueue.ts';
import { findGroup } from './reviewGroups.ts';
import { positionText, reviewGroup } from './reviewText.ts';
import { ThumbnailQueue } from './thumbnailQueue.ts';

/** Decisions of a review that can be taken back one by one. */
const maxDone = 100;

/** What the gallery is to show. */
export type GalleryWish =
  /** All photos; `query`: those that match. */
  | { readonly kind: 'grid'; readonly query: string | undefined }
  /** Look-alikes, one group at a time; `group`: from this one on. */
  | { readonly kind: 'review'; readonly group: string | undefined };

/** The gallery of this window: one editor with every photo of the collection. Comes back after a reload. */
export class Gallery extends Disposable {
  readonly #session: Session;
  readonly #extensionUri: vscode.Uri;
  readonly #log: vscode.LogOutputChannel;
  #panel: GalleryPanel | undefined;

  constructor(session: Session, extensionUri: vscode.Uri, log: vscode.LogOutputChannel) {
    super();
    this.#session = session;
    this.#extensionUri = extensionUri;
    this.#log = log;
    this._register(
      vscode.window.registerWebviewPanelSerializer(galleryViewType, {
        deserializeWebviewPanel: async (panel) => {
          panel.webview.options = this.#webviewOptions;
          this.#adopt(panel, undefined);
        },
      }),
    );
    this._register({ dispose: () => this.#panel?.dispose() });
  }

  show(wish: GalleryWish): void {
    if (this.#panel !== undefined) return this.#panel.reveal(wish);
    const panel = vscode.window.createWebviewPanel(galleryViewType, vscode.l10n.t('Photos'), vscode.ViewColumn.Active, {
      ...this.#webviewOptions,
      retainContextWhenHidden: false,
    });
    this.#adopt(panel, wish);
  }

  get #webviewOptions(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#extensionUri, 'dist')] };
  }

  /** @param wish undefined: what it showed before */
  #adopt(panel: vscode.WebviewPanel, wish: GalleryWish | undefined): void {
    const media = vscode.Uri.joinPath(this.#extensionUri, 'media');
    panel.iconPath = {
      light: vscode.Uri.joinPath(media, 'gallery-light.svg'),
      dark: vscode.Uri.joinPath(media, 'gallery-dark.svg'),
    };
    this.#panel?.dispose();
    const gallery = new GalleryPanel(panel, this.#session, this.#extensionUri, this.#log, wish);
    this.#panel = gallery;
    panel.onDidDispose(() => {
      gallery.dispose();
      if (this.#panel === gallery) this.#panel = undefined;
    });
  }
}

/** One webview panel and what it was asked to show. */
class GalleryPanel extends Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #session: Session;
  readonly #log: vscode.LogOutputChannel;
  #listening: vscode.Disposable | undefined;
  #thumbnails: ThumbnailQueue | undefined;
  #pictures: PictureQueue | undefined;
  /** Aborted by the next query: its answer comes too late then. */
  #query = new AbortController();
  /** Aborted by the next question for a group. */
  #groupQuery = new AbortController();
  /** The group that was shown last. */
  #group: DuplicateGroup | undefined;
  /** What was decided in this panel and can be taken back, oldest first. */
  readonly #done: { readonly decision: Decision; readonly group: string }[] = [];
  /** Said to the page when it is ready. */
  #wish: GalleryWish | undefined;
  #ready = false;

  constructor(
    panel: vscode.WebviewPanel,
    session: Session,
    extensionUri: vscode.Uri,
    log: vscode.LogOutputChannel,
    wish: GalleryWish | undefined,
  ) {
    super();
    this.#panel = this._register(panel);
    this.#session = session;
    this.#log = log;
    this.#wish = wish;
    this._register(panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    this._register(session.onDidChangeState(() => this.#follow()));
    this._register({ dispose: () => this.#listening?.dispose() });
    this._register({ dispose: () => this.#query.abort() });
    this._register({ dispose: () => this.#groupQuery.abort() });
    const dist = vscode.Uri.joinPath(extensionUri, 'dist');
    const { webview } = panel;
    webview.html = galleryHtml({
      strings: galleryStrings(),
      language: vscode.env.language,
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'gallery.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'gallery.css')).toString(),
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
    });
  }

  reveal(wish: GalleryWish): void {
    this.#panel.reveal();
    // A hidden page has no script that could hear it: it is told when it is ready again.
    this.#wish = wish;
    if (this.#ready && this.#panel.visible) this.#tellWish();
  }

  #receive(message: unknown): void {
    if (!isFromGallery(message)) {
      this.#log.warn('The gallery sent a message that is none.');
      return;
    }
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#tellWish();
        this.#follow();
        break;
      case 'query':
        this.#answer(message).catch((error: unknown) => this.#fail(error));
        break;
      case 'want':
        this.#thumbnails?.want(message.ids);
        break;
      case 'open':
        void vscode.commands.executeCommand(commandIds.openPhoto, { photoId: message.id });
        break;
      case 'fetch':
        void vscode.commands.executeCommand(commandIds.fetchPhoto, { photoId: message.id });
        break;
      case 'wantGroup':
        this.#answerGroup(message).catch((error: unknown) => this.#fail(error));
        break;
      case 'wantPictures':
        this.#showPictures(message.ids).catch((error: unknown) => this.#fail(error));
        break;
      case 'decide':
        this.#change(() => this.#decide(message));
        break;
      case 'undo':
        this.#change(() => this.#undo());
        break;
      case 'compare':
        void vscode.commands.executeCommand(commandIds.comparePhotos, {
          photoId: message.id,
          groupId: message.group,
        });
        break;
    }
  }

  #tellWish(): void {
    const wish = this.#wish;
    this.#wish = undefined;
    if (wish?.kind === 'grid') this.#post({ type: 'search', query: wish.query ?? null });
    if (wish?.kind === 'review') this.#post({ type: 'review', group: wish.group ?? null });
  }

  #follow(): void {
    this.#listening?.dispose();
    this.#query.abort();
    this.#groupQuery.abort();
    const { connection, state } = this.#session;
    this.#thumbnails =
      connection === undefined
        ? undefined
        : new ThumbnailQueue(
            connection.client,
            connection.signal,
            (message) => this.#post(message),
            (error) => this.#fail(error),
          );
    this.#pictures =
      connection === undefined
        ? undefined
        : new PictureQueue(connection.client, connection.signal, (message) => this.#post(message));
    this.#listening = connection?.onDidChange((topics) => {
      if (topics.has('collection') || topics.has('peers')) this.#post({ type: 'stale' });
      else if (topics.has('duplicates')) this.#post({ type: 'staleGroups' });
    });
    if (this.#ready) this.#post({ type: 'state', message: reasonFor(state) });
  }

  async #answer({ generation, query, sort }: GalleryQueryMessage): Promise<void> {
    this.#query.abort();
    this.#query = new AbortController();
    const { connection } = this.#session;
    if (connection === undefined) return;
    const signal = AbortSignal.any([this.#query.signal, connection.signal]);
    const self = connection.status.peerId;
    const post = (photos: readonly PhotoSummary[], offset: number, matches: number, last: boolean): void => {
      const total = Math.max(connection.status.photos.collection, query === '' ? matches : 0);
      const shown = photos.map((photo) => galleryPhoto(photo, self));
      this.#post({ type: 'photos', generation, offset, photos: shown, matches, total, last });
    };
    if (sort === 'date') {
      let offset = 0;
      for await (const { page, total, last } of pagesOf(connection, query, signal)) {
        post(page, offset, total, last);
        offset += page.length;
      }
      return;
    }
    const found: PhotoSummary[] = [];
    let matches = 0;
    for await (const { page, total } of pagesOf(connection, query, signal)) {
      found.push(...page);
      matches = total;
    }
    const sorted = sortPhotos(found, sort, vscode.env.language);
    for (let offset = 0; offset === 0 || offset < sorted.length; offset += galleryPage) {
      post(sorted.slice(offset, offset + galleryPage), offset, matches, offset + galleryPage >= sorted.length);
    }
  }

  async #answerGroup({ generation, group, place }: GalleryWantGroupMessage): Promise<void> {
    this.#groupQuery.abort();
    this.#groupQuery = new AbortController();
    const { connection } = this.#session;
    if (connection === undefined) return;
    const signal = AbortSignal.any([this.#groupQuery.signal, connection.signal]);
    const keeper = this.#group?.group === group ? this.#group.keeper : undefined;
    const found = await findGroup(connection.client, { group, place }, keeper, signal);
    if (signal.aborted) return;
    this.#group = found.group;
    this.#post({
      type: 'group',
      generation,
      place: found.place,
      total: found.total,
      position: positionText(found),
      group: found.group === undefined ? null : reviewGroup(found.group, connection.status.peerId),
    });
  }

  /** Only what was shown: the page cannot have any other photo brought here. */
  async #showPictures(ids: readonly string[]): Promise<void> {
    const photos = this.#group?.photos ?? [];
    await this.#pictures?.want(ids.flatMap((id) => photos.find((photo) => photo.id === id) ?? []));
  }

  /** Something that a person decided. The page asks for the group again in any case: it waits for that. */
  #change(work: () => Promise<void>): void {
    work()
      .catch((error: unknown) => {
        this.#log.error(`Gallery: ${messageOf(error)}`);
        if (!AppError.is(error, 'cancelled')) void vscode.window.showErrorMessage(messageOf(error));
      })
      .finally(() => this.#post({ type: 'staleGroups' }));
  }

  async #decide({ decision: what, group, id }: GalleryDecideMessage): Promise<void> {
    const { connection } = this.#session;
    const shown = this.#group;
    if (connection === undefined || shown?.group !== group || shown.keeper === id) return;
    const decision: Decision =
      what === 'keep' ? { kind: 'keeper', photo: id } : { kind: 'distinct', photos: [shown.keeper, id] };
    await connection.client.decide([decision], { signal: connection.signal });
    this.#done.push({ decision, group });
    if (this.#done.length > maxDone) this.#done.shift();
  }

  /** Takes back what was decided in here last; what was decided before is to be chosen from a list. */
  async #undo(): Promise<void> {
    const { connection } = this.#session;
    if (connection === undefined) return;
    const last = this.#done.at(-1);
    if (last === undefined) {
      await vscode.commands.executeCommand(commandIds.undoDecision);
      return;
    }
    await connection.client.decide([last.decision], { signal: connection.signal, undo: true });
    this.#done.pop();
    this.#post({ type: 'review', group: last.group });
  }

  #post(message: ToGallery): void {
    // False means that the page is hidden: it asks again when it is shown.
    void this.#panel.webview.postMessage(message);
  }

  #fail(error: unknown): void {
    if (AppError.is(error, 'cancelled')) return;
    this.#log.error(`Gallery: ${messageOf(error)}`);
    if (this.#session.connection !== undefined) this.#post({ type: 'state', message: messageOf(error) });
  }
}

/** The photos that match, page by page; the collection may change meanwhile, but none comes twice. */
async function* pagesOf(
  { client }: Connection,
  query: string,
  signal: AbortSignal,
): AsyncGenerator<{ page: PhotoSummary[]; total: number; last: boolean }> {
  const seen = new Set<string>();
  for (let offset = 0; ; offset += galleryPage) {
    const params = { limit: galleryPage, offset, ...(query === '' ? {} : { query }) };
    const { photos, total }: ListResult = await client.list(params, { signal });
    const page = photos.filter(({ id }) => !seen.has(id));
    for (const { id } of page) seen.add(id);
    const last = photos.length < galleryPage || offset + galleryPage >= Math.min(total, maxGalleryPhotos);
    yield { page, total, last };
    if (last) return;
  }
}

/** Why the gallery has nothing to show, or null when it has. */
function reasonFor(state: SessionState): string | null {
  switch (state.kind) {
    case 'noFolder':
      return vscode.l10n.t('Open a folder with photos first.');
    case 'untrusted':
      return vscode.l10n.t('Nothing of a folder is shared before you trust it.');
    case 'notShared':
      return vscode.l10n.t('This folder is not shared yet: run Photos: Share This Folder.');
    case 'starting':
      return vscode.l10n.t('The photo daemon is starting.');
    case 'stopped':
      return vscode.l10n.t('The photo daemon is not running: start it with Photos: Start Daemon.');
    case 'failed':
      return state.error.message;
    case 'running':
      break;
  }
  return null;
}

function galleryStrings(): GalleryStrings {
  return {
    photos: vscode.l10n.t('Photos'),
    search: vscode.l10n.t('Search by name, date or camera'),
    sortBy: vscode.l10n.t('Sort by'),
    sortDate: vscode.l10n.t('Date'),
    sortName: vscode.l10n.t('Name'),
    sortSize: vscode.l10n.t('Size'),
    tileSize: vscode.l10n.t('Tile size'),
    empty: vscode.l10n.t('There are no photos in the collection yet.'),
    noMatch: vscode.l10n.t('No photo matches the search.'),
    unavailable: vscode.l10n.t('Nobody who is online has this photo.'),
    offline: vscode.l10n.t('offline'),
    countOne: vscode.l10n.t('1 photo'),
    count: vscode.l10n.t('{0} photos'),
    countOf: vscode.l10n.t('{0} of {1} photos'),
    heldBy: vscode.l10n.t('held by {0}'),
    loading: vscode.l10n.t('Loading photos…'),
    truncated: vscode.l10n.t('the first {0} are shown, type to narrow'),
    controls: vscode.l10n.t('Search and order'),
    noDate: vscode.l10n.t('No date'),
    reviewControls: vscode.l10n.t('Groups and zoom'),
    allPhotos: vscode.l10n.t('All Photos'),
    previousGroup: vscode.l10n.t('Previous'),
    nextGroup: vscode.l10n.t('Next'),
    zoomIn: vscode.l10n.t('Zoom In'),
    zoomOut: vscode.l10n.t('Zoom Out'),
    zoomFit: vscode.l10n.t('Fit'),
    reviewHelp: vscode.l10n.t(
      'All pictures are zoomed and moved together: by the wheel or + and −, by dragging or the arrows. A number chooses a photo.',
    ),
    keeper: vscode.l10n.t('Keeper'),
    keepThis: vscode.l10n.t('Keep This One'),
    notDuplicate: vscode.l10n.t('Not a Duplicate'),
    compare: vscode.l10n.t('Compare'),
    undo: vscode.l10n.t('Undo'),
    differs: vscode.l10n.t('differs from the keeper'),
    noGroups: vscode.l10n.t('No duplicates were found: every picture is here once.'),
  };
}
