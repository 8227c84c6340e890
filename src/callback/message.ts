import type { Context } from 'koa';
import { z } from 'zod';
import { isMessageId, messageIdShape } from '@ws-connect/callback-client/internal/message-id';
import type { Message } from '../device/protocol/protocol.ts';
import { traceparentShape } from '../http/headers.ts';
import { parseQuery, queryNumber, queryWord } from '../http/query.ts';

const defaultAckMs = 5000;

const messageId = z
  .string()
  .refine(isMessageId, 'is 1 to 128 of A-Z a-z 0-9 . _ : -')
  .meta({ pattern: messageIdShape.source });

const ackParameters = z.strictObject({
  ack: queryWord('0', '1').default('0').describe('1: answer once the device has acknowledged the message'),
  timeoutMs: queryNumber(1, 30_000)
    .optional()
    .describe(`for ack=1: how long to wait for the acknowledgement; by default ${defaultAckMs}`),
});

const withoutAck = { error: 'is for ack=1', path: ['timeoutMs'] };
const isSound = ({ ack, timeoutMs }: z.infer<typeof ackParameters>) => ack === '1' || timeoutMs === undefined;

/** What a query says of the message in the body. */
export const messageQuery = ackParameters
  .extend({
    id: messageId
      .optional()
      .describe('what the message is called in the frame and in the acknowledgement; by default a random name'),
  })
  .refine(isSound, withoutAck);

/** What a query says of all messages of a batch, whose lines name them themselves. */
export const batchQuery = ackParameters.refine(isSound, withoutAck);

interface QueryOptions {
  id: string | undefined;
  ackWithinMs: number | undefined;
}

const nothingSaid: QueryOptions = { id: undefined, ackWithinMs: undefined };

/** Makes the message of a request and its body. Throws a `Problem` 400 for a query that cannot be meant so. */
export function createReadMessage(drawId: () => string) {
  return (ctx: Context, body: Buffer): Message => {
    const { 'content-type': contentType = '' } = ctx.req.headers;
    const { id, ackWithinMs } = ctx.search === '' ? nothingSaid : readQuery(ctx.query);
    return {
      body,
      contentType,
      id: id ?? drawId(),
      ackWithinMs,
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
  return ackTime(parseQuery(batchQuery, query));
}

function readQuery(query: Context['query']): QueryOptions {
  const { id, ...rest } = parseQuery(messageQuery, query);
  return { id, ackWithinMs: ackTime(rest) };
}

function ackTime({ ack, timeoutMs = defaultAckMs }: z.infer<typeof batchQuery>): number | undefined {
  return ack === '1' ? timeoutMs : undefined;
}
