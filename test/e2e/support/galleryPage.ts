import fs from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type {
  FromGallery,
  GalleryPhoto,
  GalleryQueryMessage,
  GalleryWantGroupMessage,
  ReviewGroup,
  ToGallery,
} from '../../../src/protocol/gallery.ts';
import { galleryHtml } from '../../../src/views/galleryHtml.ts';
import { packThumbnails } from '../../../src/views/galleryMessages.ts';
import { inRoot } from '../../../tools/paths.ts';
import { waitFor } from '../../support/waitFor.ts';
import { galleryStringsForTests } from '../../views/samples.ts';

const origin = 'https://gallery.test';
const types: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', html: 'text/html' };

/** What the page does to its surroundings, as seen from the test. */
interface Watched {
  sent: FromGallery[];
  violations: string[];
  state: unknown;
  urls: { made: number; revoked: number };
}

/** The built gallery in a real browser, in place of VS Code's webview: the test is the extension. */
export class GalleryPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** @param kept what `getState` gives: the state of last time */
  static async open(browser: Browser, kept?: unknown): Promise<GalleryPage> {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    await page.addInitScript((kept) => {
      const watched: Watched = { sent: [], violations: [], state: kept, urls: { made: 0, revoked: 0 } };
      const make = URL.createObjectURL.bind(URL);
      const revoke = URL.revokeObjectURL.bind(URL);
      URL.createObjectURL = (object) => {
        watched.urls.made++;
        return make(object);
      };
      URL.revokeObjectURL = (url) => {
        watched.urls.revoked++;
        revoke(url);
      };
      document.addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
        watched.violations.push(violatedDirective),
      );
      Object.assign(window, {
        watched,
        acquireVsCodeApi: () => ({
          postMessage: (message: FromGallery) => watched.sent.push(message),
          getState: () => watched.state,
          setState: (state: unknown) => (watched.state = structuredClone(state)),
        }),
      });
    }, kept);
    const html = galleryHtml({
      strings: galleryStringsForTests,
      language: 'en',
      script: `${origin}/gallery.js`,
      style: `${origin}/gallery.css`,
      cspSource: origin,
      nonce: 'nonce',
    });
    await page.route(`${origin}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1) || 'index.html';
      const body = name === 'index.html' ? html : fs.readFileSync(inRoot('dist', name));
      await route.fulfill({ body, contentType: types[name.split('.').at(-1) ?? ''] ?? 'text/plain' });
    });
    await page.goto(`${origin}/`);
    const gallery = new GalleryPage(page);
    await gallery.sent('ready');
    return gallery;
  }

  async watched(): Promise<Watched> {
    return page(this.page);
  }

  async post(message: ToGallery): Promise<void> {
    if (message.type !== 'thumbnails' && message.type !== 'picture') {
      await this.page.evaluate((message) => window.postMessage(message, '*'), message);
      return;
    }
    const { data, ...rest } = message;
    // A buffer does not travel into the page as it is, and a list of numbers takes its time.
    await this.page.evaluate(
      ({ rest, base64 }) => {
        const { buffer } = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        window.postMessage({ ...rest, data: buffer }, '*');
      },
      { rest, base64: Buffer.from(data).toString('base64') },
    );
  }

  /** The last message of a type, waited for. */
  async sent<T extends FromGallery['type']>(type: T, after = 0): Promise<Extract<FromGallery, { type: T }>> {
    return waitFor(`a message ${type}`, async () => {
      const { sent } = await this.watched();
      return sent
        .slice(after)
        .findLast((message): message is Extract<FromGallery, { type: T }> => message.type === type);
    });
  }

  /** The next question after what `act` does. */
  async questionAfter(act: () => Promise<unknown>): Promise<GalleryQueryMessage> {
    const { sent } = await this.watched();
    await act();
    return this.sent('query', sent.length);
  }

  async answer(question: GalleryQueryMessage, photos: GalleryPhoto[], total = photos.length): Promise<void> {
    const { generation } = question;
    await this.post({ type: 'photos', generation, offset: 0, photos, matches: photos.length, total, last: true });
  }

  /** The next question for a group after what `act` does. */
  async groupQuestionAfter(act: () => Promise<unknown>): Promise<GalleryWantGroupMessage> {
    const { sent } = await this.watched();
    await act();
    return this.sent('wantGroup', sent.length);
  }

  /** Shows a group as the answer to a question, and waits until it is to be seen. */
  async answerGroup({ generation, place }: GalleryWantGroupMessage, group: ReviewGroup, total = 17): Promise<void> {
    const position = `Group ${place + 1} of ${total}, 12 MB to win`;
    await this.post({ type: 'group', generation, place, total, position, group });
    await this.page.locator(`[data-group-id="${group.id}"]`).waitFor();
  }

  /** Starts with the review of this group. */
  async beginReview(group: ReviewGroup): Promise<void> {
    await this.questionAfter(() => this.post({ type: 'state', message: null }));
    const question = await this.groupQuestionAfter(() => this.post({ type: 'review', group: group.id }));
    await this.answerGroup(question, group);
  }

  get review() {
    return this.page.locator('[data-mode="review"]');
  }

  /** Starts with these photos. */
  async begin(photos: GalleryPhoto[]): Promise<void> {
    await this.answer(await this.questionAfter(() => this.post({ type: 'state', message: null })), photos);
    await waitFor('the grid', async () => (await this.cells.count()) > 0);
  }

  /**
   * Gives the thumbnails that the page wants now.
   * @param after messages before the wish that is meant
   */
  async giveThumbnails(picture: string, after: number): Promise<void> {
    const { ids } = await this.sent('want', after);
    const batch = ids.slice(0, 64);
    await this.post(
      packThumbnails(
        batch,
        batch.map((id) => ({ id, mime: 'image/png', data: picture })),
      ),
    );
  }

  get cells() {
    return this.page.getByRole('gridcell');
  }

  get grid() {
    return this.page.locator('#grid');
  }

  cell(id: string) {
    return this.page.locator(`[data-photo-id="${id}"]`);
  }

  /** Id of the photo that has the focus. */
  async focused(): Promise<string | undefined> {
    return this.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['photoId']);
  }
}

async function page(page: Page): Promise<Watched> {
  return page.evaluate(() => (window as unknown as { watched: Watched }).watched);
}
