import { expect, test } from 'vitest';
import { daemonOptionNames } from '../../src/cli/commands/daemon.ts';
import { sayFailure } from '../../src/cli/failure.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { parseDaemonArguments } from '../../src/daemon/arguments.ts';
import { AppError } from '../../src/protocol/errors.ts';

const terminal: Terminal = {
  width: undefined,
  watched: false,
  used: false,
  async write() {},
  writeError() {},
  style: (_format, text) => text,
};

/** What a command line that is wrong says. */
async function said(...argv: string[]): Promise<{ code: number; text: string }> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    const { exitCode, text } = sayFailure(error, { command: program.args[0], verbose: false });
    return { code: exitCode, text };
  }
  throw new Error(`${argv.join(' ')} was taken`);
}

test('has exactly the commands that exist', () => {
  expect(createProgram(terminal).commands.map((command) => command.name())).toEqual([
    'daemon',
    'status',
    'peers',
    'list',
    'show',
    'fetch',
    'duplicates',
    'dedupe',
    'not-duplicate',
    'keep',
    'decisions',
    'stop',
  ]);
});

test('every option that the help of daemon lists is one the daemon takes', () => {
  // Of each option a value that is right, so that only an unknown name can be wrong.
  const values: Record<string, string> = {
    port: '5001',
    listen: '127.0.0.1',
    join: '/ip4/127.0.0.1/tcp/5000',
    network: 'n',
    name: 'n',
    copies: '2',
    quota: '1',
    grace: '1',
    dedupe: 'review',
    similarity: 'loose',
    exclude: '*.png',
  };
  expect(daemonOptionNames.length).toBeGreaterThan(10);
  for (const name of daemonOptionNames) {
    const value = values[name];
    const argv = ['folder', value === undefined ? `--${name}` : `--${name}=${value}`];
    expect(() => parseDaemonArguments(argv, {}), name).not.toThrow();
  }
});

test.each([
  [
    [],
    'Which command? There are daemon, status, peers, list, show, fetch, duplicates, dedupe, not-duplicate, keep, decisions, stop.',
  ],
  [['trash', 'list', '--json'], 'There is no command "trash", there are daemon, status'],
  [['--bogus', 'status'], "Unknown option '--bogus'. See photo-organizer --help."],
  [['status', '--bogus'], "Unknown option '--bogus'. See photo-organizer status --help."],
  [['list', '--limti', '3'], '(Did you mean --limit?) See photo-organizer list --help.'],
  [['status', 'now'], "Too many arguments for 'status'"],
  [['fetch'], "Missing required argument 'id'"],
  [['fetch', 'abcdef', '-o'], "'-o, --output <file|dir>' argument missing"],
  [['fetch', 'abc'], '"abc" is no photo id'],
  [['show', 'praia.jpg'], '"praia.jpg" is no photo id'],
  [['duplicates', '--threshold', 'lax'], '--threshold takes strict, normal, loose or a number up to 256, not "lax"'],
  [['duplicates', '--threshold', '257'], '--threshold takes strict'],
  [['duplicates', '--limit', 'all'], '--limit takes a number'],
  [['dedupe', '--group', 'abcdef'], '--group takes the 16 digits of a group'],
  [['dedupe', '--keep', 'praia.jpg'], '"praia.jpg" is no photo id'],
  [['not-duplicate', 'abcdef'], "Missing required argument 'other'"],
  [['keep', 'abc'], '"abc" is no photo id'],
  [['list', '--limit', '-3'], '--limit takes a number'],
  [['list', '--after', 'yesterday'], '--after takes a date'],
  [['--log-level', 'loud', 'status'], '--log-level takes error, warn'],
  [['status', '--log-level', 'loud'], '--log-level takes error, warn'],
  [['daemon', '--detach'], 'Which folder?'],
  [['daemon', '', 'b', '--detach'], 'Which folder?'],
  [['--home', '', 'status'], '--home takes a folder, and is empty.'],
  [['status', '--folder', ''], '--folder takes a folder, and is empty.'],
  [['daemon', 'a', 'b', '--detach'], 'One daemon serves one folder'],
  [['daemon', 'a', '--detach', '--bogus'], "Unknown option '--bogus'"],
])('%j is wrong usage', async (argv, sentence) => {
  const { code, text } = await said(...argv);
  expect(code).toBe(2);
  expect(text).toMatch(/^photo-organizer: [^\n]+$/);
  expect(text).toContain(sentence);
});

test('candidates are listed so that each can be told from the others', () => {
  const candidates = [
    { id: `abcdef0123456${'0'.repeat(51)}`, name: 'a.jpg' },
    { id: `abcdef0123457${'0'.repeat(51)}`, name: 'b\u001b[2J.jpg' },
    { id: `abcdef${'9'.repeat(58)}`, name: 'c.jpg' },
  ];
  const error = new AppError('ambiguous', 'That means 3 photos.', { data: { candidates } });
  expect(sayFailure(error, { command: 'show', verbose: false })).toMatchObject({
    exitCode: 2,
    text: 'photo-organizer: That means 3 photos.\n  abcdef0123456  a.jpg\n  abcdef0123457  b.jpg\n  abcdef9999  c.jpg',
  });
  const peers = new AppError('ambiguous', 'Two peers.', { data: { candidates: [{ peerId: '12D3', name: 'Ana' }] } });
  expect(sayFailure(peers, { command: 'list', verbose: false }).text).toContain('\n  12D3  Ana');
});

test('any thrown value has an exit code and a sentence that is safe on a terminal', () => {
  const say = (error: unknown, verbose = false) => sayFailure(error, { command: undefined, verbose });
  expect(say(new AppError('not-found', 'None.')).exitCode).toBe(3);
  expect(say(new AppError('daemon-unreachable', 'None.')).exitCode).toBe(4);
  expect(say(new AppError('target-exists', 'There.')).exitCode).toBe(5);
  expect(say(new AppError('cancelled', 'Cancelled.')).exitCode).toBe(130);
  expect(say(new Error('bad\u001b[2J\nname'))).toMatchObject({ exitCode: 1, text: 'photo-organizer: bad name' });
  expect(say('rubbish').exitCode).toBe(1);
  expect(say(new AppError('internal', 'Outer.', { cause: new Error('inner') }), true).text).toMatch(
    /Outer\.[^]*program\.test\.ts[^]*Caused by:[^]*inner/,
  );
});
