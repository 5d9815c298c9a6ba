import * as v from 'valibot';
import type { AppError } from './errors.ts';
import { errorCodes } from './errors.ts';

/** What a command (the daemon among them) writes with `--json` in the place of its result when it failed. */
export const FailureSchema = v.object({
  error: v.object({ code: v.picklist(errorCodes), message: v.string(), data: v.optional(v.unknown()) }),
});
export type Failure = v.InferOutput<typeof FailureSchema>;

/** An error as the value that programs read. */
export function failureOf({ code, message, data }: AppError): Failure {
  return { error: { code, message, ...(data === undefined ? {} : { data }) } };
}
