import path from 'node:path';
import { expect, test } from 'vitest';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { sayFailure } from '../../src/cli/failure.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type {
  CompareProgress,
  DecideParams,
  DecisionRecord,
  DedupeParams,
  DuplicateGroup,
  DuplicatesParams,
  PlannedDrop,
} from '../../src/protocol/control.ts';
import {
  compareProgress,
  compareRequest,
  decideRequest,
  decisionsRequest,
  dedupeRequest,
  duplicatesRequest,
  showRequest,
  statusRequest,
} from '../../src/protocol/control.ts';
import { refuse, serveControl, sharedFolder } from '../support/controlServer.ts';
import { daemonStatus, details, group, groupPhoto, idOf, nothing } from './photos.ts';

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** A daemon with the answers of a test, and the command line to ask it. */
async function stand(answer: (rpc: MessageConnection) => void): Promise<(...argv: string[]) => Promise<Said>> {
  const state = sharedFolder();
  await serveControl(state, answer);
  return async (...argv) => {
    let [stdout, stderr] = ['', ''];
    const terminal: Terminal = {
      width: undefined,
      watched: true,
      used: false,
      async write(text) {
        stdout += text;
      },
      writeError: (text) => void (stderr += text),
      style: (_format, text) => text,
    };
    const home = path.join(path.dirname(state.folder), 'home');
    try {
      await createProgram(terminal).parseAsync([...argv, '--home', home, '--folder', state.folder], { from: 'user' });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { exitCode, text } = sayFailure(error, { command: argv[0], verbose: false });
      return { code: exitCode, stdout, stderr: stderr + text };
    }
  };
}

const compared: CompareProgress = { done: 5, total: 5, waiting: 0 };

/** A daemon that has these groups and gives them in the order they are in. */
function answerGroups(groups: readonly DuplicateGroup[], progress = compared, status = daemonStatus({})) {
  const asked: (DuplicatesParams | 'compare')[] = [];
  return {
    asked,
    answer: (rpc: MessageConnection): void => {
      rpc.onRequest(compareRequest, async ({ progress: token }) => {
        asked.push('compare');
        if (token !== undefined) await rpc.sendProgress(compareProgress, token, { ...progress, done: 1 });
        return progress;
      });
      rpc.onRequest(statusRequest, () => status);
      rpc.onRequest(duplicatesRequest, (params) => {
        asked.push(params);
        const { offset = 0, limit = Infinity } = params;
        const bytes = groups.reduce((sum, one) => sum + one.bytes, 0);
        return { total: groups.length, bytes, groups: groups.slice(offset, offset + limit) };
      });
    },
  };
}

const praia = group({
  group: '0123456789abcdef',
  metadata: { takenAt: '2018-07-25T16:34:23', camera: 'Canon\u001b[2J', place: { latitude: 40.64, longitude: -8.654 } },
  photos: [
    groupPhoto({ id: idOf('a1'), name: 'praia.jpg' }),
    groupPhoto({
      id: idOf('b2'),
      name: 'pra\u202eia\u001b[31m.webp',
      size: 150_000,
      width: 1000,
      height: 750,
      format: 'webp',
      damaged: true,
      reason: 'same picture, 25 % of the size, greyscale',
      holders: [
        { peerId: 'peer-rui', name: 'Rui\u001b[2J', online: false, kind: 'original' },
        { peerId: 'peer-ana', name: 'Ana', online: true, kind: 'replica' },
      ],
    }),
  ],
});

