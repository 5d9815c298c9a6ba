import type { Command } from 'commander';
import type { FetchResult, PeerSummary } from '../../protocol/control.ts';
import { formatBytes, formatDuration } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import { fetchTarget } from '../fetchTarget.ts';
import { photoArgument } from '../parse.ts';
import { fetchText, ProgressLine } from '../progressLine.ts';
import type { Terminal } from '../terminal.ts';

interface FetchOptions {
  output?: string;
  force?: boolean;
}

/** `photo-organizer fetch ID` */
export function addFetchCommand(program: Command, terminal: Terminal): void {
  program
    .command('fetch')
    .description('bring one photo here')
    .argument('<id>', 'its id, the start of it (6 digits or more), or its blockhash', photoArgument)
    .option('-o, --output <file|dir>', 'where to write it (the current directory if shared, else the photo folder)')
    .option('--force', 'replace a different file that is there')
    .action((photo: string, { output, force = false }: FetchOptions, command: Command) =>
      withDaemon(command, terminal, async ({ client, directory, signal, state, result }) => {
        const target = await fetchTarget(output, directory, state.folder);
        const fetched = await (async () => {
          using progress = new ProgressLine(terminal, fetchText);
          return await client.fetch({ photo, target, force }, { signal, onProgress: (now) => progress.update(now) });
        })();
        const peers = await client.peers({ signal });
        await result(fetched, () => [fetchedText(fetched, peers)]);
      }),
    );
}

function fetchedText({ path, size, from, seconds }: FetchResult, peers: readonly PeerSummary[]): string {
  const names = from.map((peerId) => {
    const peer = peers.find((one) => one.peerId === peerId);
    return peer === undefined ? peerId : peer.self ? 'this peer' : plainText(peer.name);
  });
  const source = names.length === 0 ? '' : `, from ${names.join(', then ')}`;
  return `${plainText(path)} (${formatBytes(size)} in ${formatDuration(seconds)}${source})`;
}
