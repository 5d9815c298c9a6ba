import type { Command } from 'commander';
import type { DaemonStatus, Health, ScanProgress } from '../../protocol/control.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatQuantity,
  formatRate,
} from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import { factLines } from '../table.ts';
import type { Style, Terminal } from '../terminal.ts';

/** `photo-organizer status` */
export function addStatusCommand(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description('how the daemon of a folder is doing')
    .action((_options: unknown, command: Command) =>
      withDaemon(command, terminal, async ({ client, signal, result }) => {
        const status = await client.status({ signal });
        await result(status, () => statusLines(status, terminal));
      }),
    );
}

const healthStyle: Record<Health, Style> = { ok: 'green', warning: 'yellow', error: 'red' };

function statusLines(status: DaemonStatus, terminal: Terminal): string[] {
  const { central, photos, bytes, scanning, health } = status;
  const facts: [name: string, value: string][] = [
    ['Folder', plainText(status.folder)],
    ['Health', terminal.style(healthStyle[health], health)],
    ...status.problems.map((problem): [string, string] => ['', plainText(problem)]),
    ['Peer', `${plainText(status.name)}, ${status.peerId}`],
    ['Port', String(status.port)],
    ...status.addresses.map((address, index): [string, string] => [index === 0 ? 'Addresses' : '', plainText(address)]),
    ['Network', plainText(status.network)],
    [
      'Central',
      `${plainText(central.name) || central.peerId} on port ${central.port}${central.self ? ' (this peer)' : ''}, term ${status.term}`,
    ],
    ['Photos', `${formatCount(photos.local)} here, ${formatCount(photos.collection)} in the collection`],
    ...note(photos.underReplicated, 'with fewer copies than wanted'),
    ...note(photos.redundant, 'redundant'),
    ...note(photos.unreadable, 'unreadable'),
    ['Space', spaceText(bytes)],
    ...(scanning === null ? [] : [['Scanning', scanText(scanning)] satisfies [string, string]]),
    ['Version', status.version],
  ];
  return factLines(facts);
}

function note(count: number, what: string): [name: string, value: string][] {
  return count === 0 ? [] : [['', `${formatCount(count)} ${what}`]];
}

function spaceText({ originals, replicas, quota }: DaemonStatus['bytes']): string {
  const limit = quota === null ? '' : ` of ${formatBytes(quota)}`;
  return `${formatBytes(originals)} of originals, ${formatBytes(replicas)}${limit} kept for others`;
}

/** How far a scan is, with rate and time left where they can be told. */
function scanText({ done, total, rate, secondsLeft }: ScanProgress): string {
  const left = secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`;
  return `${formatCount(done)} of ${formatQuantity(total, 'photo')} (${formatPercent(done, total)}), ${formatRate(rate, 'photos')}${left}`;
}
