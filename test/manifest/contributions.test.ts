import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  commandIds,
  contextKeys,
  galleryViewType,
  itemContexts,
  photoScheme,
  settingIds,
  settingsPrefix,
  viewContainerId,
  viewIds,
  walkthroughId,
} from '../../src/session/ids.ts';
import { inRoot } from '../../tools/paths.ts';

const Menu = v.object({ command: v.string(), when: v.optional(v.string()), group: v.optional(v.string()) });
const ManifestSchema = v.object({
  main: v.string(),
  icon: v.string(),
  extensionKind: v.array(v.string()),
  activationEvents: v.array(v.string()),
  capabilities: v.object({
    untrustedWorkspaces: v.object({ supported: v.string(), restrictedConfigurations: v.array(v.string()) }),
    virtualWorkspaces: v.object({ supported: v.boolean() }),
  }),
  contributes: v.object({
    commands: v.array(
      v.object({ command: v.string(), title: v.string(), category: v.string(), icon: v.optional(v.string()) }),
    ),
    viewsContainers: v.object({ activitybar: v.array(v.object({ id: v.string(), icon: v.string() })) }),
    views: v.record(v.string(), v.array(v.object({ id: v.string(), accessibilityHelpContent: v.string() }))),
    viewsWelcome: v.array(v.object({ view: v.string(), contents: v.string(), when: v.string() })),
    menus: v.record(v.string(), v.array(Menu)),
    configuration: v.object({ properties: v.record(v.string(), v.looseObject({ default: v.unknown() })) }),
    configurationDefaults: v.object({
      'remote.portsAttributes': v.record(v.string(), v.object({ label: v.string(), onAutoForward: v.string() })),
    }),
    resourceLabelFormatters: v.array(v.object({ scheme: v.string() })),
    walkthroughs: v.array(
      v.object({
        id: v.string(),
        steps: v.array(v.object({ media: v.object({ svg: v.string() }), completionEvents: v.array(v.string()) })),
      }),
    ),
  }),
});
const text = fs.readFileSync(inRoot('package.json'), 'utf8');
const manifest = v.parse(ManifestSchema, JSON.parse(text));
const { contributes } = manifest;
const allCommands: string[] = Object.values(commandIds);
const declared = contributes.commands.map(({ command }) => command);
const sorted = (values: Iterable<string>) => [...values].toSorted();

const texts = (file: string) =>
  v.parse(v.record(v.string(), v.string()), JSON.parse(fs.readFileSync(inRoot(file), 'utf8')));

describe('ids', () => {
  test('commands are the same in the manifest and in the code', () => {
    expect(sorted(declared)).toEqual(sorted(allCommands));
  });

  test('views and their container are the same', () => {
    expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual([viewContainerId]);
    expect(contributes.views[viewContainerId]?.map(({ id }) => id)).toEqual(Object.values(viewIds));
  });

  test('settings are the same', () => {
    const used = Object.values(settingIds).map((id) => `${settingsPrefix}.${id}`);
    expect(sorted(Object.keys(contributes.configuration.properties))).toEqual(sorted(used));
  });

  test('scheme, panel and walkthrough are the same', () => {
    expect(contributes.resourceLabelFormatters.map(({ scheme }) => scheme)).toEqual([photoScheme]);
    expect(manifest.activationEvents).toContain(`onFileSystem:${photoScheme}`);
    expect(manifest.activationEvents).toContain(`onWebviewPanel:${galleryViewType}`);
    expect(contributes.walkthroughs.map(({ id }) => id)).toEqual([walkthroughId]);
  });

  test('conditions ask for nothing that is never set', () => {
    const known = new Set<string>([
      ...Object.values(contextKeys),
      ...Object.values(viewIds),
      ...allCommands,
      galleryViewType,
    ]);
    const asked = [...contributes.viewsWelcome, ...Object.values(contributes.menus).flat()].flatMap(({ when = '' }) => [
      ...when.matchAll(/photoOrganizer\.\w+/g),
    ]);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.map(([key]) => key).filter((key) => !known.has(key))).toEqual([]);
  });

  test('menus match on contexts that items have', () => {
    const contexts = Object.values(itemContexts);
    const conditions = contributes.menus['view/item/context']?.map(({ when = '' }) => when) ?? [];
    for (const when of conditions) {
      const exact = /viewItem == ([\w.]+)/.exec(when)?.[1];
      const pattern = /viewItem =~ \/(.+)\//.exec(when)?.[1];
      const matches = contexts.filter(
        (context) => context === exact || (pattern !== undefined && new RegExp(pattern).test(context)),
      );
      expect(matches, when).not.toEqual([]);
    }
  });
});

