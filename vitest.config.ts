import { defineConfig } from 'vitest/config';

// Two suites: `unit` needs nothing but this process; `daemon` starts real processes and sockets, one file at a time,
// because the port a daemon gets is part of what is tested.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{architecture,manifest,protocol,client,cli,library,network,catalogue,transfer,control,views,tools}/**/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'daemon',
          include: ['test/daemon/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
