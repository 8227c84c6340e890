/**
 * The routes for services, on the callback port.
 *
 *   POST   /callback             send many messages to many devices, see batch.ts; ?ack=1&timeoutMs=N applies to each message
 *   POST   /callback/DEVICE      send the body to the device; ?id=ID names the message, ?ack=1&timeoutMs=N waits for its acknowledgement
 *   GET    /connections/DEVICE   whether, where and since when the device is connected (HEAD: only whether); ?ping=1 pings it first
 *   DELETE /connections/DEVICE   close its connection; another pod sends ?reason=superseded after a takeover
 *   GET    /openapi.json         OpenAPI document of the callback port and the admin port
 *   GET    /asyncapi.json        AsyncAPI document of the device port
 *
 * For a device on another pod the request is forwarded to that pod, see forward.ts.
 */
import type Router from '@koa/router';
import type { Context } from 'koa';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { kicked } from '../../machines/disconnect.ts';
import type { Clock } from '../base/clock.ts';
import type { Connections } from '../connections/connections.ts';
import type { Locate } from '../connections/locate.ts';
import { DeviceSocket } from '../connections/socket.ts';
import { createRandomIds } from '../base/random-ids.ts';
import { readBody } from '../http/body.ts';
import type { Handle } from '../http/operation.ts';
import { createRouter } from '../http/operation.ts';
import { badDeviceId, Problem } from '../http/problem.ts';
import { parseQuery } from '../http/query.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Entry } from '../registry/registry.ts';
import { deliver } from './deliver.ts';
import { describe } from './describe.ts';
import type { Forward } from './forward.ts';
import { createReadMessage } from './message.ts';
import { callbackOperations, connectionQuery, kickQuery } from './operations.ts';
import { requireMatch, requirePrecondition } from './precondition.ts';

export interface CallbackOptions {
  connections: Connections;
  locate: Locate;
  /** The entry of a device. Rejects when the registry does not answer. */
  entryOf: (deviceId: string) => Promise<Entry | undefined>;
  forward: Forward;
  maxPayloadBytes: number;
  podId: string;
  /** This pod's `IP:PORT`. */
  self: () => string;
  metrics: Metrics;
  clock: Clock;
  /** What is served at /openapi.json and /asyncapi.json. */
  documents: { openapi: () => object; asyncapi: () => object };
}

export function callbackRoutes(options: CallbackOptions, batch: Handle): Router {
  const { connections, locate, entryOf, forward, maxPayloadBytes, podId, clock, documents } = options;
  const readMessage = createReadMessage(createRandomIds());
  let self: string | undefined; // known once the pod listens

  /** Sets the headers of an answer about this connection, and checks `If-Match`. */
  const answerFor = ({ req, res }: Context, { traceId }: DeviceSocket): void => {
    self ??= options.self();
    res.setHeader('Ws-Connect-Pod', self);
    res.setHeader('ETag', `"${traceId}"`);
    requireMatch(req.headers['if-match'], traceId);
  };

  const push = async (ctx: Context): Promise<'delivered' | 'acked' | 'forwarded'> => {
    const deviceId = deviceIdOf(ctx);
    const body = await readBody(ctx.req, maxPayloadBytes);
    requirePrecondition(ctx.req.headers);
    const message = readMessage(ctx, body);
    const place = await locate(deviceId);
    if (!(place instanceof DeviceSocket)) {
      await forward(ctx, place, body);
      return 'forwarded';
    }
    answerFor(ctx, place);
    const outcome = await deliver(place, message);
    if (outcome instanceof Problem) throw outcome;
    answerDelivered(ctx, place, outcome);
    return outcome;
  };

  /** Answers a delivered message. This is a hot path: it sets the type itself, and JSON does not escape any character of these ids. */
  const answerDelivered = (ctx: Context, { deviceId, traceId }: DeviceSocket, outcome: string): void => {
    ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8');
    ctx.body = `{"deviceId":"${deviceId}","traceId":"${traceId}","podId":"${podId}","outcome":"${outcome}"}`;
  };

  return createRouter(callbackOperations, {
    message: (ctx) => counted(options, ctx, () => push(ctx)),

    batch,

    async connection(ctx) {
      const deviceId = deviceIdOf(ctx);
      const { ping } = parseQuery(connectionQuery, ctx.query);
      requirePrecondition(ctx.req.headers);
      const place = await locate(deviceId);
      if (!(place instanceof DeviceSocket)) return forward(ctx, place);
      answerFor(ctx, place);
      if (ping === '1' && !(await place.isAlive())) throw noPong();
      ctx.body = describe(place, podId, clock);
    },

    async kick(ctx) {
      const deviceId = deviceIdOf(ctx);
      const { reason } = parseQuery(kickQuery, ctx.query, 'bad-reason');
      requirePrecondition(ctx.req.headers);
      const socket = connections.get(deviceId); // also one that is not verified
      if (!socket) return forward(ctx, await entryOf(deviceId));
      answerFor(ctx, socket);
      if (reason === 'kicked') socket.close(kicked);
      else socket.tell({ type: 'connection.superseded' });
      ctx.status = 204;
    },

    openapi: answerDocument(documents.openapi),
    asyncapi: answerDocument(documents.asyncapi),
  });
}

function noPong(): Problem {
  return new Problem({ code: 'no-pong', detail: 'the device showed no sign of life within 2 s after a ping' });
}

/** Handles a route of a document. `make` is called at the first request. */
function answerDocument(make: () => object): Handle {
  let text: string | undefined;
  return (ctx) => {
    text ??= JSON.stringify(make());
    ctx.type = 'application/json';
    ctx.body = text;
  };
}

/** Counts and times one callback. */
async function counted(
  { metrics, clock }: CallbackOptions,
  { state }: Context,
  run: () => Promise<string>,
): Promise<void> {
  const startedAt = clock.now();
  let outcome = 'internal-error';
  try {
    outcome = await run();
    state['outcome'] = outcome; // for a trace
  } catch (error) {
    if (error instanceof Problem) outcome = error.code;
    throw error;
  } finally {
    metrics.callback(outcome, clock.now() - startedAt);
  }
}

export function deviceIdOf(ctx: Context & { params?: Record<string, string> }): string {
  const deviceId = ctx.params?.['deviceId'] ?? '';
  if (!isDeviceId(deviceId)) throw badDeviceId();
  return deviceId;
}
