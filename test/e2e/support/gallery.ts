import type { Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** The gallery, when it is the editor in front. */
export class GalleryPage {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  get grid(): Locator {
    return this.#workbench.webview.getByRole('grid', { name: 'Photos' });
  }

  get cells(): Locator {
    return this.grid.getByRole('gridcell');
  }

  cell(id: string): Locator {
    return this.grid.locator(`[role=gridcell][data-photo-id="${id}"]`);
  }

  /**
   * Scrolls from top to bottom, as only what is in view has elements, and waits for the picture of every photo.
   * @returns ids of the photos whose picture was to be seen, each once
   */
  async idsWithPictures(): Promise<string[]> {
    const seen = new Set<string>();
    await this.cells.first().waitFor();
    await this.grid.evaluate((grid) => grid.scrollTo(0, 0));
    for (;;) {
      for (const id of await this.#loadedInView()) seen.add(id);
      const atEnd = await this.grid.evaluate((grid) => {
        const end = grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1;
        grid.scrollBy(0, grid.clientHeight / 2);
        return end;
      });
      if (atEnd) return [...seen];
    }
  }

  /** Ids of the cells that are there now, once all of them have their pictures. */
  async #loadedInView(): Promise<string[]> {
    const handle = await this.grid.elementHandle();
    if (handle === null) throw new Error('There is no grid.');
    const frame = await handle.ownerFrame();
    if (frame === null) throw new Error('The grid is in no frame.');
    const loaded = await frame.waitForFunction((grid) => {
      const cells = [...grid.querySelectorAll('[role=gridcell][data-photo-id]')];
      const complete = cells.every((cell) => {
        const image = cell.querySelector('img');
        return image !== null && image.complete && image.naturalWidth > 0;
      });
      return complete && cells.length > 0 ? cells.map((cell) => cell.getAttribute('data-photo-id') ?? '') : undefined;
    }, handle);
    return (await loaded.jsonValue()) ?? [];
  }
}
