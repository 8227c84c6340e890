import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

const nowhere: DestinationStream = { write: () => {} };

/** Writes one JSON line for each entry to `destination`, by default nowhere. Bodies and credentials are never in it. */
export function createLogger(level: string, destination: DestinationStream = nowhere): Logger {
  const serializers = { err: describeError };
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, serializers }, destination);
}

/** Nothing but these: libraries hang more on their errors, ioredis for one the arguments of AUTH. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { name, message, code, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
