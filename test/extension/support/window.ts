import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ExtensionApi } from '../../../src/extension.ts';
import type { Connection } from '../../../src/session/connection.ts';
import type { SessionStateKind } from '../../../src/session/state.ts';

/** The extension in this window. */
export function extension(): vscode.Extension<ExtensionApi> {
  const found = vscode.extensions.getExtension<ExtensionApi>('aveiro-photos.distributed-photo-organizer');
  assert.ok(found, 'the extension is installed');
  return found;
}

/** The daemon that was built with the extension. */
export function daemonScript(): string {
  return path.join(extension().extensionPath, 'dist', 'daemon.js');
}

/** The folder that is open; empty and not shared when the tests begin. */
export function openFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'a folder is open');
  return folder.uri.fsPath;
}

/** The state folder that the test run was given: nothing of this user takes part. */
export function stateHome(): string {
  const home = process.env['PHOTO_ORGANIZER_HOME'];
  assert.ok(home, 'PHOTO_ORGANIZER_HOME is set');
  return home;
}

export function connectionOf({ session }: ExtensionApi): Connection {
  assert.ok(session.connection, `the daemon runs (it is ${session.state.kind})`);
  return session.connection;
}

/** A function, because the compiler believes that a property stays what it was. */
export function stateOf({ session }: ExtensionApi): SessionStateKind {
  return session.state.kind;
}

/** The input of the editor that is in front. */
export function activeInput(): unknown {
  return vscode.window.tabGroups.activeTabGroup.activeTab?.input;
}
