import type { Command } from 'commander';
import type { LinkedPhoto, PhotoDetails } from '../../protocol/control.ts';
import { shortId } from '../../protocol/photo.ts';
import { formatBytes, formatCount, formatPixels, formatPlace, formatTakenAt } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import { photoArgument } from '../parse.ts';
import { factLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { holderText } from './list.ts';

/** `photo-organizer show ID` */
export function addShowCommand(program: Command, terminal: Terminal): void {
  program
    .command('show')
    .description('all that is known of one photo')
    .argument('<id>', 'its id, the start of it (6 digits or more), or its blockhash', photoArgument)
    .action((photo: string, _options: unknown, command: Command) =>
      withDaemon(command, terminal, async ({ client, signal, result }) => {
        const details = await client.show(photo, { signal });
        await result(details, () => detailLines(details));
      }),
    );
}

function detailLines(photo: PhotoDetails): string[] {
  const { fromGroup } = photo;
  const facts: [name: string, value: string][] = [
    ['Name', plainText(photo.name)],
    ['Id', photo.id],
    ['Blockhash', photo.blockhash ?? '-'],
    ['Size', `${formatBytes(photo.size)} (${formatCount(photo.size)} bytes)`],
    ['Pixels', formatPixels(photo.width, photo.height)],
    ['Format', photo.damaged ? `${photo.format}, damaged` : photo.format],
    ['Taken', known(photo.takenAt, fromGroup.takenAt, formatTakenAt)],
    ['Camera', known(photo.camera, fromGroup.camera, plainText)],
    ['Place', known(photo.place, fromGroup.place, formatPlace)],
    ['Look-alikes', lookAlikeText(photo)],
    ...(photo.linked.length === 0 ? [] : listed('Belongs to', photo.linked.map(linkedText))),
    ...listed('Held by', photo.holders.map(holderText)),
    ...listed('Files here', photo.paths.map(plainText)),
  ];
  return factLines(facts);
}

/** What the photo itself says, else what a look-alike of it does. */
function known<T>(own: T | null, fromGroup: T | null, format: (value: T) => string): string {
  if (own !== null) return format(own);
  return fromGroup === null ? '-' : `${format(fromGroup)} (from a look-alike)`;
}

const linkTexts: Record<LinkedPhoto['kind'], string> = {
  raw: 'the raw file of the camera and the picture made from it',
  motion: 'the same shot with and without its film',
};

function linkedText({ id, name, kind }: LinkedPhoto): string {
  return `${plainText(name)}, ${shortId(id)} (${linkTexts[kind]})`;
}

function lookAlikeText({ group, keeper }: PhotoDetails): string {
  if (group === null) return 'none';
  return keeper ? 'this is the best of its group' : 'redundant: a better version of it is in the collection';
}

function listed(name: string, values: readonly string[]): [name: string, value: string][] {
  return values.length === 0 ? [[name, '-']] : values.map((value, index) => [index === 0 ? name : '', value]);
}
