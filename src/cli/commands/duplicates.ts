import type { Command } from 'commander';
import type {
  DuplicateGroup,
  DuplicatePhoto,
  DuplicatesParams,
  GroupMetadata,
  KeeperReason,
  SimilarityStep,
} from '../../protocol/control.ts';
import { shortId } from '../../protocol/photo.ts';
import { formatBytes, formatPixels, formatPlace, formatQuantity, formatTakenAt } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import type { CommandContext } from '../context.ts';
import { withDaemon } from '../context.ts';
import { groupPages } from '../groupPages.ts';
import { writeJsonArray } from '../jsonArray.ts';
import { compared, groupsText, waitingText } from '../lookAlikes.ts';
import { naturalOption, thresholdOption } from '../parse.ts';
import type { Column } from '../table.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { holderText } from './list.ts';

/** Groups that people are shown unless they ask for more. */
const defaultLimit = 20;

interface DuplicatesOptions {
  threshold?: SimilarityStep | number;
  limit?: number;
  offset?: number;
}

/** `photo-organizer duplicates` */
export function addDuplicatesCommand(program: Command, terminal: Terminal): void {
  program
    .command('duplicates')
    .description('groups of look-alikes, the best photo of each first')
    .option(
      '--threshold <step>',
      "how readily photos count as look-alikes: strict, normal, loose, or the most bits of 256 that may differ (the daemon's own)",
      thresholdOption('--threshold'),
    )
    .option('--limit <number>', `groups to show at most (${defaultLimit}; with --json all)`, naturalOption('--limit'))
    .option('--offset <number>', 'groups to leave out at the start', naturalOption('--offset'))
    .action((options: DuplicatesOptions, command: Command) =>
      withDaemon(command, terminal, (context) =>
        (context.json ? duplicatesAsJson : duplicatesForPeople)(context, options),
      ),
    );
}

function filterOf({ threshold }: DuplicatesOptions): Pick<DuplicatesParams, 'threshold'> {
  return threshold === undefined ? {} : { threshold };
}

async function duplicatesAsJson(context: CommandContext, options: DuplicatesOptions): Promise<void> {
  await compared(context);
  await writeJsonArray(context.terminal, groupsOf(context, options));
}

async function* groupsOf(
  { client, signal }: CommandContext,
  options: DuplicatesOptions,
): AsyncGenerator<readonly DuplicateGroup[]> {
  const { limit = Infinity, offset = 0 } = options;
  for await (const { groups } of groupPages(client, filterOf(options), offset, limit, signal)) yield groups;
}

async function duplicatesForPeople(context: CommandContext, options: DuplicatesOptions): Promise<void> {
  const { client, signal, terminal, result } = context;
  const { limit = defaultLimit, offset = 0 } = options;
  const { waiting } = await compared(context);
  const { scanning } = await client.status({ signal });
  const groups: DuplicateGroup[] = [];
  let [total, bytes] = [0, 0];
  for await (const page of groupPages(client, filterOf(options), offset, limit, signal)) {
    groups.push(...page.groups);
    ({ total, bytes } = page);
  }
  await result(groups, () => {
    const more = total - offset - groups.length;
    return [
      ...groupLines(groups, terminal),
      ...(more > 0
        ? [
            terminal.style(
              'dim',
              `… and ${formatQuantity(more, 'more group', 'more groups')}: see them with --limit or --offset.`,
            ),
          ]
        : []),
      total === 0 ? 'No look-alikes.' : `${groupsText(total, bytes)}.`,
      ...(waiting === 0 ? [] : [`${waitingText(waiting)}.`]),
      ...(scanning === null ? [] : ['The folder is still being scanned: ask again later for the rest.']),
    ];
  });
}

const columns: Column[] = [
  { title: '' },
  { title: 'ID' },
  { title: 'NAME', shrinks: true },
  { title: 'SIZE', align: 'right' },
  { title: 'PIXELS' },
  { title: 'FORMAT' },
  { title: 'HELD BY', shrinks: true },
  { title: 'WHY', shrinks: true },
];

/** One table for all groups, so that its columns stand one under the other, with a heading above each group. */
function groupLines(groups: readonly DuplicateGroup[], terminal: Terminal): string[] {
  const rows = groups.flatMap((group) => group.photos.map((photo) => photoRow(group, photo)));
  const [title = '', ...lines] = tableLines(columns, rows, terminal.width);
  let next = 0;
  return groups.flatMap((group) => {
    const own = lines.slice(next, (next += group.photos.length));
    const heading = `Group ${group.group}: ${formatQuantity(group.photos.length, 'photo')}, ${formatBytes(group.bytes)} to win`;
    return [
      terminal.style('bold', heading),
      terminal.style('dim', title),
      ...own,
      ...metadataLines(group.metadata),
      '',
    ];
  });
}

function photoRow({ keeper, keeperReason }: DuplicateGroup, photo: DuplicatePhoto): string[] {
  const kept = photo.id === keeper;
  return [
    kept ? 'keep' : '',
    shortId(photo.id),
    plainText(photo.name),
    formatBytes(photo.size),
    formatPixels(photo.width, photo.height),
    photo.damaged ? `${photo.format}, damaged` : photo.format,
    photo.holders.map(holderText).join(', '),
    kept ? keeperText(keeperReason, photo) : plainText(photo.reason),
  ];
}

const keeperTexts: Record<Exclude<KeeperReason, 'only'>, string> = {
  chosen: 'chosen by a person',
  whole: 'is not damaged',
  colour: 'has colour',
  pixels: 'has more pixels',
  format: 'has the better format',
  quality: 'is less compressed',
  metadata: 'has date, camera or place',
  'first-id': 'as good as the next one',
};

/** Why this one is kept: what decided against the next best. When there are too many copies of it, that too. */
function keeperText(keeperReason: KeeperReason, { reason }: DuplicatePhoto): string {
  const texts = [keeperReason === 'only' ? '' : keeperTexts[keeperReason], plainText(reason)];
  return texts.filter((text) => text !== '').join('; ');
}

function metadataLines({ takenAt, camera, place }: GroupMetadata): string[] {
  const facts = [
    ...(takenAt === null ? [] : [`taken ${formatTakenAt(takenAt)}`]),
    ...(camera === null ? [] : [plainText(camera)]),
    ...(place === null ? [] : [formatPlace(place)]),
  ];
  return facts.length === 0 ? [] : [`Only the others know: ${facts.join(', ')}`];
}
