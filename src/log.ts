import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

const stdout = 1;

/** One JSON line per entry, on stdout unless told otherwise. Bodies and tokens are never given to it. */
export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ fd: stdout, sync: true }), // in order, and nothing lost at exit
): Logger {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
