/** Fetches a photo of 3 MiB under whatever limits this process was started with, and prints what came of it as JSON. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { Fetcher } from '../../src/daemon/transfer/fetcher.ts';
import type { Carrier } from '../../src/daemon/transfer/types.ts';
import { toAppError } from '../../src/protocol/errors.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'photos-'));
const out = path.join(folder, 'out');
const incoming = path.join(folder, 'incoming');
fs.mkdirSync(out);
const bytes = Buffer.alloc(3 * 1024 * 1024, 'x');
const id = createHash('sha256').update(bytes).digest('hex');
const carrier: Carrier = {
  name: 'test',
  reaches: () => true,
  block: async (_peerId, _id, offset, length) => ({
    size: bytes.length,
    data: bytes.subarray(offset, offset + length),
  }),
};
let code = 'none';
try {
  const { signal } = new AbortController();
  const fetcher = new Fetcher({ self: 'me', incoming, carriers: [carrier], logger: silentLogger });
  await fetcher.fetch({
    id,
    size: bytes.length,
    holders: ['a'],
    target: path.join(out, 'photo.jpg'),
    force: false,
    signal,
  });
} catch (error) {
  code = toAppError(error).code;
}
console.log(JSON.stringify({ code, left: fs.readdirSync(incoming), out: fs.readdirSync(out) }));
fs.rmSync(folder, { recursive: true });
