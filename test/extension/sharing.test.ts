import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { launchDaemon } from '../../src/client/launch.ts';
import { findRuntime } from '../../src/client/runtime.ts';
import type { PhotoSummary } from '../../src/protocol/control.ts';
import type { ExtensionApi } from '../../src/extension.ts';
import { folderState, markerPath } from '../../src/protocol/state.ts';
import { commandIds, galleryViewType } from '../../src/session/ids.ts';
import { CollectionTree } from '../../src/views/collectionTree.ts';
import { PeersTree } from '../../src/views/peersTree.ts';
import { photoUri } from '../../src/views/photoFileSystem.ts';
import type { PhotoTree } from '../../src/views/photoTree.ts';
import type { PhotoTreeNode } from '../../src/views/photoNodes.ts';
import { Thumbnails } from '../../src/views/thumbnails.ts';
import { waitFor } from '../support/waitFor.ts';
import { makePng } from './support/png.ts';
import {
  activeInput,
  connectionOf,
  daemonScript,
  extension,
  openFolder,
  stateHome,
  stateOf,
} from './support/window.ts';

/** One folder from "nothing is shared" to two friends and back, in the order in which a person goes through it. */
suite('sharing a folder', () => {
  const own = makePng(1);
  const other = makePng(2);
  let api: ExtensionApi;

  suiteSetup(async () => {
    api = await extension().activate();
    await fs.writeFile(path.join(openFolder(), 'mine.png'), own);
    await waitFor('the session to look at the folder', () => stateOf(api) === 'notShared');
  });

  suiteTeardown(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    if (api.session.connection !== undefined) await api.session.stop();
  });

  const photoNamed = (name: string): Promise<PhotoSummary> =>
    waitFor(`${name} in the collection`, async () => {
      const { photos } = await connectionOf(api).client.list({ query: name });
      return photos.find((photo) => photo.name === name);
    });

  test('opening it shares nothing and starts nothing', async () => {
    await assert.rejects(fs.access(path.dirname(markerPath(openFolder()))));
    await assert.rejects(fs.access(path.join(stateHome(), 'folders')));
    assert.equal(api.session.connection, undefined);
  });

  test('every command exists before anything runs', async () => {
    const registered = await vscode.commands.getCommands(true);
    const missing = Object.values(commandIds).filter((id) => !registered.includes(id));
    assert.deepEqual(missing, []);
  });

  test('no photo can be read before', async () => {
    const uri = photoUri({ id: 'a'.repeat(64), name: 'a.png', format: 'png' });
    await assert.rejects(async () => vscode.workspace.fs.stat(uri), { code: 'Unavailable' });
  });

  test('sharing it starts its daemon and leaves a marker', async () => {
    await api.session.start(true);
    assert.equal(stateOf(api), 'running');
    await fs.access(markerPath(openFolder()));
    assert.equal(connectionOf(api).status.folder, openFolder());
    assert.ok(connectionOf(api).status.addresses.every((address) => address.startsWith('/ip4/127.0.0.1/')));
  });

  test('its photos become part of the collection', async () => {
    const photo = await photoNamed('mine.png');
    assert.equal(photo.size, own.length);
    await waitFor('the numbers of the session', () => connectionOf(api).status.photos.collection === 1);
  });

  test('a photo is a file that can be read, and not written', async () => {
    const uri = photoUri(await photoNamed('mine.png'));
    const stat = await vscode.workspace.fs.stat(uri);
    assert.deepEqual(
      { type: stat.type, size: stat.size, permissions: stat.permissions },
      { type: vscode.FileType.File, size: own.length, permissions: vscode.FilePermission.Readonly },
    );
    assert.deepEqual(Buffer.from(await vscode.workspace.fs.readFile(uri)), own);
    await assert.rejects(async () => vscode.workspace.fs.writeFile(uri, new Uint8Array(1)));
    const unknown = uri.with({ path: `/${'0'.repeat(64)}/no.png` });
    await assert.rejects(async () => vscode.workspace.fs.stat(unknown), { code: 'FileNotFound' });
    await assert.rejects(async () => vscode.workspace.fs.stat(uri.with({ path: '/etc/passwd' })), {
      code: 'FileNotFound',
    });
  });

  test('alone, there are no peers to show', async () => {
    const tree = new PeersTree(api.session, new Thumbnails());
    try {
      assert.deepEqual(await tree.getChildren(), []);
    } finally {
      tree.dispose();
    }
  });

  test('a friend who comes is seen with his photos', async () => {
    const folder = path.join(path.dirname(openFolder()), 'friend');
    await fs.mkdir(folder);
    await fs.writeFile(path.join(folder, 'theirs.png'), other);
    await launchDaemon({
      state: folderState(stateHome(), await fs.realpath(folder)),
      runtime: await findRuntime(),
      daemonScript: daemonScript(),
      args: ['--name=Bruno', '--share'],
    });
    const tree = new PeersTree(api.session, new Thumbnails());
    try {
      const peers = await waitFor('Bruno in the tree', async () => {
        const nodes = await tree.getChildren();
        return nodes.length === 2 ? nodes : undefined;
      });
      const [me, bruno] = peers.map((node) => tree.getTreeItem(node));
      assert.match(String(me?.description), /^this computer/);
      assert.equal(bruno?.label, 'Bruno');
      await photoNamed('theirs.png');
      const theirs = await photosBelow(tree, peers[1]);
      assert.deepEqual(theirs.map(labelOf(tree)), ['theirs.png']);
      const [photo] = theirs;
      assert.ok(photo);
      const item = tree.getTreeItem(photo);
      assert.equal(item.contextValue, 'photo.remote');
      assert.equal(item.command?.command, commandIds.openPhoto);
    } finally {
      tree.dispose();
    }
  });

  test('the collection shows everything once, and a picture on hover', async () => {
    const tree = new CollectionTree(api.session, new Thumbnails());
    try {
      const roots = await tree.getChildren();
      const photos = (await Promise.all(roots.map((root) => photosBelow(tree, root)))).flat();
      assert.deepEqual(photos.map(labelOf(tree)).toSorted(), ['mine.png', 'theirs.png']);
      const [photo] = photos;
      assert.ok(photo);
      const token = new vscode.CancellationTokenSource().token;
      const tooltip = await waitFor('the picture', async () => {
        const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(photo), photo, token);
        return tooltip instanceof vscode.MarkdownString && tooltip.value.includes('](data:image/')
          ? tooltip
          : undefined;
      });
      assert.match(tooltip.value, /Held by/);
    } finally {
      tree.dispose();
    }
  });

  test('a photo of a friend opens in the image preview', async () => {
    const photo = await photoNamed('theirs.png');
    await vscode.commands.executeCommand(commandIds.openPhoto, { photoId: photo.id });
    const input = await waitFor('the preview', () => {
      const input = activeInput();
      return input instanceof vscode.TabInputCustom ? input : undefined;
    });
    assert.equal(input.viewType, 'imagePreview.previewEditor');
    assert.equal(input.uri.toString(), photoUri(photo).toString());
  });

  test('fetching it brings the same bytes into the folder and opens the file', async () => {
    const photo = await photoNamed('theirs.png');
    await vscode.commands.executeCommand(commandIds.fetchPhoto, { photoId: photo.id });
    const file = path.join(openFolder(), 'theirs.png');
    assert.deepEqual(await fs.readFile(file), other);
    await waitFor('the file in front', () => {
      const input = activeInput();
      return input instanceof vscode.TabInputCustom && input.uri.fsPath === file;
    });
  });

  test('its id can be copied', async () => {
    const photo = await photoNamed('mine.png');
    await vscode.env.clipboard.writeText('');
    await vscode.commands.executeCommand(commandIds.copyPhotoId, { photo });
    assert.equal(await vscode.env.clipboard.readText(), photo.id);
  });

  test('the gallery opens as one editor, however often it is asked for', async () => {
    await vscode.commands.executeCommand(commandIds.openGallery);
    await vscode.commands.executeCommand(commandIds.openGallery);
    const galleries = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(galleryViewType));
    await waitFor('the gallery', () => galleries().length > 0);
    assert.equal(galleries().length, 1);
  });

  test('diagnostics name nobody', async () => {
    await vscode.commands.executeCommand(commandIds.copyDiagnostics);
    const text = await vscode.env.clipboard.readText();
    assert.equal((JSON.parse(text) as { state: string }).state, 'running');
    for (const secret of ['Bruno', openFolder(), stateHome(), connectionOf(api).status.peerId]) {
      assert.ok(!text.includes(secret), `no ${secret} in it`);
    }
  });

  test('a daemon that crashes is started again', async () => {
    const before = connectionOf(api).client.hello.pid;
    process.kill(before, 'SIGKILL');
    const connection = await waitFor('another daemon', () => {
      const { connection } = api.session;
      return connection !== undefined && connection.client.hello.pid !== before ? connection : undefined;
    });
    assert.equal(stateOf(api), 'running');
    assert.equal(connection.status.folder, openFolder());
  });

  test('one that is stopped elsewhere stays stopped, and is found when it is back', async () => {
    const { pid } = connectionOf(api).client.hello;
    process.kill(pid, 'SIGTERM');
    await waitFor('the end', () => stateOf(api) === 'stopped');
    await launchDaemon({
      state: folderState(stateHome(), await fs.realpath(openFolder())),
      runtime: await findRuntime(),
      daemonScript: daemonScript(),
    });
    await waitFor('the new one', () => api.session.connection !== undefined);
  });

  test('stopping and starting it by commands', async () => {
    await vscode.commands.executeCommand(commandIds.stopDaemon);
    assert.equal(stateOf(api), 'stopped');
    await vscode.commands.executeCommand(commandIds.startDaemon);
    assert.equal(stateOf(api), 'running');
    const { pid } = connectionOf(api).client.hello;
    await vscode.commands.executeCommand(commandIds.restartDaemon);
    assert.equal(stateOf(api), 'running');
    assert.notEqual(connectionOf(api).client.hello.pid, pid);
  });

  test('no longer sharing it takes the marker away and keeps the photos', async () => {
    await api.session.stopSharing();
    assert.equal(stateOf(api), 'notShared');
    await assert.rejects(fs.access(markerPath(openFolder())));
    assert.deepEqual(await fs.readFile(path.join(openFolder(), 'mine.png')), own);
  });

  test('a marker that came with the folder is nobody’s choice', async () => {
    const foreign = { version: 1, folderId: randomUUID(), sharedAt: new Date().toISOString() };
    await fs.writeFile(markerPath(openFolder()), JSON.stringify(foreign));
    await api.session.begin();
    assert.equal(stateOf(api), 'notShared');
    assert.equal(api.session.connection, undefined);
    await fs.rm(markerPath(openFolder()));
  });

  test('a marker that this user’s command writes is a person’s choice too', async () => {
    await launchDaemon({
      state: folderState(stateHome(), await fs.realpath(openFolder())),
      runtime: await findRuntime(),
      daemonScript: daemonScript(),
      args: ['--share'],
    });
    await waitFor('the connection', () => api.session.connection !== undefined);
  });
});

async function photosBelow(tree: PhotoTree, node: PhotoTreeNode | undefined): Promise<PhotoTreeNode[]> {
  assert.ok(node);
  if (node.kind === 'photo') return [node];
  const children = await tree.getChildren(node);
  for (const child of children) assert.equal(tree.getParent(child), node);
  return (await Promise.all(children.map((child) => photosBelow(tree, child)))).flat();
}

const labelOf =
  (tree: PhotoTree) =>
  (node: PhotoTreeNode): string => {
    const { label } = tree.getTreeItem(node);
    return typeof label === 'string' ? label : (label?.label ?? '');
  };
