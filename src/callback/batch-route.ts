import type { Context } from 'koa';
import { deliveryTimeoutMs } from '../connections/device-web-socket.ts';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { discardBody, objectionTo } from '../http/body.ts';
import type { LongRequests } from '../http/long-requests.ts';
import { Problem } from '../http/problem.ts';
import { createRandomIds } from '../base/random-ids.ts';
import type { BatchOptions } from './batch.ts';
import { mediaType } from './batch-operation.ts';
import { Batch } from './batch.ts';
import { Relays } from './batch-relays.ts';
import { readBatchQuery, traceparentOf } from './message.ts';
import { hopHeader } from './owners.ts';

/** What all batches share. */
export interface BatchRouteOptions extends Omit<
  BatchOptions,
  'request' | 'response' | 'relays' | 'settings' | 'wasForwarded'
> {
  podClient: PodClient;
  maxPayloadBytes: number;
  longRequests: LongRequests;
}

const isBatch = /^\s*application\/x-ndjson\s*(;|$)/i;
/** How much longer the forwarding pod waits for a result than the owner waits for the device, ms. */
const answerMarginMs = 3000;

/** Answers `POST /callback`: one result line for each device of each line, while the request is still being sent. */
export function batchRoute(options: BatchRouteOptions): (ctx: Context) => Promise<void> {
  const drawBatchId = createRandomIds();
  const { maxPayloadBytes, longRequests, log } = options;

  const createBatch = (ctx: Context): Batch => {
    const { req: request, res: response } = ctx;
    requireBatch(ctx);
    const ackWithinMs = readBatchQuery(ctx);
    const traceparent = traceparentOf(ctx);
    const settings = { maxPayloadBytes, drawId: numbered(drawBatchId()), ackWithinMs, traceparent };
    const headers = { 'Content-Type': mediaType, ...(traceparent !== undefined && { traceparent }) };
    const answerWithinMs = deliveryTimeoutMs + (ackWithinMs ?? 0) + answerMarginMs;
    const relays = new Relays({ ...options, path: `/callback${ctx.search}`, headers, answerWithinMs });
    return new Batch({ ...options, request, response, relays, settings, wasForwarded: ctx.get(hopHeader) !== '' });
  };

  return async (ctx) => {
    let batch: Batch;
    try {
      batch = createBatch(ctx);
    } catch (error) {
      await discardBody(ctx.req);
      throw error;
    }
    ctx.respond = false; // the answer is written line by line, not as one body of Koa
    longRequests.add(ctx.req);
    ctx.res.writeHead(200, { 'Content-Type': mediaType }).flushHeaders(); // a client may wait for it before its first line
    try {
      await batch.run();
    } catch (error) {
      log.error({ err: error }, 'batch failed');
      ctx.res.destroy(); // it is too late for another status
    } finally {
      longRequests.delete(ctx.req);
    }
  };
}

/** Creates ids for the messages of one batch: the random id of the batch and a number. This is cheap, and the ids cannot be guessed. */
function numbered(batchId: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${batchId}-${count}`;
  };
}

function requireBatch(ctx: Context): void {
  if (!isBatch.test(ctx.get('Content-Type'))) {
    const detail = `the content type of a batch must be ${mediaType}`;
    const headers = { 'Accept-Post': mediaType };
    throw new Problem({ code: 'unsupported-media-type', detail, headers });
  }
  const objection = objectionTo(ctx.req);
  if (objection) throw objection;
  if (ctx.req.headers['if-match'] === undefined) return;
  const detail = 'If-Match is not allowed with a batch: it names one connection, and a batch is for many';
  throw new Problem({ code: 'bad-precondition', detail });
}
