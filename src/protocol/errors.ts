/**
 * Every error a person can meet, by code. The code is stable (it crosses the control API and the wire);
 * the message is one sentence that says what happened and what to do.
 */
export const errorCodes = [
  'usage',
  'not-found',
  'ambiguous',
  'daemon-unreachable',
  'refused',
  'target-exists',
  'no-holder-online',
  'disk-full',
  'not-a-folder',
  'no-permission',
  'port-taken',
  'already-running',
  'folder-unavailable',
  'corrupt',
  'protocol',
  'version-mismatch',
  'cancelled',
  'timeout',
  'unsupported-runtime',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The exit code of the `photo-organizer` command for each kind of failure. */
const exitCodes: Partial<Record<ErrorCode, number>> = {
  usage: 2,
  ambiguous: 2,
  'not-found': 3,
  'daemon-unreachable': 4,
  refused: 5,
  'target-exists': 5,
};

/** 0 done, 1 failed, 2 wrong usage, 3 not found, 4 daemon not reachable, 5 refused for safety. */
export function exitCodeFor(code: ErrorCode): number {
  return exitCodes[code] ?? 1;
}

/** An error with a code for programs and a sentence for people. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** Machine-readable detail, for example the candidates of an ambiguous id. JSON-serialisable. */
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; data?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options?.data;
  }

  /** Whether `error` is an {@link AppError}, optionally of one of `codes`. */
  static is(error: unknown, ...codes: ErrorCode[]): error is AppError {
    return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** The sentence of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`, `EADDRINUSE` ...), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `error` as an {@link AppError}: itself when it already is one, else wrapped with the code that its system code means. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const system = systemCodeOf(error);
  if (system === 'ENOSPC' || system === 'EDQUOT') {
    return new AppError('disk-full', 'The disk is full: free some space and try again.', { cause: error });
  }
  if (system === 'EACCES' || system === 'EPERM') {
    return new AppError('no-permission', `Permission denied: ${messageOf(error)}`, { cause: error });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new AppError('cancelled', 'Cancelled.', { cause: error });
  }
  return new AppError('internal', messageOf(error), { cause: error });
}
