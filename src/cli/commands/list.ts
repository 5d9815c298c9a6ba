import type { Command } from 'commander';
import type { Holder, ListParams, PhotoSummary } from '../../protocol/control.ts';
import { shortId } from '../../protocol/photo.ts';
import { formatBytes, formatCount, formatPixels, formatTakenAt } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import type { CommandContext } from '../context.ts';
import { withDaemon } from '../context.ts';
import { writeJsonArray } from '../jsonArray.ts';
import { dateOption, naturalOption, textOption } from '../parse.ts';
import { photoPages } from '../photoPages.ts';
import type { Column } from '../table.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Photos that people are shown unless they ask for more. */
const defaultLimit = 50;

interface ListOptions {
  peer?: string;
  query?: string;
  after?: string;
  before?: string;
  duplicates?: boolean;
  limit?: number;
  offset?: number;
}

/** `photo-organizer list` */
export function addListCommand(program: Command, terminal: Terminal): void {
  program
    .command('list')
    .description('the photos of the collection')
    .option('--peer <peer>', 'only what this peer holds: its name, peer id, or the start of one', textOption('--peer'))
    .option('--query <text>', 'only photos with this in file name, camera or date', textOption('--query'))
    .option('--after <date>', 'taken on or after, for example 2024-07', dateOption('--after'))
    .option('--before <date>', 'taken before', dateOption('--before'))
    .option('--duplicates', 'only photos that have look-alikes')
    .option('--limit <number>', `photos to list at most (${defaultLimit}; with --json all)`, naturalOption('--limit'))
    .option('--offset <number>', 'photos to leave out at the start', naturalOption('--offset'))
    .action((options: ListOptions, command: Command) =>
      withDaemon(command, terminal, (context) => (context.json ? listAsJson : listForPeople)(context, options)),
    );
}

function filterOf({ peer, query, after, before, duplicates }: ListOptions): Omit<ListParams, 'limit' | 'offset'> {
  return {
    ...(peer === undefined ? {} : { peer }),
    ...(query === undefined ? {} : { query }),
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
    ...(duplicates === undefined ? {} : { duplicates }),
  };
}

async function listAsJson(context: CommandContext, options: ListOptions): Promise<void> {
  await writeJsonArray(context.terminal, photosOf(context, options));
}

async function* photosOf(
  { client, signal }: CommandContext,
  options: ListOptions,
): AsyncGenerator<readonly PhotoSummary[]> {
  const { limit = Infinity, offset = 0 } = options;
  for await (const { photos } of photoPages(client, filterOf(options), offset, limit, signal)) yield photos;
}

const columns: Column[] = [
  { title: 'ID' },
  { title: 'NAME', shrinks: true },
  { title: 'TAKEN' },
  { title: 'SIZE', align: 'right' },
  { title: 'PIXELS' },
  { title: 'HELD BY', shrinks: true },
  { title: '' },
];

async function listForPeople(context: CommandContext, options: ListOptions): Promise<void> {
  const { client, signal, terminal, result } = context;
  const { limit = defaultLimit, offset = 0 } = options;
  const photos: PhotoSummary[] = [];
  let total = 0;
  for await (const page of photoPages(client, filterOf(options), offset, limit, signal)) {
    photos.push(...page.photos);
    total = page.total;
  }
  await result(photos, () => {
    if (total === 0) return [noPhotos(options)];
    const [title = '', ...lines] = tableLines(columns, photos.map(photoRow), terminal.width);
    const more = total - offset - photos.length;
    return [
      ...(photos.length === 0 ? [] : [terminal.style('bold', title), ...lines]),
      ...(more > 0
        ? [terminal.style('dim', `… and ${formatCount(more)} more: see them with --limit or --offset.`)]
        : []),
      ...(photos.length === 0 && more <= 0 ? [`There are only ${formatCount(total)}: give a smaller --offset.`] : []),
    ];
  });
}

function noPhotos(options: ListOptions): string {
  return Object.keys(filterOf(options)).length > 0
    ? 'No photos match.'
    : 'No photos yet: put some into the folder, or wait until a friend joins.';
}

function photoRow(photo: PhotoSummary): string[] {
  return [
    shortId(photo.id),
    plainText(photo.name),
    photo.takenAt === null ? '-' : formatTakenAt(photo.takenAt),
    formatBytes(photo.size),
    formatPixels(photo.width, photo.height),
    photo.holders.map(holderText).join(', '),
    photo.keeper ? '' : 'redundant',
  ];
}

/** A holder as a word: its name, and what is special about its copy. */
export function holderText({ name, peerId, online, kind }: Holder): string {
  const remarks = [kind === 'replica' ? 'replica' : '', online ? '' : 'offline'].filter((remark) => remark !== '');
  const who = plainText(name) || peerId;
  return remarks.length === 0 ? who : `${who} (${remarks.join(', ')})`;
}