describe('menus', () => {
  test('have only commands that exist', () => {
    const used = Object.values(contributes.menus)
      .flat()
      .map(({ command }) => command);
    expect(used.filter((command) => !declared.includes(command))).toEqual([]);
  });

  test('have icons where VS Code shows icons', () => {
    const withIcons = new Set(
      contributes.commands.filter(({ icon }) => icon !== undefined).map(({ command }) => command),
    );
    const shown = Object.values(contributes.menus)
      .flat()
      .filter(({ group = '' }) => /^(navigation|inline)/.test(group));
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.filter(({ command }) => !withIcons.has(command))).toEqual([]);
  });

  test('keep commands that need a place out of the palette', () => {
    const hidden = contributes.menus['commandPalette']?.filter(({ when }) => when === 'false');
    expect(hidden?.map(({ command }) => command)).toEqual([
      commandIds.revealOriginal,
      commandIds.comparePhotos,
      commandIds.notDuplicate,
      commandIds.keepThisPhoto,
      commandIds.showMenu,
    ]);
  });

  test('every command is in the category Photos', () => {
    expect(new Set(contributes.commands.map(({ category }) => category))).toEqual(new Set(['%category%']));
    expect(texts('package.nls.json')['category']).toBe('Photos');
  });
});

describe('views', () => {
  test('say something in every state', () => {
    const peers = contributes.viewsWelcome.filter(({ view }) => view === viewIds.peers).map(({ when }) => when);
    for (const state of ['notShared', 'starting', 'failed', 'stopped', 'running']) {
      expect(
        peers.filter((when) => when.includes(`photoOrganizer.state == ${state}`)),
        state,
      ).not.toEqual([]);
    }
    for (const view of [viewIds.collection, viewIds.duplicates]) {
      const said = contributes.viewsWelcome.filter((welcome) => welcome.view === view).map(({ when }) => when);
      expect(said, view).toContain('photoOrganizer.state != running');
      expect(
        said.filter((when) => when.includes('photoOrganizer.state == running')),
        view,
      ).not.toEqual([]);
    }
    expect(peers.some((when) => when.includes('workspaceFolderCount == 0'))).toBe(true);
    expect(peers.some((when) => when.includes('!isWorkspaceTrusted'))).toBe(true);
  });
});

describe('trust', () => {
  test('every setting is restricted: all of them end up in the start of a process', () => {
    expect(sorted(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations)).toEqual(
      sorted(Object.keys(contributes.configuration.properties)),
    );
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
    expect(manifest.capabilities.virtualWorkspaces.supported).toBe(false);
    expect(manifest.extensionKind).toEqual(['workspace']);
  });

  test('which program runs and who may connect is set on the machine only, never by a folder', () => {
    for (const id of [settingIds.nodePath, settingIds.listen]) {
      expect(contributes.configuration.properties[`${settingsPrefix}.${id}`]).toMatchObject({ scope: 'machine' });
    }
  });

  test('nothing starts with VS Code itself, only with a folder that was shared', () => {
    expect(manifest.activationEvents).toContain('workspaceContains:.photo-organizer/marker.json');
    expect(manifest.activationEvents).not.toContain('*');
    expect(manifest.activationEvents).not.toContain('onStartupFinished');
  });
});

