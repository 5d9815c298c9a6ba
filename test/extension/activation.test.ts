import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { readManifest } from '../../tools/build/bundles.ts';

suite('activation', () => {
  const { publisher, name } = readManifest();

  test('the extension is there under its name', () => {
    assert.ok(vscode.extensions.getExtension(`${publisher}.${name}`));
  });
});
