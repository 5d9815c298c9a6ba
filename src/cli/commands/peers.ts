import type { Command } from 'commander';
import type { PeerSummary } from '../../protocol/control.ts';
import { formatAgo, formatBytes, formatCount } from '../../client/format.ts';
import { plainText } from '../../client/sanitize.ts';
import { withDaemon } from '../context.ts';
import type { Column } from '../table.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** `photo-organizer peers` */
export function addPeersCommand(program: Command, terminal: Terminal): void {
  program
    .command('peers')
    .description('who is in the network')
    .action((_options: unknown, command: Command) =>
      withDaemon(command, terminal, async ({ client, signal, result }) => {
        const peers = await client.peers({ signal });
        await result(peers, () => peerLines(peers, terminal));
      }),
    );
}

const columns: Column[] = [
  { title: 'NAME', shrinks: true },
  { title: 'PORT', align: 'right' },
  { title: 'PHOTOS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'SEEN' },
  { title: 'ROLE' },
  { title: 'PEER', shrinks: true },
];

function peerLines(peers: readonly PeerSummary[], terminal: Terminal): string[] {
  const now = Date.now();
  const rows = peers.map((peer) => [
    plainText(peer.name),
    String(peer.port),
    formatCount(peer.photos),
    formatBytes(peer.bytes),
    peer.online ? 'online' : `offline, ${formatAgo(peer.lastSeen, now)}`,
    [peer.central ? 'central' : '', peer.self ? 'this peer' : ''].filter((role) => role !== '').join(', '),
    peer.peerId,
  ]);
  const [title = '', ...lines] = tableLines(columns, rows, terminal.width);
  return [terminal.style('bold', title), ...lines];
}
