import { expect, test } from 'vitest';
import { startupError } from '../../src/client/startupLog.ts';

const told = (text: string) => startupError(text, 'exit code 1', '/state/startup.log');

test('the value for programs gives code, sentence and data', () => {
  const value = JSON.stringify({ error: { code: 'port-taken', message: 'Port 5000 is taken.', data: { port: 5000 } } });
  expect(told(`noise\nphoto-organizer: Port 5000 is taken.\n${value}\nmore noise\n`)).toMatchObject({
    code: 'port-taken',
    message: 'Port 5000 is taken.',
    data: { port: 5000 },
  });
});

test('without one the sentence for people is used', () => {
  expect(told('photo-organizer: It is cold.\n(node:1) Warning: x\n')).toMatchObject({
    code: 'internal',
    message: 'It is cold.',
  });
  expect(told('{"error":{"code":"made-up","message":"x"}}\nphoto-organizer: It is cold.').message).toBe('It is cold.');
});

test('a crash is told by its error, not by the end of its stack', () => {
  const trace =
    'file:///x.js:3\n  foo()\n  ^\n\nTypeError: foo is not a function\n    at x.js:3:1\n\nNode.js v24.0.0\n';
  expect(told(trace).message).toBe(
    'The daemon ended while it was starting (exit code 1): TypeError: foo is not a function. See /state/startup.log.',
  );
  expect(told('').message).toBe('The daemon ended while it was starting (exit code 1). See /state/startup.log.');
  expect(told('Segmentation fault\n').message).toContain('(exit code 1): Segmentation fault.');
  expect(told('x'.repeat(10_000)).message.length).toBeLessThan(1000);
});
