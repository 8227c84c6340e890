import type { Context } from 'koa';
import { z } from 'zod';
import type { Message } from '../connections/protocol/protocol.ts';
import { isMessageId, messageIdShape } from '@ws-connect/callback-client/internal/message-id';
import { traceparentShape } from '../http/headers.ts';
import { parseQuery, queryNumber, queryWord } from '../http/query.ts';

const defaultAckMs = 5000;

const messageId = z
  .string()
  .refine(isMessageId, 'must be 1 to 128 of A-Z a-z 0-9 . _ : -')
  .meta({ pattern: messageIdShape.source });

const ackParameters = z.strictObject({
  ack: queryWord('0', '1').default('0').describe('1: wait until the device has acknowledged the message'),
  timeoutMs: queryNumber(1, 30_000)
    .optional()
    .describe(`with ack=1: how long to wait for the acknowledgement, ms; by default ${defaultAckMs}`),
});

const withoutAck = { error: 'is allowed only with ack=1', path: ['timeoutMs'] };
const isSound = ({ ack, timeoutMs }: z.infer<typeof ackParameters>) => ack === '1' || timeoutMs === undefined;

/** The query parameters for the message in the body. */
export const messageQuery = ackParameters
  .extend({
    id: messageId
      .optional()
      .describe('id of the message in the frame and in the acknowledgement; by default a random id'),
  })
  .refine(isSound, withoutAck);

/** The query parameters for all messages of a batch. There is no id, because each line can have its own. */
export const batchQuery = ackParameters.refine(isSound, withoutAck);

interface QueryOptions {
  id: string | undefined;
  ackWithinMs: number | undefined;
}

const nothingSaid: QueryOptions = { id: undefined, ackWithinMs: undefined };

/** Creates a message from a request and its body. Throws a `Problem` 400 for an invalid query. */
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

/** The `traceparent` header (W3C Trace Context). Undefined if there is none or it is malformed. */
export function traceparentOf({ req }: Context): string | undefined {
  const { traceparent } = req.headers;
  return typeof traceparent === 'string' && traceparentShape.test(traceparent) ? traceparent : undefined;
}

/** How long each message of a batch waits for its acknowledgement, ms; undefined: not at all. Throws a `Problem` 400. */
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
