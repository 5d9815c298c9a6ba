import type { Command } from 'commander';
import type { DedupeResult, PlannedDrop } from '../../protocol/control.ts';
import { shortId } from '../../protocol/photo.ts';
import { formatBytes, formatQuantity } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import { compared } from '../lookAlikes.ts';
import { groupOption, photoArgument } from '../parse.ts';
import type { Column } from '../table.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface DedupeOptions {
  group?: string;
  keep?: string;
  apply?: boolean;
}

/** `photo-organizer dedupe` */
export function addDedupeCommand(program: Command, terminal: Terminal): void {
  program
    .command('dedupe')
    .description('what would be dropped of the look-alikes, where and why')
    .option('--group <group>', 'of this group only', groupOption('--group'))
    .option('--keep <id>', 'as if this photo were the one to keep of its group', photoArgument)
    .option('--apply', 'drop it; refused until two other copies of each photo can be made sure of')
    .action(({ group, keep, apply }: DedupeOptions, command: Command) =>
      withDaemon(command, terminal, async (context) => {
        const { client, signal, result } = context;
        await compared(context);
        const params = {
          ...(group === undefined ? {} : { group }),
          ...(keep === undefined ? {} : { keep }),
          ...(apply === undefined ? {} : { apply }),
        };
        const drops = await client.dedupe(params, { signal });
        await result(drops, () => dropLines(drops, terminal));
      }),
    );
}

const columns: Column[] = [
  { title: 'FROM', shrinks: true },
  { title: 'ID' },
  { title: 'NAME', shrinks: true },
  { title: 'SIZE', align: 'right' },
  { title: 'COPY' },
  { title: 'KEPT' },
  { title: 'WHY', shrinks: true },
];

function dropLines({ planned, dropped, refused }: DedupeResult, terminal: Terminal): string[] {
  const parts = [
    ...partLines('would be dropped', planned, terminal),
    ...partLines('dropped', dropped, terminal),
    ...partLines('cannot be dropped', refused, terminal),
  ];
  if (parts.length === 0) return ['Nothing to drop: there are no redundant copies.'];
  return dropped.length === 0 ? [...parts, 'Nothing was dropped.'] : parts;
}

/** A table of copies with what they come to below it. */
function partLines(what: string, drops: readonly PlannedDrop[], terminal: Terminal): string[] {
  if (drops.length === 0) return [];
  const [title = '', ...lines] = tableLines(columns, drops.map(dropRow), terminal.width);
  const bytes = drops.reduce((sum, { size }) => sum + size, 0);
  const count = formatQuantity(drops.length, 'copy', 'copies');
  return [terminal.style('bold', title), ...lines, `${count} ${what}, ${formatBytes(bytes)}.`];
}

function dropRow({ peerName, peerId, id, name, size, kind, keeper, reason }: PlannedDrop): string[] {
  return [
    plainText(peerName) || peerId,
    shortId(id),
    plainText(name),
    formatBytes(size),
    kind,
    shortId(keeper),
    plainText(reason),
  ];
}
