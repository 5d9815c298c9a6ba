import { describe, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/protocol/control.ts';
import { DateTexts, takenTime } from '../../src/views/dates.ts';
import { statusLook } from '../../src/views/statusText.ts';

describe('dates', () => {
  const english = new DateTexts('en');

  test('months have their names in the language of the window', () => {
    expect(english.month('2018-07')).toBe('July');
    expect(new DateTexts('pt').month('2018-07')).toBe('Julho');
    expect(english.month('nonsense')).toBe('nonsense');
  });

  test('a camera’s clock is said as it was, wherever it was', () => {
    expect(english.takenAt('2018-07-25T23:34:23+09:00')).toMatch(/^Jul 25, 2018, 11:34\sPM$/);
    expect(english.takenAt(null)).toBeUndefined();
    expect(takenTime('rubbish')).toBeUndefined();
    expect(takenTime('1970-01-01T00:00:01Z')).toBe(1000);
  });

  test.each([
    ['2026-01-10T11:59:59Z', 'now'],
    ['2026-01-10T11:55:00Z', '5 minutes ago'],
    ['2026-01-10T08:30:00Z', '3 hours ago'],
    ['2026-01-09T11:00:00Z', 'yesterday'],
    ['2025-11-01T12:00:00Z', '2 months ago'],
    ['2030-01-01T00:00:00Z', 'now'],
    ['never', 'never'],
  ])('%s is %s', (iso, text) => {
    expect(english.ago(iso, Date.parse('2026-01-10T12:00:00Z'))).toBe(text);
  });
});

describe('the status bar item', () => {
  const status = (change: Partial<DaemonStatus>): DaemonStatus => ({
    peerId: 'me',
    name: 'Me',
    folder: '/photos',
    port: 5000,
    addresses: [],
    network: 'default',
    central: { peerId: 'me', name: 'Me', port: 5000, self: true },
    term: 1,
    health: 'ok',
    problems: [],
    scanning: null,
    comparing: null,
    photos: {
      local: 1,
      collection: 1,
      underReplicated: 0,
      redundant: 0,
      duplicateGroups: 0,
      duplicateBytes: 0,
      unreadable: 0,
    },
    bytes: { originals: 1, replicas: 0, quota: null },
    version: '1',
    ...change,
  });
  const scan = (done: number, total: number) => ({ scanning: { done, total, rate: 1, secondsLeft: 1 } });

  test.each(['noFolder', 'untrusted', 'notShared'] as const)('is not there in state %s', (state) => {
    expect(statusLook(state, undefined)).toBeUndefined();
  });

  test('spins while the daemon starts and while it scans', () => {
    expect(statusLook('starting', undefined)).toMatchObject({ icon: 'loading~spin', severity: 'none' });
    expect(statusLook('running', status(scan(1, 3)))).toEqual({ icon: 'sync~spin', severity: 'none', percent: 33 });
  });

  test('says 100 only when all is done, and nothing while nothing is counted', () => {
    expect(statusLook('running', status(scan(9_999, 10_000)))?.percent).toBe(99);
    expect(statusLook('running', status(scan(0, 0)))?.percent).toBeNull();
  });

  test('spins while photos are compared, not while pairs wait for a peer', () => {
    const comparing = (done: number) => status({ comparing: { done, total: 4, waiting: 2 } });
    expect(statusLook('running', comparing(1))).toEqual({ icon: 'sync~spin', severity: 'none', percent: 25 });
    expect(statusLook('running', comparing(4))).toEqual({ icon: 'device-camera', severity: 'none', percent: null });
    expect(statusLook('running', { ...comparing(1), ...scan(1, 2) })?.percent).toBe(50);
  });

  test('warns, and shows errors', () => {
    expect(statusLook('running', status({ health: 'warning' }))).toMatchObject({ severity: 'warning' });
    expect(statusLook('running', status({ health: 'error', ...scan(1, 2) }))).toMatchObject({ severity: 'error' });
    expect(statusLook('failed', undefined)).toMatchObject({ severity: 'error' });
    expect(statusLook('stopped', undefined)).toMatchObject({ severity: 'none', icon: 'debug-disconnect' });
    expect(statusLook('running', status({}))).toEqual({ icon: 'device-camera', severity: 'none', percent: null });
  });
});