describe('ports', () => {
  const [pattern = ''] = Object.keys(contributes.configurationDefaults['remote.portsAttributes']);

  test('of the daemon are not forwarded when VS Code sees them on a remote host', () => {
    expect(contributes.configurationDefaults['remote.portsAttributes'][pattern]?.onAutoForward).toBe('ignore');
    // As src/client/launch.ts runs it.
    expect('/usr/bin/node /x/dist/daemon.js /home/ana/My Pictures --home /s --name Ana --json').toMatch(
      RegExp(pattern),
    );
    expect('node.exe C:\\x\\dist\\daemon.js C:\\Pictures --home C:\\s --json').toMatch(RegExp(pattern));
  });

  test('of other programs are none of our business', () => {
    expect('/usr/bin/node /x/dist/daemon.js --port 3000').not.toMatch(RegExp(pattern));
    expect('/usr/bin/python3 -m http.server 5000').not.toMatch(RegExp(pattern));
  });
});

describe('files', () => {
  test('that the manifest names are there', () => {
    const named = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
    ];
    expect(named.filter((file) => !fs.existsSync(inRoot(file)))).toEqual([]);
    expect(contributes.walkthroughs[0]?.steps).toHaveLength(4);
  });

  test('of the walkthrough have no colours of their own: they fit every theme', () => {
    for (const file of fs.readdirSync(inRoot('media', 'walkthrough'))) {
      const svg = fs.readFileSync(inRoot('media', 'walkthrough', file), 'utf8');
      const colours = [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour = '']) => colour);
      expect(colours.filter((colour) => colour !== 'none' && !colour.startsWith('var(--vscode-'))).toEqual([]);
    }
  });
});

describe('texts', () => {
  const english = texts('package.nls.json');
  const portuguese = texts('package.nls.pt.json');

  test('of the manifest are all there, in both languages, and none too many', () => {
    const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map(([, key = '']) => key));
    expect(sorted(Object.keys(english))).toEqual(sorted(used));
    expect(sorted(Object.keys(portuguese))).toEqual(sorted(used));
  });

  test('link the same commands in both languages, and only commands that exist', () => {
    const links = (value = '') => [...value.matchAll(/\(command:([\w.]+)\)/g)].map(([, command = '']) => command);
    for (const [key, value] of Object.entries(english)) {
      expect(links(portuguese[key]), key).toEqual(links(value));
      const own = links(value).filter((command) => command.startsWith('photoOrganizer.'));
      const known = [...allCommands, ...Object.values(viewIds).map((view) => `${view}.focus`)];
      expect(
        own.filter((command) => !known.includes(command)),
        key,
      ).toEqual([]);
    }
  });

  const keysInCode = new Set(
    fs
      .readdirSync(inRoot('src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => {
        const code = fs.readFileSync(inRoot('src', file), 'utf8');
        const calls = code.match(/\bl10n\.t\(/g)?.length ?? 0;
        const keys = [...code.matchAll(/\bl10n\.t\(\s*'((?:[^'\\]|\\.)*)'/g)].map(([, key = '']) =>
          key.replaceAll("\\'", "'"),
        );
        // A text that is put together cannot be translated.
        expect(keys, `every text in ${file} is one literal`).toHaveLength(calls);
        return keys;
      }),
  );

  test.each(['bundle.l10n.json', 'bundle.l10n.pt.json'])('of the code are all in %s, and none too many', (file) => {
    expect(sorted(Object.keys(texts(path.join('l10n', file))))).toEqual(sorted(keysInCode));
  });

  test('in Portuguese keep the places for values', () => {
    const places = (value: string) => sorted(value.match(/\{\d\}/g) ?? []);
    for (const [key, value] of Object.entries(texts('l10n/bundle.l10n.pt.json'))) {
      expect(places(value), key).toEqual(places(key));
    }
  });

  test('VS Code looks for the exact language only: pt-br, the one it is offered in, has the same', () => {
    expect(texts('l10n/bundle.l10n.pt-br.json')).toEqual(texts('l10n/bundle.l10n.pt.json'));
  });
});
