import type { ProblemCode } from '../../../src/http/problems.ts';
import { kindOf } from '../../../src/http/problems.ts';

/** What a step sends, as data: it can be sent by Node or by curl, and be shown as a command. */
export interface WalkRequest {
  /** GET, or POST when there is a body. */
  method?: string;
  /** Path and query, as they stand in the request. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** The name of one of `walkFiles`, as a body. */
  file?: keyof typeof walkFiles;
}

/** One request of a walk and what has to come back. */
export interface Step<Place extends string> {
  /** Where it is sent to. */
  to: Place;
  request: WalkRequest;
  /** The problem, or the status when all is well. */
  answer: ProblemCode | 200 | 204 | 304;
  /** When that is answered, if it is no problem. */
  when?: string;
}

export const walkFiles = {
  'latin-1.txt': Buffer.from('Licht für alle\n', 'latin1'),
  'batch.ndjson': Buffer.from(
    '{"deviceId":"lamp-1","data":"hello"}\n{"deviceIds":["lamp-2","lamp-0"],"base64":"AAEC"}\n',
  ),
  'large.bin': Buffer.alloc(65_537),
};

export function methodOf({ method, body, file }: WalkRequest): string {
  return method ?? (body === undefined && file === undefined ? 'GET' : 'POST');
}

export function statusOf({ answer }: Pick<Step<string>, 'answer'>): number {
  return typeof answer === 'number' ? answer : kindOf(answer).status;
}
