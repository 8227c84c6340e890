/**
 * What services ask of a device, on the callback listener.
 *
 *   POST   /callback             push many messages to many devices, see batch.ts; ?ack=1&timeoutMs=N is for each of them
 *   POST   /callback/DEVICE      push the body to the device; ?id=ID names it, ?ack=1&timeoutMs=N waits until the device has it
 *   GET    /connections/DEVICE   is it connected, where and since when (HEAD: just whether); ?ping=1 pings it first
 *   DELETE /connections/DEVICE   close its connection; ?reason=superseded is how pods tell each other that the device has moved
 *   GET    /openapi.json         this listener and the admin one, in full in operations.ts
 *   GET    /asyncapi.json        the device side
 *
 * A device on another pod is answered for by that pod, see forward.ts.
 */
import type Router from '@koa/router';
import type { Context } from 'koa';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { kicked } from '../../machines/disconnect.ts';
import type { Clock } from '../clock.ts';
import type { Connections } from '../device/connections.ts';
import type { DeviceSocket } from '../device/socket.ts';
import { createRandomIds } from '../random-ids.ts';
import { readBody } from '../http/body.ts';
import type { Handle } from '../http/operation.ts';
import { createRouter } from '../http/operation.ts';
import { badDeviceId, Problem } from '../http/problem.ts';
import { parseQuery } from '../http/query.ts';
import type { Metrics } from '../metrics.ts';
import { deliver } from './deliver.ts';
import { describe } from './describe.ts';
import type { Forward } from './forward.ts';
import { createReadMessage } from './message.ts';
import { callbackOperations, connectionQuery, kickQuery } from './operations.ts';
import { requireMatch, requirePrecondition } from './precondition.ts';

export interface CallbackOptions {
  connections: Connections;
  forward: Forward;
  maxPayloadBytes: number;
  podId: string;
  /** This pod's `IP:PORT`. */
  self: () => string;
  metrics: Metrics;
  clock: Clock;
  /** Called before anything known of a connection is trusted. */
  checkFreeze: () => void;
  /** What is served at /openapi.json and /asyncapi.json. */
  documents: { openapi: () => object; asyncapi: () => object };
}

export function callbackRoutes(options: CallbackOptions, batch: Handle): Router {
  const { connections, forward, maxPayloadBytes, podId, clock, documents } = options;
  const readMessage = createReadMessage(createRandomIds());
  let self: string | undefined; // known once the pod listens

  /** The device's connection on this pod. One in doubt counts unless the registry knows another. */
  const find = async (deviceId: string): Promise<DeviceSocket | undefined> => {
    options.checkFreeze();
    const socket = connections.get(deviceId);
    if (!socket || socket.isTrusted) return socket;
    return (await forward.isUncontested(deviceId, socket.traceId)) ? socket : undefined;
  };

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
    const socket = await find(deviceId);
    if (!socket) {
      await forward(ctx, deviceId, body);
      return 'forwarded';
    }
    answerFor(ctx, socket);
    const outcome = await deliver(socket, message);
    if (outcome instanceof Problem) throw outcome;
    answerDelivered(ctx, socket, outcome);
    return outcome;
  };

  /** The hot path: the type is not worked out anew, and JSON leaves every character of these ids as it is. */
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
      const socket = await find(deviceId);
      if (!socket) return forward(ctx, deviceId);
      answerFor(ctx, socket);
      if (ping === '1' && !(await socket.isAlive())) throw noPong();
      ctx.body = describe(socket, podId, clock);
    },

    async kick(ctx) {
      const deviceId = deviceIdOf(ctx);
      const { reason } = parseQuery(kickQuery, ctx.query, 'bad-reason');
      requirePrecondition(ctx.req.headers);
      const socket = connections.get(deviceId); // also one in doubt
      if (!socket) return forward(ctx, deviceId);
      answerFor(ctx, socket);
      if (reason === 'kicked') socket.close(kicked);
      else socket.tell({ type: 'registry.superseded' });
      ctx.status = 204;
    },

    openapi: answerDocument(documents.openapi),
    asyncapi: answerDocument(documents.asyncapi),
  });
}

function noPong(): Problem {
  return new Problem({ code: 'no-pong', detail: 'the device gave no sign of life within 2 s after a ping' });
}

/** Answers with this, which is made when it is asked for the first time. */
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