test('duplicates gives programs all groups as one array, in pages, after everything was compared', async () => {
  const groups = Array.from({ length: 450 }, (_one, n) =>
    group({ group: n.toString(16).padStart(16, '0'), photos: praia.photos }),
  );
  const { asked, answer } = answerGroups(groups);
  const run = await stand(answer);
  const all = await run('duplicates', '--json', '--threshold', 'strict');
  expect(all.code).toBe(0);
  expect(JSON.parse(all.stdout)).toEqual(groups);
  expect(asked[0]).toBe('compare');
  expect(asked.length).toBeGreaterThan(3);
  for (const params of asked.slice(1)) expect(params).toMatchObject({ threshold: 'strict' });

  asked.length = 0;
  const some = await run('duplicates', '--json', '--threshold', '40', '--limit', '2', '--offset', '3');
  expect(JSON.parse(some.stdout)).toEqual(groups.slice(3, 5));
  expect(asked).toEqual(['compare', { threshold: 40, limit: 2, offset: 3 }]);
  expect(JSON.parse((await run('duplicates', '--json', '--limit', '0')).stdout)).toEqual([]);
});

test('duplicates shows people each group with its keeper, why, and the bytes to win; no name does harm', async () => {
  const copies = group({
    group: 'fedcba9876543210',
    keeperReason: 'only',
    bytes: 2_000_000,
    photos: [
      groupPhoto({
        id: idOf('c3'),
        name: 'x.png',
        format: 'png',
        reason: '4 identical copies, 2 are wanted',
      }),
    ],
  });
  const scanning = { done: 1, total: 9, rate: 0, secondsLeft: null };
  const { answer } = answerGroups([praia, copies], { ...compared, waiting: 3 }, daemonStatus({ scanning }));
  const { code, stdout, stderr } = await (await stand(answer))('duplicates');
  expect(code).toBe(0);
  for (const harm of ['\u001b', '\u202e']) expect(stdout).not.toContain(harm);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('Group 0123456789abcdef: 2 photos, 1.5 MB to win');
  expect(lines[1]).toMatch(/^ +ID +NAME +SIZE +PIXELS +FORMAT +HELD BY +WHY$/);
  expect(lines[2]).toMatch(/^keep +a100000000 +praia\.jpg +2\.0 MB +4000 x 3000 +jpeg +Ana +has more pixels$/);
  expect(lines[3]).toMatch(
    /^ +b200000000 +praia\.webp +150 kB +1000 x 750 +webp, damaged +Rui \(offline\), Ana \(replica\) +same picture, 25 % of the size, greyscale$/,
  );
  expect(lines[4]).toBe('Only the others know: taken 2018-07-25 16:34, Canon, 40.64000, -8.65400');
  expect(lines[6]).toBe('Group fedcba9876543210: 1 photo, 2.0 MB to win');
  expect(lines[8]).toMatch(/^keep +c300000000 +x\.png .* 4 identical copies, 2 are wanted$/);
  expect(lines.slice(-4)).toEqual([
    '2 groups of duplicates, 3.5 MB to win.',
    '3 pairs wait for a peer that is offline.',
    'The folder is still being scanned: ask again later for the rest.',
    '',
  ]);
  // While it compares, a bar on standard error; taken away at the end.
  expect(stderr).toContain('1 of 5 photos compared');
  expect(stderr.endsWith('\r\u001b[K')).toBe(true);
});

test('duplicates says when there are none, and when there are more', async () => {
  const none = await (await stand(answerGroups([]).answer))('duplicates');
  expect(none).toMatchObject({ code: 0, stdout: 'No look-alikes.\n' });
  const two = [praia, { ...praia, group: 'fedcba9876543210' }];
  const more = await (await stand(answerGroups(two).answer))('duplicates', '--limit', '1');
  expect(more.stdout).toContain('… and 1 more group: see them with --limit or --offset.\n2 groups of');
});

const drop: PlannedDrop = {
  id: idOf('b2'),
  name: 'b\u001b[2J.jpg',
  group: '0123456789abcdef',
  keeper: idOf('a1'),
  peerId: 'peer-rui',
  peerName: 'Rui',
  kind: 'original',
  size: 150_000,
  reason: 'same picture, 25 % of the size',
};

