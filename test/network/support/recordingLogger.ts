import { logLevels, type Logger, type LogLevel } from '../../../src/daemon/base/logger.ts';

/** A log that tests look at: lines `level message`. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly string[];
}

export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const write =
    (level: LogLevel) =>
    (message: string, detail?: unknown): void => {
      const more = detail instanceof Error ? detail.message : JSON.stringify(detail);
      lines.push(`${level} ${message}${more === undefined ? '' : ` ${more}`}`);
    };
  const [error, warn, info, debug, trace] = logLevels.map(write);
  if (!error || !warn || !info || !debug || !trace) throw new Error('a log level is missing');
  const logger: RecordingLogger = { lines, error, warn, info, debug, trace, child: () => logger };
  return logger;
}
