import { configDefaults, defineConfig } from 'vitest/config';

// Three suites: `unit` needs nothing but this process; `daemon` starts real processes and sockets, one file at a time,
// because the port a daemon gets is part of what is tested; `e2e` looks at the window of a real VS Code.
// What is in test/extension runs inside VS Code, by mocha.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/{daemon,e2e,extension}/**'],
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
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
