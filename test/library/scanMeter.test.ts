import { expect, test } from 'vitest';
import { ScanMeter } from '../../src/daemon/library/scanMeter.ts';

test('there is progress only between begin and end, also of scans that wait for each other', () => {
  const meter = new ScanMeter();
  expect(meter.progress()).toBeNull();
  meter.begin();
  meter.begin();
  meter.end();
  expect(meter.progress()).toEqual({ done: 0, total: 0, rate: 0, secondsLeft: null });
  meter.end();
  expect(meter.progress()).toBeNull();
});

test('rate and time left come from the last seconds', () => {
  let now = 0;
  const meter = new ScanMeter(() => now);
  meter.begin();
  for (let n = 0; n < 1000; n++) meter.found();
  for (let n = 0; n < 200; n++) {
    now += 100;
    meter.finished(true);
  }
  expect(meter.progress()).toMatchObject({ done: 200, total: 1000, secondsLeft: null });
  meter.foundAll();
  const { rate = 0, secondsLeft = 0 } = meter.progress() ?? {};
  expect(rate).toBeCloseTo(10, 0);
  expect(secondsLeft).toBeGreaterThan(75);
  expect(secondsLeft).toBeLessThan(82);
  // Ten times as fast from here on: after the window, only that counts.
  for (let n = 0; n < 700; n++) {
    now += 15;
    meter.finished(true);
  }
  expect(meter.progress()?.rate).toBeGreaterThan(60);
});

test('what was known from before is done, but says nothing about the speed', () => {
  let now = 0;
  const meter = new ScanMeter(() => now);
  meter.begin();
  for (let n = 0; n < 100; n++) meter.found();
  for (let n = 0; n < 99; n++) meter.finished(false);
  meter.foundAll();
  now = 1000;
  expect(meter.progress()).toEqual({ done: 99, total: 100, rate: 0, secondsLeft: null });
});
