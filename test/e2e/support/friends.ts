import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { ServedFolder } from '../../../tools/daemons.ts';
import { endDaemons, serveFolder } from '../../../tools/daemons.ts';
import { inRoot } from '../../../tools/paths.ts';
import { renderScene, scenes } from '../../../tools/sampleScenes.ts';
import type { CodeWindow, WindowOptions } from '../../../tools/vscodeHost/window.ts';
import { openCodeWindow } from '../../../tools/vscodeHost/window.ts';
import { Workbench } from './workbench.ts';

/** Friends on one machine, with a state folder and a home of their own: nothing of this user takes part. */
export class Friends implements AsyncDisposable {
  /** Real path: where the temporary folder is a link, daemons would otherwise name their folders differently from us. */
  readonly base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'photos-e2e-')));
  readonly home = path.join(this.base, 'state');
  readonly #served: ServedFolder[] = [];
  readonly #windows: CodeWindow[] = [];
  #pictures = 0;

  /** A folder with `count` photos that no other folder has. */
  async folder(name: string, count: number): Promise<string> {
    const folder = path.join(this.base, name);
    fs.mkdirSync(folder);
    for (let n = 1; n <= count; n += 1) {
      this.#pictures += 1;
      const scene = scenes[this.#pictures % scenes.length] ?? 'sea';
      const { data, info } = await renderScene(scene, this.#pictures, 600, 400);
      const taken = `2025:0${1 + (this.#pictures % 9)}:15 12:00:00`;
      await sharp(data, { raw: info })
        .withExif({ IFD0: { Model: `${name}’s camera` }, IFD2: { DateTimeOriginal: taken } })
        .jpeg({ quality: 85 })
        .toFile(path.join(folder, `${name} ${String(n).padStart(2, '0')}.jpg`));
    }
    return folder;
  }

  /** Shares a folder, as a person did some day before: it is not served now. */
  async share(folder: string): Promise<void> {
    const served = await serveFolder({ folder, home: this.home, name: path.basename(folder) });
    await served.stop();
  }

  /** Serves a folder by a daemon outside VS Code. */
  async serve(folder: string): Promise<ServedFolder> {
    const served = await serveFolder({ folder, home: this.home, name: path.basename(folder) });
    this.#served.push(served);
    return served;
  }

  /** Opens a window of a real VS Code, with the extension installed, on a folder. */
  async openWindow(folder: string | undefined, options: WindowOptions = {}): Promise<Workbench> {
    const user = path.join(this.base, 'user');
    fs.mkdirSync(user, { recursive: true });
    const window = await openCodeWindow({
      installed: [inRoot()],
      ...options,
      environment: {
        HOME: user,
        XDG_STATE_HOME: path.join(user, 'state'),
        XDG_CONFIG_HOME: path.join(user, 'config'),
        XDG_CACHE_HOME: path.join(user, 'cache'),
        PHOTO_ORGANIZER_HOME: this.home,
        ...options.environment,
      },
    });
    this.#windows.push(window);
    await window.open(folder);
    return new Workbench(window.page);
  }

  /** Closes the windows that are open. */
  async closeWindows(): Promise<void> {
    await Promise.all(this.#windows.splice(0).map((window) => window.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeWindows();
    await Promise.all(this.#served.map((served) => served.stop()));
    await endDaemons(this.home);
    await fs.promises.rm(this.base, { recursive: true, force: true, maxRetries: 5 });
  }
}
