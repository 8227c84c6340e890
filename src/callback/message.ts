import type { Context } from 'koa';
import type { Message } from '../device/protocol/protocol.ts';
import { Problem } from '../http/problem.ts';

const defaultAckMs = 5000;
const maxAckMs = 30_000;
const parameters = new Set(['id', 'ack', 'timeoutMs']);

/** W3C Trace Context §3.2.2; one that is not so starts no trace and is left out (§4.3). */
const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Is this a name for a message: 1 to 128 of A-Z a-z 0-9 . _ : -? */
export function isMessageId(text: string): boolean {
  return /^[A-Za-z0-9._:-]{1,128}$/.test(text);
}

/** Makes the message of a request and its body. Throws a `Problem` 400 for a query that cannot be meant so. */
export function createReadMessage(drawId: () => string) {
  return (ctx: Context, body: Buffer): Message => {
    const { 'content-type': contentType = '' } = ctx.req.headers;
    const options = ctx.search === '' ? {} : readQuery(ctx.query);
    return {
      body,
      contentType,
      id: options.id ?? drawId(),
      ackWithinMs: options.ackWithinMs,
      traceparent: traceparentOf(ctx),
    };
  };
}

/** The trace that a request belongs to, if it says so. */
export function traceparentOf({ req }: Context): string | undefined {
  const { traceparent } = req.headers;
  return typeof traceparent === 'string' && traceparentShape.test(traceparent) ? traceparent : undefined;
}

/** How long each message of a batch waits for its acknowledgement, ms, by the query. Throws a `Problem` 400. */
export function readBatchQuery({ query }: Context): number | undefined {
  const { id, ackWithinMs } = readQuery(query);
  if (id !== undefined) throw badQuery('the lines of a batch name their messages themselves');
  return ackWithinMs;
}

function readQuery(query: Context['query']): { id?: string | undefined; ackWithinMs?: number | undefined } {
  for (const [name, value] of Object.entries(query)) {
    if (!parameters.has(name)) throw badQuery('the parameters are id, ack and timeoutMs');
    if (typeof value !== 'string') throw badQuery(`${name} is given more than once`);
  }
  const { id, ack = '0', timeoutMs } = query as Record<string, string | undefined>;
  if (id !== undefined && !isMessageId(id)) throw badQuery('an id is 1 to 128 of A-Z a-z 0-9 . _ : -');
  if (ack !== '0' && ack !== '1') throw badQuery('ack is 1 or 0');
  if (ack === '0' && timeoutMs !== undefined) throw badQuery('timeoutMs is for ack=1');
  return { id, ackWithinMs: ack === '1' ? ackTime(timeoutMs) : undefined };
}

function ackTime(text = String(defaultAckMs)): number {
  const ms = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (ms < 1 || ms > maxAckMs) throw badQuery(`timeoutMs is a number from 1 to ${maxAckMs}`);
  return ms;
}

function badQuery(detail: string): Problem {
  return new Problem({ status: 400, code: 'bad-query', detail });
}
