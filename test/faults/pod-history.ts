/** Turns the log of a pod, at debug level, into facts. */
import type { LogLine } from '../support/process.ts';
import type { PodFact } from './history.ts';

/**
 * The fact a log line tells, if it tells one. The lines that do:
 *
 *   ready
 *   connection opened    deviceId traceId, and remotePort when the device was still there
 *   connection ended     deviceId traceId code reason
 *   connection crashed   deviceId traceId
 *   drain began
 *   drain over           outcome
 *   stopped              exitCode
 *
 * Each with `podId` and `time`, ISO 8601 UTC, by a clock that is `clockError` ms ahead. Throws when one of them lacks what it
 * needs.
 */
export function podFact(line: LogLine, clockError = 0): PodFact | undefined {
  const tell = facts.get(line.msg);
  if (!tell) return undefined;
  return tell({ at: timeOf(line, clockError), podId: text(line, 'podId') }, line);
}

/** When the line was written, ms since 1970. */
export function timeOf(line: LogLine, clockError: number): number {
  const at = Date.parse(String(line['time'])) - clockError;
  if (!Number.isFinite(at)) throw new Error(`a log line without a time: ${JSON.stringify(line)}`);
  return at;
}

type Tell = (base: { at: number; podId: string }, line: LogLine) => PodFact;

const connection = (line: LogLine) => ({ deviceId: text(line, 'deviceId'), traceId: text(line, 'traceId') });

const facts = new Map<string, Tell>(
  Object.entries({
    ready: (base) => ({ type: 'pod.ready', ...base }),
    'connection opened': (base, line) => ({
      type: 'connection.opened',
      ...base,
      ...connection(line),
      ...(line['remotePort'] === undefined ? {} : { remotePort: number(line, 'remotePort') }),
    }),
    'connection ended': (base, line) => ({
      type: 'connection.ended',
      ...base,
      ...connection(line),
      code: number(line, 'code'),
      reason: text(line, 'reason'),
    }),
    'connection crashed': (base, line) => ({
      type: 'connection.ended',
      ...base,
      ...connection(line),
      code: 1011,
      reason: 'crashed',
    }),
    'drain began': (base) => ({ type: 'drain.began', ...base }),
    'drain over': (base, line) => ({ type: 'drain.over', ...base, outcome: text(line, 'outcome') }),
    stopped: (base, line) => ({ type: 'pod.stopped', ...base, exitCode: number(line, 'exitCode') }),
  } satisfies Record<string, Tell>),
);

function text(line: LogLine, name: string): string {
  const value = line[name];
  if (typeof value !== 'string') throw new Error(`"${line.msg}" without ${name}: ${JSON.stringify(line)}`);
  return value;
}

function number(line: LogLine, name: string): number {
  const value = line[name];
  if (typeof value !== 'number') throw new Error(`"${line.msg}" without ${name}: ${JSON.stringify(line)}`);
  return value;
}
