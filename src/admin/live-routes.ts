/**
 * What the operator page asks for, on the admin listener.
 *
 *   GET    /events                server-sent events: an `overview` every second
 *   GET    /events?device=ID      a `step` for every event that a connection of the device is told
 *   GET    /events?sample=N       the same of the next N connections, from their beginning to their end
 *   GET    /connections/DEVICE    all that is known of a device's connection, or which pod it is on
 *   DELETE /connections/DEVICE    close its connection on this pod with 4503; If-Match: "TRACEID" closes no other one
 *   GET    /pods                  the fleet, as the registry knows it
 */
import type { Context } from 'koa';
import type { z } from 'zod';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import { kicked } from '../../machines/disconnect.ts';
import type { ConnectionInFull, Elsewhere, FleetPod, Overview, Step } from '../../packages/console/page/wire.ts';
import { describe } from '../callback/describe.ts';
import type { Self } from '../context.ts';
import { isOf } from '../callback/owners.ts';
import { requireMatch, requirePrecondition } from '../callback/precondition.ts';
import { deviceIdOf } from '../callback/routes.ts';
import type { Clock } from '../base/clock.ts';
import { isoTime } from '../base/clock.ts';
import type { Connections } from '../connections/connections.ts';
import type { DeviceSocket } from '../connections/socket.ts';
import { requireOwnPage } from '../http/browser-pages.ts';
import { createRouter } from '../http/operation.ts';
import { badDeviceId, Problem } from '../http/problem.ts';
import { parseQuery } from '../http/query.ts';
import type { Registry } from '../registry/registry.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import { EventStream, streamHeaders } from './event-stream.ts';
import type { Followers, Whom } from './follow.ts';
import type { connectionInFull, knownPods, ownerOfDevice } from './live-operations.ts';
import { eventsQuery, liveOperations } from './live-operations.ts';
import type { Overviews } from './overview.ts';

export interface LiveOptions {
  self: Self;
  connections: Connections;
  registry: Registry;
  overviews: Overviews;
  followers: Followers;
  clock: Clock;
}

/** `end` ends the streams, which otherwise last as long as their readers. */
export function liveRoutes({ self, connections, registry, overviews, followers, clock }: LiveOptions) {
  const streams = new Set<EventStream>();

  /** Answers with a stream that `begin` feeds until its reader leaves. */
  const stream = (ctx: Context, begin: (stream: EventStream) => () => void): void => {
    ctx.set(streamHeaders);
    ctx.status = 200;
    if (ctx.method === 'HEAD') return; // there is no more to it
    const open = new EventStream(ctx, clock, () => {
      streams.delete(open);
      stop();
    });
    streams.add(open);
    const stop = begin(open);
  };

  const router = createRouter(liveOperations, {
    events(ctx) {
      const whom = whomOf(ctx);
      if (!whom) return stream(ctx, (open) => overviews.look((overview: Overview) => open.send('overview', overview)));
      if (followers.isFull) {
        const detail = 'too many clients already follow connections of this pod';
        throw new Problem({ code: 'too-many-followers', detail, headers: { 'Retry-After': '5' } });
      }
      stream(ctx, (open) =>
        followers.follow(whom, { step: (step: Step) => open.send('step', step), over: () => open.end() }),
      );
    },

    async connectionInFull(ctx) {
      const deviceId = deviceIdOf(ctx);
      const socket = connections.get(deviceId);
      if (socket) ctx.body = inFull(socket, self.podId, clock) satisfies ConnectionInFull;
      else ctx.body = (await ownerOf(deviceId, registry, self)) satisfies Elsewhere;
    },

    close(ctx) {
      const socket = connections.get(deviceIdOf(ctx));
      requireOwnPage(ctx);
      requirePrecondition(ctx.req.headers);
      if (!socket) throw notHere();
      requireMatch(ctx.headers['if-match'], socket.traceId);
      socket.close(kicked);
      ctx.status = 204;
    },

    async pods(ctx) {
      const pods = await registry.pods().catch(unavailable);
      const fleet: z.infer<typeof knownPods> = { pods: pods.sort((a, b) => a.startedAt.localeCompare(b.startedAt)) };
      ctx.body = fleet satisfies { pods: FleetPod[] };
    },
  });

  return {
    router,
    /** With one more overview, of how it ended. */
    async end(): Promise<void> {
      await overviews.last();
      for (const open of streams) open.end();
    },
  };
}

/** Whom the query asks to follow; undefined: nobody. */
function whomOf({ query }: Context): Whom | undefined {
  const { device, sample } = parseQuery(eventsQuery, query);
  if (sample !== undefined) return { sample };
  if (device === undefined) return undefined;
  if (!isDeviceId(device)) throw badDeviceId();
  return { deviceId: device };
}

function inFull(socket: DeviceSocket, podId: string, clock: Clock): z.infer<typeof connectionInFull> {
  return {
    ...describe(socket, podId, clock),
    at: isoTime(clock, clock.now()),
    subprotocol: socket.subprotocol,
    since: isoTime(clock, socket.movedAt),
    cause: socket.cause,
    next: socket.deadlines().map(({ what, time }) => ({ what, at: isoTime(clock, time) })),
    bytes: socket.bytes(),
  };
}

/** Throws 404 when no other pod has it. An entry of this pod is that of a connection which is just ending, or has. */
async function ownerOf(deviceId: string, registry: Registry, self: Self): Promise<z.infer<typeof ownerOfDevice>> {
  const [entry] = await registry.lookup([deviceId]);
  if (entry instanceof RegistryUnavailable) throw unavailable();
  if (!entry || isOf(self, entry)) throw notHere();
  const { serverIp, port, podId, traceId } = entry;
  return { deviceId, owner: { serverIp, port, podId, traceId } };
}

function notHere(): Problem {
  return new Problem({ code: 'not-connected', detail: 'the device is not connected to this pod' });
}

function unavailable(): never {
  throw new Problem({
    code: 'registry-unavailable',
    detail: 'the registry did not answer',
    headers: { 'Retry-After': '1' },
  });
}
