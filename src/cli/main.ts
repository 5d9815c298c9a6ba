import { CommanderError } from 'commander';
import { plainJson } from '../client/sanitize.ts';
import { systemCodeOf } from '../protocol/errors.ts';
import { failureOf } from '../protocol/failure.ts';
import { sayFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { processTerminal } from './terminal.ts';

/** Runs the command line `argv` (without program and script) and returns the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  const program = createProgram(terminal);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // Help and version were asked for and written.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const failure = sayFailure(thrown, { command: program.args[0], verbose: wantsDetails(argv) });
    terminal.writeError(`${failure.text}\n`);
    if (wantsJson(argv) && !terminal.used) await terminal.write(`${plainJson(failureOf(failure.error))}\n`);
    return failure.exitCode;
  }
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** Whether stack traces are wanted; looked for by hand because the command line may be what is wrong. */
function wantsDetails(argv: readonly string[]): boolean {
  return /(?:^| )--log-level[= ](?:debug|trace)(?: |$)/.test(argv.join(' '));
}

process.stdout.on('error', (error) => {
  // Who reads our output, such as `head`, may have had enough.
  if (systemCodeOf(error) === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
