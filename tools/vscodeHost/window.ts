import type { Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import type { CodeServer, ServerOptions } from './server.ts';
import { startServer } from './server.ts';

export interface WindowOptions extends ServerOptions {
  /** Size of the window in CSS pixels. */
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** A real VS Code with one browser page to show its window in. */
export interface CodeWindow extends AsyncDisposable {
  readonly server: CodeServer;
  readonly page: Page;
  /** Shows `folder` (absolute path; an empty window without one) and waits for the workbench. */
  open(folder?: string, payload?: readonly (readonly [string, string])[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a VS Code server and a browser for its window.
 * @throws Error with a sentence about what is missing
 */
export async function openCodeWindow(options: WindowOptions = {}): Promise<CodeWindow> {
  const server = await startServer(options);
  try {
    const browser = await launchChromium();
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1400, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const close = async () => {
      await browser.close();
      await server.close();
    };
    return {
      server,
      page,
      async open(folder, payload) {
        await page.goto(server.windowAddress(folder, payload), { waitUntil: 'commit' });
        await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}
