import * as v from 'valibot';
import { ResponseError } from 'vscode-jsonrpc';
import { AppError, errorCodes, toAppError } from '../protocol/errors.ts';

const AnswerDataSchema = v.object({ code: v.picklist(errorCodes), data: v.optional(v.unknown()) });

/** The daemon's own error out of the answer to a request; any other failure as what its system code means. */
export function errorFromAnswer(error: unknown): AppError {
  if (!(error instanceof ResponseError)) return toAppError(error);
  const answer = v.safeParse(AnswerDataSchema, error.data);
  if (!answer.success) return new AppError('internal', error.message, { cause: error });
  return new AppError(answer.output.code, error.message, { cause: error, data: answer.output.data });
}
