/**
 * Entry of a decoder process: takes one job at a time from the daemon, answers, and ends with it. Pictures are decoded
 * here so that one which crashes or hangs the decoder costs a process and nothing else.
 */
import os from 'node:os';
import * as v from 'valibot';
import { messageOf } from '../../protocol/errors.ts';
import { decodePhoto } from './decodePhoto.ts';
import type { DecoderMessage } from './decoderMessages.ts';
import { loadSharp } from './sharpBinding.ts';

const JobSchema = v.object({ job: v.number(), path: v.string() });

function send(message: DecoderMessage): void {
  // The daemon has gone: so do we, by `disconnect`.
  if (process.connected) process.send?.(message);
}

function beKindToTheMachine(): void {
  try {
    os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some sandboxes forbid it: the work is done all the same.
  }
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function serve(): Promise<void> {
  process.on('disconnect', () => process.exit());
  // Ctrl+C in a terminal reaches the whole group: the daemon ends its decoders itself.
  process.on('SIGINT', () => {});
  beKindToTheMachine();
  const sharp = await loadSharp();
  process.on('message', (message) => {
    const { job, path } = v.parse(JobSchema, message);
    void decodePhoto(sharp, path).then((decoded) => send({ type: 'done', job, decoded, cpu: cpuTime() }));
  });
  send({ type: 'ready' });
}

try {
  await serve();
} catch (error) {
  send({ type: 'unable', reason: messageOf(error) });
  process.disconnect?.();
}
