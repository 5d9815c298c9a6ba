import { run } from './bootstrap.mjs';

await run('lint.ts');
