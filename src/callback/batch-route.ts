import type { Context } from 'koa';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { deliveryTimeoutMs } from '../device/device-web-socket.ts';
import { discardBody, objectionTo } from '../http/body.ts';
import type { LongRequests } from '../http/long-requests.ts';
import { Problem } from '../http/problem.ts';
import { createRandomIds } from '../random-ids.ts';
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
/** By how much later than the pod itself its asker gives up on a device, ms. */
const answerMarginMs = 3000;

/** Answers `POST /callback`: a result line for each device of each line, while the lines still come. */
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
    ctx.respond = false; // Koa would answer with a whole body
    longRequests.add(ctx.req);
    ctx.res.writeHead(200, { 'Content-Type': mediaType }).flushHeaders(); // the caller may wait for it before the first line
    try {
      await batch.run();
    } catch (error) {
      log.error({ err: error }, 'batch failed');
      ctx.res.destroy(); // too late for another answer
    } finally {
      longRequests.delete(ctx.req);
    }
  };
}

/** Names of its own for the messages of one batch, which nobody else can guess either: each costs next to nothing. */
function numbered(batchId: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${batchId}-${count}`;
  };
}

function requireBatch(ctx: Context): void {
  if (!isBatch.test(ctx.get('Content-Type'))) {
    const detail = `messages to many devices come as ${mediaType}`;
    const headers = { 'Accept-Post': mediaType };
    throw new Problem({ code: 'unsupported-media-type', detail, headers });
  }
  const objection = objectionTo(ctx.req);
  if (objection) throw objection;
  if (ctx.req.headers['if-match'] === undefined) return;
  const detail = 'If-Match means one connection; a batch is for many';
  throw new Problem({ code: 'bad-precondition', detail });
}
