import assert from 'node:assert/strict';
import * as vscode from 'vscode';

suite('activation', () => {
  test('the extension is there and can be activated', async () => {
    const extension = vscode.extensions.all.find(({ id }) => id.endsWith('.distributed-photo-organizer'));
    assert.ok(extension);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
