import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { sharpVariable } from '../../src/daemon/library/decoderMessages.ts';
import type { DecoderPoolOptions } from '../../src/daemon/library/decoderPool.ts';
import { DecoderPool } from '../../src/daemon/library/decoderPool.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { picture, sha256, tinyJpeg } from './support/images.ts';

function newPool(options: DecoderPoolOptions = {}): DecoderPool {
  const pool = new DecoderPool(silentLogger, options);
  onTestFinished(() => pool[Symbol.dispose]());
  return pool;
}

async function tinyFile(name = 'tiny.jpg'): Promise<string> {
  const file = path.join(temporaryFolder(), name);
  fs.writeFileSync(file, await tinyJpeg(1));
  return file;
}

/** A picture that takes a decoder long enough to be caught at it. */
async function slowFile(): Promise<string> {
  const file = path.join(temporaryFolder(), 'slow.png');
  fs.writeFileSync(file, await picture(1, 6000, 4000).png({ compressionLevel: 1 }).toBuffer());
  return file;
}

function pidOf(pool: DecoderPool): number {
  const [pid] = pool.pids;
  if (pid === undefined) throw new Error('no decoder runs');
  return pid;
}

/** Waits until the only decoder has started and works. */
async function working(pool: DecoderPool): Promise<number> {
  await waitFor('the decoder works', () => pool.cpu > 0);
  return pidOf(pool);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readStatus(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

test('files are decoded in processes that are used again', async () => {
  const pool = newPool({ size: 2 });
  const file = await tinyFile();
  const all = await Promise.all(Array.from({ length: 10 }, () => pool.decode(file)));
  for (const decoded of all) {
    expect(decoded).toMatchObject({ kind: 'photo', facts: { id: sha256(await tinyJpeg(1)) } });
  }
  expect(pool.pids).toHaveLength(2);
  expect(pool.jobs).toBe(10);
  expect(pool.cpu).toBeGreaterThan(0);
});

test('a decoder that hangs is ended at the limit, and the next file gets another', async () => {
  const pool = newPool({ size: 1, wallLimit: 1_000 });
  const file = await tinyFile();
  await pool.decode(file);
  const hanging = pidOf(pool);
  process.kill(hanging, 'SIGSTOP');
  expect(await pool.decode(file)).toEqual({ kind: 'failed', reason: 'It took longer than 1 seconds to decode.' });
  await waitFor('the stopped decoder has gone', () => !isAlive(hanging));
  expect(await pool.decode(file)).toMatchObject({ kind: 'photo' });
  expect(pool.pids).not.toContain(hanging);
});

test('a decoder that dies in the middle costs nothing: the file is decoded by another', async () => {
  const pool = newPool({ size: 1 });
  await pool.decode(await tinyFile());
  const decoding = pool.decode(await slowFile());
  process.kill(pidOf(pool), 'SIGKILL');
  expect(await decoding).toMatchObject({ kind: 'photo', facts: { width: 6000 } });
});

test('a file with which decoders keep dying is given up, and the next is not', async () => {
  const pool = newPool({ size: 1 });
  await pool.decode(await tinyFile());
  const ended = new AbortController();
  const end = pool.decode(await slowFile()).finally(() => ended.abort());
  const killed = new Set<number>();
  while (!ended.signal.aborted) {
    for (const pid of pool.pids) {
      // A process that does not yet use much memory is only about to start: one that dies then has not met the file.
      const resident = Number(/VmRSS:\s+(\d+)/.exec(readStatus(pid))?.[1] ?? 0);
      if (killed.has(pid) || (killed.size > 0 && resident < 150_000)) continue;
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await end).toEqual({ kind: 'failed', reason: 'It crashed the decoder.' });
  expect(await pool.decode(await tinyFile())).toMatchObject({ kind: 'photo' });
});

test('a decoder that dies while it starts is started again', async () => {
  const pool = newPool({ size: 1 });
  const decoding = pool.decode(await tinyFile());
  process.kill(await waitFor('a decoder', () => pool.pids[0]), 'SIGKILL');
  expect(await decoding).toMatchObject({ kind: 'photo' });
});

test('what is under way when the pool is closed fails as cancelled, and no process stays', async () => {
  const pool = newPool({ size: 1 });
  const file = await tinyFile();
  await pool.decode(file);
  const pid = await working(pool);
  const slow = pool.decode(await slowFile());
  const waiting = pool.decode(file);
  pool[Symbol.dispose]();
  await expect(slow).rejects.toMatchObject({ code: 'cancelled' });
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  await expect(pool.decode(file)).rejects.toMatchObject({ code: 'cancelled' });
  await waitFor('the decoder has gone', () => !isAlive(pid));
});

test('a decoder sees nothing of our environment that it does not need', async () => {
  vi.stubEnv('SECRET_OF_THE_USER', 'token');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const pool = newPool({ size: 1 });
  await pool.decode(await tinyFile());
  const environment = fs.readFileSync(`/proc/${pidOf(pool)}/environ`, 'utf8');
  expect(environment).not.toContain('SECRET_OF_THE_USER');
});

test('where WebAssembly is asked for but not installed, the error says what to do', async () => {
  vi.stubEnv(sharpVariable, 'wasm');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const pool = newPool({ size: 1 });
  await expect(pool.decode(await tinyFile())).rejects.toMatchObject({
    code: 'unsupported-runtime',
    message: expect.stringContaining('@img/sharp-wasm32'),
  });
});
