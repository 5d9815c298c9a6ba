import * as v from 'valibot';
import { AppError } from '../protocol/errors.ts';
import { FailureSchema } from '../protocol/failure.ts';

/** Characters of an unexpected last line that are shown. */
const maxShown = 500;

/**
 * The error with which a daemon ended while it was starting, out of what it wrote.
 * @param text all of its output
 * @param exit how it ended, for people: `exit code 1`, `signal SIGKILL`
 * @param logFile where a person finds more
 */
export function startupError(text: string, exit: string, logFile: string): AppError {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  for (const line of lines.toReversed()) {
    const failure = v.safeParse(v.pipe(v.string(), v.parseJson(), FailureSchema), line);
    if (failure.success) {
      const { code, message, data } = failure.output.error;
      return new AppError(code, message, { data });
    }
  }
  const own = lines.findLast((line) => line.startsWith(ownPrefix));
  if (own !== undefined) return new AppError('internal', own.slice(ownPrefix.length));
  // Not a failure it foresaw: the last line of a stack trace says little, the first line of the error does.
  const thrown = lines.findLast((line) => /^(?:Uncaught )?(?:\w*Error)\b/.test(line)) ?? lines.at(-1);
  const last = thrown === undefined ? '' : `: ${thrown.slice(0, maxShown)}`;
  return new AppError('internal', `The daemon ended while it was starting (${exit})${last}. See ${logFile}.`);
}

const ownPrefix = 'photo-organizer: ';
