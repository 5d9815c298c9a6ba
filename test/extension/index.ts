import fs from 'node:fs';
import path from 'node:path';

/**
 * Called by the extension host: runs every `*.test` file beside this one. The counts go to the file that
 * `PHOTO_ORGANIZER_TEST_RESULTS` names.
 * @throws Error when a test failed, or when there was none
 */
export async function run(): Promise<void> {
  // Mocha is an ES module, this file becomes CommonJS.
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ ui: 'tdd', timeout: 60_000, forbidOnly: true, forbidPending: true });
  for (const file of fs.readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, file));
  }
  const counts = await new Promise<{ passed: number; failed: number; skipped: number }>((resolve) => {
    const runner = mocha.run((failures) => {
      const { passes = 0, pending = 0 } = runner.stats ?? {};
      resolve({ passed: passes, failed: failures, skipped: pending });
    });
  });
  const results = process.env['PHOTO_ORGANIZER_TEST_RESULTS'];
  if (results !== undefined) fs.writeFileSync(results, JSON.stringify(counts));
  if (counts.failed > 0) throw new Error(`${counts.failed} tests failed.`);
  if (counts.passed === 0) throw new Error('No test ran.');
}
