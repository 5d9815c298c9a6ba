import type { Locator } from 'playwright-core';
import { waitFor } from '../../support/waitFor.ts';
import type { Workbench } from './workbench.ts';

/** A group as the review shows it. */
export interface ShownGroup {
  id: string;
  keeper: string;
  /** Ids of all photos, in order. */
  photos: string[];
}

/** The gallery in its review mode, when it is the editor in front. */
export class ReviewPage {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  get root(): Locator {
    return this.#workbench.webview.locator('[data-mode="review"]');
  }

  photo(id: string): Locator {
    return this.root.locator(`[role=group] [data-photo-id="${id}"]`).first();
  }

  /** The group that is shown, once it is another one than `before`, with a picture of each of its photos. */
  async group(before?: string): Promise<ShownGroup> {
    return waitFor('a group with its pictures', async () => {
      const group = this.root.locator('[role=group][data-group-id]');
      const shown = await group.evaluate((element) => {
        const photos = [...element.querySelectorAll('[data-photo-id]')];
        const pictures = photos.map((photo) => photo.querySelector('img'));
        return {
          id: element.getAttribute('data-group-id') ?? '',
          keeper: element.querySelector('[data-keeper="true"]')?.getAttribute('data-photo-id') ?? '',
          photos: photos.map((photo) => photo.getAttribute('data-photo-id') ?? ''),
          complete: photos.length > 0 && pictures.every((picture) => (picture?.naturalWidth ?? 0) > 0),
        };
      });
      const { complete, ...rest } = shown;
      return complete && rest.id !== before && rest;
    });
  }

  /** Goes through so many groups, from the one that is shown on. */
  async groups(count: number): Promise<ShownGroup[]> {
    const shown = [await this.group()];
    while (shown.length < count) {
      await this.press('n', shown.at(-1)?.keeper ?? '');
      shown.push(await this.group(shown.at(-1)?.id));
    }
    return shown;
  }

  /** Presses a key while a photo has the focus. */
  async press(key: string, photo: string): Promise<void> {
    await this.photo(photo).focus();
    await this.#workbench.page.keyboard.press(key);
  }
}
