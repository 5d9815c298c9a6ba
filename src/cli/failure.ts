import { CommanderError } from 'commander';
import * as v from 'valibot';
import { shortId } from '../protocol/photo.ts';
import { AppError, exitCodeFor, toAppError } from '../protocol/errors.ts';
import { plainText } from '../client/sanitize.ts';

/** What a shell reports for a program that SIGINT ended. */
export const interruptedExitCode = 130;

/** What a command says when it failed, and the exit code that goes with it. */
export interface SaidFailure {
  readonly error: AppError;
  readonly exitCode: number;
  /** For people, on standard error; without a line break at the end. */
  readonly text: string;
}

/**
 * Puts any thrown value into words.
 * @param options.command the command that was given, whose help a wrong usage points to
 * @param options.verbose whether to add stack traces
 */
export function sayFailure(
  thrown: unknown,
  { command, verbose }: { command: string | undefined; verbose: boolean },
): SaidFailure {
  const error = thrown instanceof CommanderError ? usageError(thrown, command) : toAppError(thrown);
  const lines = [`photo-organizer: ${plainText(error.message)}`, ...candidateLines(error.data)];
  if (verbose && error.stack !== undefined) lines.push(...stackLines(error));
  return {
    error,
    exitCode: error.code === 'cancelled' ? interruptedExitCode : exitCodeFor(error.code),
    text: lines.join('\n'),
  };
}

/** commander says `error: unknown option '--x'`, and perhaps what is meant on a second line. */
function usageError(error: CommanderError, command: string | undefined): AppError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const sentence = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '');
  const hint = rest.map((line) => ` ${line.trim()}`).join('');
  const help = `See photo-organizer ${command === undefined ? '' : `${command} `}--help.`;
  return new AppError('usage', `${sentence}.${hint} ${help}`, { cause: error });
}

const CandidatesSchema = v.object({
  candidates: v.array(
    v.union([
      v.object({ id: v.string(), name: v.optional(v.string(), '') }),
      v.object({ peerId: v.string(), name: v.optional(v.string(), '') }),
    ]),
  ),
});

function candidateLines(data: unknown): string[] {
  const parsed = v.safeParse(CandidatesSchema, data);
  if (!parsed.success) return [];
  return parsed.output.candidates.map((one) =>
    plainText(`  ${'id' in one ? longEnough(one.id, parsed.output.candidates) : one.peerId}  ${one.name}`).trimEnd(),
  );
}

/** The id as short as it may be shown and still be told from every other candidate. */
function longEnough(id: string, candidates: readonly ({ id: string } | { peerId: string })[]): string {
  const others = candidates.flatMap((one) => ('id' in one && one.id !== id ? [one.id] : []));
  let length = shortId(id).length;
  while (length < id.length && others.some((other) => other.startsWith(id.slice(0, length)))) length++;
  return id.slice(0, length);
}

function stackLines(error: Error): string[] {
  const own = (error.stack ?? '').split('\n').map(plainText);
  return error.cause instanceof Error ? [...own, 'Caused by:', ...stackLines(error.cause)] : own;
}
