import type { Command } from 'commander';
import type { Decision, DecisionRecord } from '../../protocol/control.ts';
import { shortId } from '../../protocol/photo.ts';
import { formatAgo } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import { photosOfDecision } from '../decidedPhoto.ts';
import type { Column } from '../table.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** `photo-organizer decisions` */
export function addDecisionsCommand(program: Command, terminal: Terminal): void {
  program
    .command('decisions')
    .description('what people decided about look-alikes, newest first')
    .action((_options: unknown, command: Command) =>
      withDaemon(command, terminal, async ({ client, signal, result }) => {
        const decisions = await client.decisions({ signal });
        await result(decisions, () => decisionLines(decisions, terminal));
      }),
    );
}

const columns: Column[] = [
  { title: 'DECIDED' },
  { title: 'IDS' },
  { title: 'NAMES', shrinks: true },
  { title: 'BY', shrinks: true },
  { title: 'WHEN' },
];

const kindTexts: Record<Decision['kind'], string> = { distinct: 'not duplicates', keeper: 'to keep' };

function decisionLines(decisions: readonly DecisionRecord[], terminal: Terminal): string[] {
  if (decisions.length === 0) return ['Nothing has been decided by a person.'];
  const now = Date.now();
  const rows = decisions.map((decision) => {
    const photos = photosOfDecision(decision);
    return [
      kindTexts[decision.kind],
      photos.map(({ id }) => shortId(id)).join(' '),
      photos.map(({ name }) => plainText(name) || '-').join(', '),
      plainText(decision.by),
      formatAgo(decision.at, now),
    ];
  });
  const [title = '', ...lines] = tableLines(columns, rows, terminal.width);
  return [terminal.style('bold', title), ...lines];
}
