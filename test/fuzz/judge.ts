/** What is wrong with a reply of the pod, in a sentence; undefined: nothing. */
import { parseServerFrame } from '../support/rfc6455/frames.ts';
import type { FuzzCase } from './fuzz-case.ts';
import { bytesOf } from './fuzz-case.ts';
import type { Reply } from './play.ts';

export function judge(fuzzCase: FuzzCase, { received, isWhole }: Reply): string | undefined {
  if (received.includes('"code":"internal-error"')) return 'an internal error was answered';
  const mayLackBody = bytesOf(fuzzCase).includes('HEAD'); // then a body may be missing, and where an answer ends is unknown
  let rest = received;
  while (rest.length > 0) {
    const head = parseHead(rest);
    if (!head) return isWhole ? `the answer has no whole head: ${excerpt(rest)}` : undefined;
    if (typeof head === 'string') return head;
    if (head.status === 101) return judgeFrames(rest.subarray(head.size));
    if (head.status === 500) return `500 was answered: ${excerpt(rest)}`;
    if (mayLackBody) return undefined;
    const body = parseBody(head, rest.subarray(head.size));
    if (!body) return isWhole && !isChunked(head) ? `the answer is cut off: ${excerpt(rest)}` : undefined;
    const wrong = judgeProblem(head, body.content);
    if (wrong !== undefined) return `${wrong}: ${excerpt(rest)}`;
    rest = rest.subarray(head.size + body.size);
  }
  return undefined;
}

interface Head {
  status: number;
  /** Names in lower case. */
  headers: Map<string, string>;
  size: number;
}

/** Undefined: it is not whole. */
function parseHead(bytes: Buffer): Head | string | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first)?.[1];
  if (status === undefined) return `this is no status line: ${excerpt(bytes)}`;
  const broken = lines.find((line) => !/^[\w-]+: ?[ -~]*$/.test(line));
  if (broken !== undefined) return `this is no header: ${JSON.stringify(broken)}`;
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]+: ?/, '')]),
  );
  return { status: Number(status), headers, size: end + 4 };
}

/** Chunks without an end tell by themselves that something went wrong on the way (RFC 9112 §8). */
function isChunked({ headers }: Pick<Head, 'headers'>): boolean {
  return headers.get('transfer-encoding') === 'chunked';
}

/** Undefined: it is not whole. */
function parseBody({ status, headers }: Head, bytes: Buffer): { content: Buffer; size: number } | undefined {
  const nothing = { content: Buffer.alloc(0), size: 0 };
  if (status < 200 || status === 204 || status === 304) return nothing;
  if (isChunked({ headers })) return parseChunks(bytes);
  const length = headers.get('content-length');
  const size = length === undefined ? bytes.length : Number(length); // without a length it goes on to the end
  return bytes.length < size ? undefined : { content: bytes.subarray(0, size), size };
}

function parseChunks(bytes: Buffer): { content: Buffer; size: number } | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + length;
    if (bytes.length < end + 2) return undefined;
    if (length === 0) return { content: Buffer.concat(pieces), size: end + 2 };
    pieces.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

/** RFC 9457. */
function judgeProblem({ status, headers }: Head, body: Buffer): string | undefined {
  if (status < 400) return undefined;
  if (headers.get('content-type') !== 'application/problem+json') return `${status} is no problem+json`;
  try {
    const problem = JSON.parse(body.toString()) as { status?: unknown; code?: unknown };
    if (problem.status === status && typeof problem.code === 'string') return undefined;
  } catch {
    // it is said below
  }
  return `${status} comes with another problem`;
}

const closeCodes = (code: number) =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);

/** RFC 6455 §5: whatever a device sends, what it gets are proper frames, and a close frame is the last. */
function judgeFrames(bytes: Buffer): string | undefined {
  let rest = bytes;
  for (;;) {
    const parsed = parseServerFrame(rest);
    if (!parsed) return undefined; // the rest of it was still under way
    const { fin, rsv, opcode, isMasked, payload } = parsed.value;
    if (!fin || rsv !== 0 || isMasked || ![1, 2, 8, 9, 10].includes(opcode))
      return `this is no frame of a server: ${excerpt(rest)}`;
    rest = rest.subarray(parsed.size);
    if (opcode !== 8) continue;
    if (payload.length > 0 && !closeCodes(payload.readUInt16BE(0)))
      return `the pod closed with ${payload.readUInt16BE(0)}`;
    return rest.length > 0 ? `something came after a close frame: ${excerpt(rest)}` : undefined;
  }
}

function excerpt(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 200));
}
