import { run } from './bootstrap.mjs';

await run('package.ts');
