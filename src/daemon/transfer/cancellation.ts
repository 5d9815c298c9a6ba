import { AppError } from '../../protocol/errors.ts';

/** The error of whatever ends because nobody wants it any more. */
export function cancelled(): AppError {
  return new AppError('cancelled', 'Cancelled.');
}

/**
 * What `promise` gives, or `cancelled` as soon as the signal is aborted; the promise goes on then.
 * @throws AppError `cancelled`; whatever the promise is rejected with
 */
export async function orCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw cancelled();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(cancelled());
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
