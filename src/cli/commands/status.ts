import type { Command } from 'commander';
import type { CompareProgress, DaemonStatus, Health, ScanProgress, UnreadableFile } from '../../protocol/control.ts';
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
import { groupsText, waitingText } from '../lookAlikes.ts';
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
        const unreadable = status.photos.unreadable === 0 ? [] : await client.unreadable({ signal });
        await result(status, () => [...statusLines(status, terminal), ...unreadableLines(unreadable)]);
      }),
    );
}

const healthStyle: Record<Health, Style> = { ok: 'green', warning: 'yellow', error: 'red' };

function statusLines(status: DaemonStatus, terminal: Terminal): string[] {
  const { central, photos, bytes, scanning, comparing, health } = status;
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
    ...note(photos.underReplicated, 'on one peer only, or on fewer than wanted'),
    ...note(photos.redundant, 'redundant'),
    ...(photos.duplicateGroups === 0
      ? []
      : [['', groupsText(photos.duplicateGroups, photos.duplicateBytes)] satisfies [string, string]]),
    ...note(photos.unreadable, 'unreadable'),
    ['Space', spaceText(bytes)],
    ...(scanning === null ? [] : [['Scanning', scanText(scanning)] satisfies [string, string]]),
    ...(comparing === null ? [] : [['Comparing', compareText(comparing)] satisfies [string, string]]),
    ['Version', status.version],
  ];
  return factLines(facts);
}

function note(count: number, what: string): [name: string, value: string][] {
  return count === 0 ? [] : [['', `${formatCount(count)} ${what}`]];
}

function spaceText({ originals, replicas, quota }: DaemonStatus['bytes']): string {
  const limit = quota === null ? '' : ` of ${formatBytes(quota)}`;
  const kept = replicas === 0 && quota === null ? '' : `, ${formatBytes(replicas)}${limit} kept for others`;
  return `${formatBytes(originals)} of originals${kept}`;
}

/** Unreadable files that are named; the rest is counted. */
const maxUnreadable = 20;

function unreadableLines(files: readonly UnreadableFile[]): string[] {
  if (files.length === 0) return [];
  const more = files.length - maxUnreadable;
  return [
    '',
    'Files that look like photos and cannot be taken:',
    ...files.slice(0, maxUnreadable).map((file) => plainText(`  ${file.path}: ${file.reason}`)),
    ...(more > 0 ? [`  … and ${formatCount(more)} more.`] : []),
  ];
}

/** How far a scan is, with rate and time left where they can be told. */
function scanText({ done, total, rate, secondsLeft }: ScanProgress): string {
  const left = secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`;
  return `${formatCount(done)} of ${formatQuantity(total, 'photo')} (${formatPercent(done, total)}), ${formatRate(rate, 'photos')}${left}`;
}

/** How far the comparing of photos is, and what it waits for. */
function compareText({ done, total, waiting }: CompareProgress): string {
  const rest = waiting === 0 ? '' : `, ${waitingText(waiting)}`;
  return `${formatCount(done)} of ${formatQuantity(total, 'photo')} (${formatPercent(done, total)})${rest}`;
}
