import type { FrameLocator, Locator, Page } from 'playwright-core';

/** The longest that anything in the window is waited for, in ms: far more than it takes, on a machine that is busy. */
export const patience = 30_000;

/** What a person does and sees in the window of VS Code. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patience);
  }

  /** Runs a command from the palette by its full title, for example `Photos: Fetch Photo`. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput.fill(`>${title}`);
    // The list first shows what was used last: only the one that was asked for may be taken.
    await this.quickOption(new RegExp(`^${escaped(title)}(,|$)`))
      .first()
      .waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** The field of the quick pick or palette that is open. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input.input');
  }

  /** A row of the quick pick that is open, by its accessible name. */
  quickOption(name: string | RegExp): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-list').getByRole('option', { name });
  }

  /** Shows a container of views by clicking on its icon in the activity bar. */
  async showContainer(name: string): Promise<void> {
    const tab = this.page.getByRole('tab', { name, exact: true });
    await tab.waitFor();
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.locator('a').click();
  }

  tree(name: string): Tree {
    return new Tree(this.page.getByRole('tree', { name }));
  }

  /** The tab of an open editor. */
  editorTab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container').getByRole('tab', { name });
  }

  /** What is shown in the webview that is in front. */
  get webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
  }

  statusBarItem(id: string): Locator {
    return this.page.locator(`[id="${id}"]`);
  }

  /** A button of the modal dialog that is open. */
  dialogButton(name: string): Locator {
    return this.page.locator('.monaco-dialog-box').getByRole('button', { name, exact: true });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast').filter({ hasText: text });
  }
}

/** A tree view, by what assistive technology is told about it. */
export class Tree {
  readonly locator: Locator;

  constructor(locator: Locator) {
    this.locator = locator;
  }

  /** The rows that are to be seen. */
  get items(): Locator {
    return this.locator.getByRole('treeitem');
  }

  item(name: string | RegExp): Locator {
    return this.locator.getByRole('treeitem', { name });
  }

  /** Names of the rows on the first level, as they are read out. */
  async topNames(): Promise<string[]> {
    const names = await this.locator
      .locator('[role=treeitem][aria-level="1"]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    return names;
  }

  async expand(name: string | RegExp): Promise<void> {
    const row = this.item(name).first();
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'true') return;
    await row.click();
    await row.and(this.locator.locator('[aria-expanded="true"]')).waitFor();
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
