import { STATUS_CODES } from 'node:http';
import type { Problem } from './problem.ts';

/** A whole HTTP answer that is an error and ends its connection, for a socket that Node does not answer on any more. */
export function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  const headers = { Connection: 'close', ...problem.headers, 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`;
}
