import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDaemonArguments } from '../../src/daemon/arguments.ts';

const parse = (...argv: string[]) => parseDaemonArguments(argv, { PHOTO_ORGANIZER_HOME: '/home/ana/state' });

describe('the arguments of a daemon', () => {
  it('have defaults that share with nobody beyond this machine', () => {
    expect(parse('photos')).toEqual({
      folder: path.resolve('photos'),
      home: '/home/ana/state',
      port: undefined,
      listen: '127.0.0.1',
      join: [],
      network: 'default',
      name: undefined,
      copies: 2,
      quota: null,
      grace: 86_400,
      dedupe: 'review',
      similarity: 'normal',
      exclude: [],
      share: false,
      whileConnected: false,
      json: false,
      logLevel: 'info',
    });
  });

  it('are all understood', () => {
    const options = parse(
      ...'photos --port 5003 --listen 0.0.0.0 --join /ip4/10.0.0.7/tcp/5000 --join /ip4/10.0.0.8/tcp/5000'.split(' '),
      ...'--name Inês --copies 3 --quota 1000000 --grace 5 --dedupe automatic --exclude **/drafts/**'.split(' '),
      ...'--similarity strict --share --while-connected --json --log-level debug --home elsewhere'.split(' '),
      '--network',
      'Aveiro 2026',
    );
    expect(options).toEqual({
      folder: path.resolve('photos'),
      home: path.resolve('elsewhere'),
      port: 5003,
      listen: '0.0.0.0',
      join: ['/ip4/10.0.0.7/tcp/5000', '/ip4/10.0.0.8/tcp/5000'],
      network: 'Aveiro 2026',
      name: 'Inês',
      copies: 3,
      quota: 1_000_000,
      grace: 5,
      dedupe: 'automatic',
      similarity: 'strict',
      exclude: ['**/drafts/**'],
      share: true,
      whileConnected: true,
      json: true,
      logLevel: 'debug',
    });
  });

  it.each([
    [[], /Which folder/],
    [[''], /Which folder/],
    [['photos', '--home', ''], /--home takes a folder, and is empty/],
    [['one', 'two'], /one folder.*"two"/],
    [['photos', '--port', '0'], /--port takes a port from 1 to 65535, not "0"/],
    [['photos', '--port', '5000x'], /--port takes/],
    [['photos', '--port', '70000'], /--port takes/],
    [['photos', '--listen', 'everywhere'], /--listen takes an IP address/],
    [['photos', '--join', '10.0.0.7:5000'], /--join takes a multiaddr/],
    [['photos', '--network', '../escape'], /--network takes a name/],
    [['photos', '--name', '\u001b[31mred'], /--name takes/],
    [['photos', '--name', ' '], /--name takes/],
    [['photos', '--copies', '0'], /--copies takes/],
    [['photos', '--quota', '-1'], /^Option '--quota' [^\n]+$/],
    [['photos', '--quota=-1'], /--quota takes/],
    [['photos', '--grace', '1.5'], /--grace takes/],
    [['photos', '--dedupe', 'yes'], /--dedupe takes review or automatic/],
    [['photos', '--similarity', '12'], /--similarity takes strict or normal or loose/],
    [['photos', '--log-level', 'loud'], /--log-level takes/],
    [['photos', '--prot', '5000'], /Unknown option '--prot'/],
    [['photos', '--port'], /--port/],
  ])('refuse %j with a sentence', (argv, sentence) => {
    expect(() => parse(...argv)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(sentence) }),
    );
  });
});
