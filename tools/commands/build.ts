import { parseArgs } from 'node:util';
import { build, BuildError, watch } from '../build/build.ts';
import { table } from '../table.ts';

const { values } = parseArgs({
  options: {
    dev: { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
    sizes: { type: 'boolean', default: false },
  },
});

try {
  if (values.watch) {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    await watch({ development: true }, stop.signal);
  } else {
    const sizes = await build({ development: values.dev });
    if (values.sizes) {
      const rows = sizes.map(({ file, bytes, limit }) => [
        file,
        kibibytes(bytes),
        limit === null ? '' : kibibytes(limit),
      ]);
      console.log(table(['file', 'size', 'limit'], rows));
    }
  }
} catch (error) {
  // esbuild has already shown what it did not like.
  if (error instanceof BuildError) console.error(error.message);
  else if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exitCode = 1;
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
