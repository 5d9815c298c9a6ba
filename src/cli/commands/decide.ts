import type { Command } from 'commander';
import type { Decision } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import { shortId } from '../../protocol/photo.ts';
import { plainText } from '../../client/sanitize.ts';
import type { CommandContext } from '../context.ts';
import { withDaemon } from '../context.ts';
import type { DecidedPhoto } from '../decidedPhoto.ts';
import { decidedPhoto } from '../decidedPhoto.ts';
import { photoArgument } from '../parse.ts';
import type { Terminal } from '../terminal.ts';

interface DecideOptions {
  undo?: boolean;
}

const idText = 'its id, the start of it (6 digits or more), or its blockhash';

/** `photo-organizer not-duplicate ID ID` */
export function addNotDuplicateCommand(program: Command, terminal: Terminal): void {
  program
    .command('not-duplicate')
    .description('say for all peers that two photos are not the same picture')
    .argument('<id>', idText, photoArgument)
    .argument('<other>', 'the same of the other photo', photoArgument)
    .option('--undo', 'take it back')
    .action((one: string, other: string, { undo = false }: DecideOptions, command: Command) =>
      withDaemon(command, terminal, async (context) => {
        const first = await photoFor(context, 'distinct', one, undo);
        const second = await photoFor(context, 'distinct', other, undo);
        if (first.id === second.id) {
          throw new AppError('usage', `"${one}" and "${other}" mean the same photo: give two different ones.`);
        }
        await decide(context, { kind: 'distinct', photos: [first.id, second.id] }, undo, () =>
          undo
            ? `Whether ${nameOf(first)} and ${nameOf(second)} are look-alikes is decided by their pictures again.`
            : `${nameOf(first)} and ${nameOf(second)} are not duplicates of each other any more, on any peer.`,
        );
      }),
    );
}

/** `photo-organizer keep ID` */
export function addKeepCommand(program: Command, terminal: Terminal): void {
  program
    .command('keep')
    .description('choose for all peers which photo of a group is the one to keep')
    .argument('<id>', idText, photoArgument)
    .option('--undo', 'take it back')
    .action((reference: string, { undo = false }: DecideOptions, command: Command) =>
      withDaemon(command, terminal, async (context) => {
        const photo = await photoFor(context, 'keeper', reference, undo);
        await decide(context, { kind: 'keeper', photo: photo.id }, undo, () =>
          undo
            ? `Whether ${nameOf(photo)} is the one to keep is decided by the photos again.`
            : `${nameOf(photo)} is the one to keep of its look-alikes, on every peer.`,
        );
      }),
    );
}

function photoFor(
  { client, signal }: CommandContext,
  kind: Decision['kind'],
  reference: string,
  undo: boolean,
): Promise<DecidedPhoto> {
  return undo ? decidedPhoto(client, kind, reference, signal) : client.show(reference, { signal });
}

async function decide(
  { client, signal, result }: CommandContext,
  decision: Decision,
  undo: boolean,
  sentence: () => string,
): Promise<void> {
  await client.decide([decision], { signal, undo });
  await result({ ...decision, undone: undo }, () => [sentence()]);
}

function nameOf({ id, name }: DecidedPhoto): string {
  return plainText(name) || shortId(id);
}