test('dedupe shows what would be dropped, where and why, and drops nothing', async () => {
  const asked: DedupeParams[] = [];
  const plan = { planned: [drop], dropped: [], refused: [{ ...drop, id: idOf('c3'), reason: 'Rui is offline' }] };
  const run = await stand((rpc) => {
    rpc.onRequest(compareRequest, () => compared);
    rpc.onRequest(dedupeRequest, (params) => {
      asked.push(params);
      return params.group === undefined ? plan : { planned: [], dropped: [], refused: [] };
    });
  });
  expect(JSON.parse((await run('dedupe', '--json')).stdout)).toEqual(plan);
  const { code, stdout } = await run('dedupe', '--keep', 'B200000000');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^FROM +ID +NAME +SIZE +COPY +KEPT +WHY\nRui +b200000000 +b\.jpg +150 kB +original +a100000000 /,
  );
  expect(stdout).toContain('1 copy would be dropped, 150 kB.\n');
  expect(stdout).toMatch(
    /Rui +c300000000 [^\n]* Rui is offline\n1 copy cannot be dropped, 150 kB\.\nNothing was dropped\.\n$/,
  );
  const empty = await run('dedupe', '--group', 'FEDCBA9876543210');
  expect(empty.stdout).toBe('Nothing to drop: there are no redundant copies.\n');
  expect(asked).toEqual([{}, { keep: 'b200000000' }, { group: 'fedcba9876543210' }]);
});

test('dedupe --apply that the daemon refuses ends with its sentence and exit code 5', async () => {
  const asked: DedupeParams[] = [];
  const run = await stand((rpc) => {
    rpc.onRequest(compareRequest, () => compared);
    rpc.onRequest(dedupeRequest, (params) => {
      asked.push(params);
      return refuse('refused', 'Nothing is dropped yet.');
    });
  });
  const { code, stdout, stderr } = await run('dedupe', '--apply', '--json');
  expect(code).toBe(5);
  expect(stdout).toBe('');
  expect(stderr).toBe('photo-organizer: Nothing is dropped yet.');
  expect(asked).toEqual([{ apply: true }]);
});

/** A daemon that knows two photos and what was decided about them and about one that is gone. */
function answerDecisions() {
  const decided: DecideParams[] = [];
  const records: DecisionRecord[] = [
    {
      kind: 'distinct',
      photos: [idOf('a1a1a1'), idOf('dead00')],
      names: ['a.jpg', ''],
      at: new Date(Date.now() - 7_200_000).toISOString(),
      by: 'Rui\u001b[2J',
    },
    { kind: 'keeper', photo: idOf('b2b2b2'), names: ['b.jpg'], at: '2020-01-01T00:00:00.000Z', by: 'Ana' },
  ];
  const photos = [details({ id: idOf('a1a1a1'), name: 'a.jpg' }), details({ id: idOf('b2b2b2'), name: 'b\u202e.jpg' })];
  return {
    decided,
    records,
    answer: (rpc: MessageConnection): void => {
      rpc.onRequest(showRequest, ({ photo }) => {
        const found = photos.find(({ id }) => id.startsWith(photo));
        return found ?? refuse('not-found', `No photo ${photo}.`);
      });
      rpc.onRequest(decideRequest, (params) => {
        decided.push(params);
        return null;
      });
      rpc.onRequest(decisionsRequest, () => records);
    },
  };
}

test('not-duplicate and keep decide by full ids, and say so', async () => {
  const { decided, answer } = answerDecisions();
  const run = await stand(answer);
  const distinct = { kind: 'distinct', photos: [idOf('a1a1a1'), idOf('b2b2b2')] };
  const keeper = { kind: 'keeper', photo: idOf('b2b2b2') };
  const people = await run('not-duplicate', 'a1a1a1', 'B2B2B2');
  expect(people.stdout).toBe('a.jpg and b.jpg are not duplicates of each other any more, on any peer.\n');
  expect(JSON.parse((await run('keep', 'b2b2b2', '--json')).stdout)).toEqual({ ...keeper, undone: false });
  expect(decided).toEqual([{ decisions: [distinct] }, { decisions: [keeper] }]);

  expect(await run('keep', 'c3c3c3')).toMatchObject({ code: 3, stderr: 'photo-organizer: No photo c3c3c3.' });
  const same = await run('not-duplicate', 'a1a1a1', idOf('a1a1a1'));
  expect(same.code).toBe(2);
  expect(same.stderr).toContain('mean the same photo');
  expect(decided).toHaveLength(2);
});

