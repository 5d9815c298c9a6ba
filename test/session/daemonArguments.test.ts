import { expect, test } from 'vitest';
import { parseDaemonArguments } from '../../src/daemon/arguments.ts';
import { daemonArguments } from '../../src/session/daemonArguments.ts';

const unset = {
  name: '',
  exclude: [],
  similarity: '',
  nodePath: '',
  port: 0,
  listen: '',
  network: '',
  keepRunning: true,
  logLevel: '',
};

test('what is not set is left to the daemon', () => {
  expect(daemonArguments(unset, false)).toEqual([]);
});

test('what is set reaches the daemon, as its own reader of arguments understands it', () => {
  const settings = {
    ...unset,
    name: '--Ana, --port=1',
    exclude: ['private/**', '--share'],
    port: 5123,
    listen: '127.0.0.1',
    network: 'Família',
    keepRunning: false,
    logLevel: 'debug',
  };
  expect(parseDaemonArguments(['/photos', ...daemonArguments(settings, false)], {})).toMatchObject({
    folder: '/photos',
    name: '--Ana, --port=1',
    exclude: ['private/**', '--share'],
    port: 5123,
    listen: '127.0.0.1',
    network: 'Família',
    whileConnected: true,
    logLevel: 'debug',
    share: false,
  });
});

test('how readily photos count as look-alikes is said in the words of the daemon', () => {
  expect(daemonArguments({ ...unset, similarity: 'loose' }, false)).toEqual(['--similarity=loose']);
});

test('a folder is shared only by a person’s choice', () => {
  expect(parseDaemonArguments(['/photos', ...daemonArguments(unset, true)], {}).share).toBe(true);
  expect(parseDaemonArguments(['/photos', ...daemonArguments(unset, false)], {})).toMatchObject({
    share: false,
    whileConnected: false,
  });
});
