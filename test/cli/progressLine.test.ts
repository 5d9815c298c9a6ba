import { expect, test } from 'vitest';
import { compareText, fetchText, ProgressLine } from '../../src/cli/progressLine.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

test('shows how far, how fast and how long', () => {
  expect(fetchText({ received: 25_000_000, size: 100_000_000 }, 5)).toBe(
    '[======                  ] 25 %  25 MB of 100 MB, 5.0 MB/s, 15 s left',
  );
  expect(fetchText({ received: 0, size: 1000 }, 0)).toBe('[                        ] 0 %  0 B of 1.0 kB, 0 B/s');
  expect(fetchText({ received: 1000, size: 1000 }, 1)).toBe(
    '[========================] 100 %  1.0 kB of 1.0 kB, 1.0 kB/s',
  );
  expect(fetchText({ received: 2000, size: 1000 }, 1)).toContain('] 100 %');
  expect(compareText({ done: 1500, total: 3000, waiting: 0 })).toBe(
    '[============            ] 50 %  1,500 of 3,000 photos compared',
  );
  expect(compareText({ done: 0, total: 0, waiting: 0 })).toContain('] 0 %');
});

function terminal(watched: boolean): Terminal & { text: string } {
  return {
    width: 80,
    watched,
    used: false,
    text: '',
    async write() {},
    writeError(text) {
      this.text += text;
    },
    style: (_format, text) => text,
  };
}

test('draws on one line, not too often, and takes it away', () => {
  const shown = terminal(true);
  {
    using line = new ProgressLine(shown, fetchText);
    for (let received = 1; received <= 1000; received++) line.update({ received, size: 1000 });
  }
  expect(shown.text.split('\r').length).toBeLessThan(20);
  expect(shown.text).toContain('0 %');
  expect(shown.text.endsWith('\r\u001b[K')).toBe(true);
  expect(shown.text).not.toContain('\n');
});

test('writes nothing where nobody watches, nor when nothing came', () => {
  for (const silent of [terminal(false), terminal(true)]) {
    using line = new ProgressLine(silent, fetchText);
    if (!silent.watched) line.update({ received: 1, size: 2 });
    line[Symbol.dispose]();
    expect(silent.text).toBe('');
  }
});
