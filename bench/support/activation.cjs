'use strict';
// Runs in the extension host: how long extensions take from the request to activate them until they are active.
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const vscode = require('vscode');

exports.run = async () => {
  const ids = JSON.parse(process.env.PHOTO_ORGANIZER_BENCH_EXTENSIONS);
  const times = {};
  for (const id of ids) {
    const extension = vscode.extensions.getExtension(id);
    if (extension === undefined) throw new Error(`VS Code does not know ${id}.`);
    if (extension.isActive) throw new Error(`${id} is active already: there is nothing to measure.`);
    const started = performance.now();
    await extension.activate();
    times[id] = performance.now() - started;
  }
  fs.writeFileSync(process.env.PHOTO_ORGANIZER_BENCH_RESULT, JSON.stringify(times));
};
