'use strict';
// Loaded by the extension host as its test runner: runs the real one and writes down that it did, and what it printed.
const fs = require('node:fs');
const util = require('node:util');
const { pathToFileURL } = require('node:url');

/** @param {string} name */
function environment(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

exports.run = async () => {
  const output = fs.openSync(environment('PHOTO_ORGANIZER_SHIM_OUTPUT'), 'a');
  // The host has accessors here that send everything to the window's log.
  for (const level of ['log', 'info', 'warn', 'error', 'debug']) {
    Object.defineProperty(console, level, {
      configurable: true,
      writable: true,
      value: (/** @type {unknown[]} */ ...values) => fs.writeSync(output, `${util.format(...values)}\n`),
    });
  }
  /** @type {string | null} */
  let error = 'The test runner did not return.';
  try {
    const file = require.resolve(environment('PHOTO_ORGANIZER_SHIM_TESTS'));
    const loaded = await import(pathToFileURL(file).href);
    const run = loaded.run ?? loaded.default?.run;
    if (typeof run !== 'function') throw new Error(`${file} exports no run().`);
    await run();
    error = null;
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    throw thrown;
  } finally {
    fs.writeFileSync(environment('PHOTO_ORGANIZER_SHIM_VERDICT'), JSON.stringify({ error }));
  }
};