test('a decision is taken back also when its photo has left the collection', async () => {
  const { decided, answer } = answerDecisions();
  const run = await stand(answer);
  const undone = await run('not-duplicate', '--undo', 'dead00', 'a1a1a1');
  expect(undone.stdout).toMatch(/^Whether dead000000 and a\.jpg are look-alikes is decided by their pictures again/);
  expect(JSON.parse((await run('keep', 'b2b2b2', '--undo', '--json')).stdout)).toMatchObject({ undone: true });
  expect(decided).toEqual([
    { decisions: [{ kind: 'distinct', photos: [idOf('dead00'), idOf('a1a1a1')] }], undo: true },
    { decisions: [{ kind: 'keeper', photo: idOf('b2b2b2') }], undo: true },
  ]);
  // That one was never chosen as keeper, and is not there.
  expect((await run('keep', 'dead00', '--undo')).code).toBe(3);
});

test('decisions lists what was decided, by whom and when', async () => {
  const { records, answer } = answerDecisions();
  const run = await stand(answer);
  expect(JSON.parse((await run('decisions', '--json')).stdout)).toEqual(records);
  const [title, first, second] = (await run('decisions')).stdout.split('\n');
  expect(title).toMatch(/^DECIDED +IDS +NAMES +BY +WHEN$/);
  expect(first).toMatch(/^not duplicates +a1a1a10000 dead000000 +a\.jpg, - +Rui +2 h ago$/);
  expect(second).toMatch(/^to keep +b2b2b20000 +b\.jpg +Ana +\d+ d ago$/);
  const none = await stand((rpc) => rpc.onRequest(decisionsRequest, () => []));
  expect((await none('decisions')).stdout).toBe('Nothing has been decided by a person.\n');
});

test('show names what belongs to a photo and what only its look-alikes know', async () => {
  const run = await stand((rpc) =>
    rpc.onRequest(showRequest, () =>
      details({
        camera: 'Own camera',
        fromGroup: { takenAt: '2018-07-25T16:34:23', camera: null, place: { latitude: 40.64, longitude: -8.654 } },
        linked: [
          { id: idOf('e5'), name: 'a\u001b[2J.CR2', kind: 'raw' },
          { id: idOf('f6'), name: 'a.heic', kind: 'motion' },
        ],
      }),
    ),
  );
  const { stdout } = await run('show', 'a10000');
  expect(stdout).toMatch(/^Taken +2018-07-25 16:34 \(from a look-alike\)$/m);
  expect(stdout).toMatch(/^Camera +Own camera$/m);
  expect(stdout).toMatch(/^Place +40\.64000, -8\.65400 \(from a look-alike\)$/m);
  expect(stdout).toMatch(
    /^Belongs to +a\.CR2, e500000000 \(the raw file [^\n]*\)\n +a\.heic, f600000000 \(the same shot with and without its film\)$/m,
  );
});

test('status tells groups, bytes to win, and how far the comparing is', async () => {
  const status = daemonStatus({
    comparing: { done: 1234, total: 10_000, waiting: 1 },
    photos: { ...nothing, redundant: 2, duplicateGroups: 1, duplicateBytes: 1_500_000 },
  });
  let now = status;
  const run = await stand((rpc) => rpc.onRequest(statusRequest, () => now));
  const { stdout } = await run('status');
  expect(stdout).toMatch(/^ +2 redundant\n +1 group of duplicates, 1\.5 MB to win$/m);
  expect(stdout).toMatch(/^Comparing +1,234 of 10,000 photos \(12 %\), 1 pair waits for a peer that is offline$/m);
  now = daemonStatus({});
  expect((await run('status')).stdout).not.toMatch(/Comparing|look-alikes/);
});
