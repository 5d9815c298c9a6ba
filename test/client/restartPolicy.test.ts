import { expect, test } from 'vitest';
import { crashWindow, maxCrashes, RestartPolicy } from '../../src/client/restartPolicy.ts';

test('the fifth crash within three minutes stops, those before wait longer each time', () => {
  const policy = new RestartPolicy();
  const decisions = Array.from({ length: maxCrashes }, (_one, n) => policy.crashed(n * 1000));
  expect(decisions.slice(0, 4)).toEqual([250, 500, 1000, 2000].map((delay) => ({ restart: true, delay })));
  expect(decisions[4]).toEqual({ restart: false });
  expect(policy.crashed(maxCrashes * 1000)).toEqual({ restart: false });
});

test('crashes that are rare are always followed by a start', () => {
  const policy = new RestartPolicy();
  for (let n = 0; n < 100; n++) {
    // Four in each window: one more would stop.
    const { restart } = policy.crashed((n * crashWindow) / (maxCrashes - 1));
    expect(restart).toBe(true);
  }
});

test('old crashes are forgotten, and all of them when a person starts the daemon', () => {
  const policy = new RestartPolicy();
  for (let n = 0; n < 4; n++) policy.crashed(n);
  expect(policy.crashed(crashWindow + 4)).toEqual({ restart: true, delay: 250 });
  for (let n = 0; n < 4; n++) policy.crashed(crashWindow + 5);
  expect(policy.crashed(crashWindow + 5)).toEqual({ restart: false });
  policy.reset();
  expect(policy.crashed(crashWindow + 6)).toEqual({ restart: true, delay: 250 });
});
