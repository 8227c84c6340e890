/**
 * For the kubelet, Prometheus and operators, on the admin listener.
 *
 *   GET       /livez                               200 while the event loop runs
 *   GET       /readyz                              200 while new devices are welcome
 *   GET|POST  /pre-stop                            start the drain or join it; answers when it is over
 *   GET       /drain                               how far it is
 *   GET       /metrics                             Prometheus text
 *   GET       /connections?state=&prefix=&limit=   a page of this pod's connections
 *   GET       /machines/connection, /machines/pod  the charts, ?format=json|mermaid|svg
 */
import type Router from '@koa/router';
import type { StateValue } from 'xstate';
import { stateName } from '../../machines/state-name.ts';
import { describe } from '../callback/describe.ts';
import type { Clock } from '../clock.ts';
import type { Connections } from '../device/connections.ts';
import type { DeviceSocket } from '../device/socket.ts';
import type { DrainProgress, DrainReport } from '../drain-report.ts';
import { requireOwnPage } from '../http/browser-pages.ts';
import { createRouter } from '../http/operation.ts';
import { Problem } from '../http/problem.ts';
import { parseQuery } from '../http/query.ts';
import type { Metrics } from '../metrics.ts';
import type { MachineFormat } from './machines.ts';
import { formatMachine, machines } from './machines.ts';
import { adminOperations, connectionsQuery, machineQuery } from './operations.ts';

export interface AdminOptions {
  podId: string;
  connections: Connections;
  metrics: Metrics;
  clock: Clock;
  isReady: () => boolean;
  /** Starts the drain or joins the running one. */
  drain: () => Promise<DrainReport>;
  progress: () => DrainProgress;
}

const mediaTypes: Record<MachineFormat, string> = {
  json: 'application/json',
  mermaid: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
};

export function adminRoutes({ podId, connections, metrics, clock, isReady, drain, progress }: AdminOptions): Router {
  return createRouter(adminOperations, {
    livez(ctx) {
      ctx.body = { status: 'ok' };
    },

    readyz(ctx) {
      if (!isReady()) throw new Problem({ code: 'not-ready', detail: 'this pod is starting or draining' });
      ctx.body = { status: 'ok' };
    },

    async preStop(ctx) {
      requireOwnPage(ctx);
      ctx.body = await drain();
    },

    drain(ctx) {
      ctx.body = progress();
    },

    async metrics(ctx) {
      ctx.type = metrics.contentType;
      ctx.body = await metrics.text();
    },

    connections(ctx) {
      const { limit, state, prefix } = parseQuery(connectionsQuery, ctx.query);
      const isWanted = inState(state);
      const found = [];
      for (const socket of connections.all()) {
        if (found.length === limit) break;
        if (socket.deviceId.startsWith(prefix) && isWanted(socket)) found.push(describe(socket, podId, clock));
      }
      ctx.body = { total: connections.size, connections: found };
    },

    async machine(ctx) {
      const machine = machines.get(ctx.params['name'] ?? '');
      if (!machine)
        throw new Problem({ code: 'no-such-machine', detail: 'there is no such statechart. Use connection or pod' });
      const { format } = parseQuery(machineQuery, ctx.query);
      ctx.type = mediaTypes[format];
      ctx.body = await formatMachine(machine, format);
    },
  });
}

/** `registered` finds `registered.idle` too. Worked out once for all connections that share a state: there may be 100,000. */
function inState(state: string): (socket: DeviceSocket) => boolean {
  const known = new Map<StateValue, boolean>();
  return ({ stateValue }) => {
    const isKnown = known.get(stateValue);
    if (isKnown !== undefined) return isKnown;
    const name = stateName(stateValue);
    const fits = state === '' || name === state || name.startsWith(`${state}.`);
    known.set(stateValue, fits);
    return fits;
  };
}
