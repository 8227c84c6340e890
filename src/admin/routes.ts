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
import Router from '@koa/router';
import { describe } from '../callback/routes.ts';
import type { Clock } from '../clock.ts';
import type { Connections } from '../device/connections.ts';
import type { DrainProgress, DrainReport } from '../drain.ts';
import { Problem } from '../http/problem.ts';
import type { Metrics } from '../metrics.ts';
import type { MachineFormat } from './machines.ts';
import { formatMachine, isMachineFormat, machineFormats, machines } from './machines.ts';

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
const defaultLimit = 100;
const maxLimit = 1000;

export function adminRoutes({ podId, connections, metrics, clock, isReady, drain, progress }: AdminOptions): Router {
  const router = new Router();

  router.get('/livez', (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', (ctx) => {
    if (!isReady()) throw new Problem({ status: 503, code: 'not-ready', detail: 'this pod is starting or draining' });
    ctx.body = { status: 'ok' };
  });

  router.register('/pre-stop', ['GET', 'POST'], async (ctx) => {
    ctx.body = await drain();
  });

  router.get('/drain', (ctx) => {
    ctx.body = progress();
  });

  router.get('/metrics', async (ctx) => {
    ctx.type = metrics.contentType;
    ctx.body = await metrics.text();
  });

  router.get('/connections', (ctx) => {
    const { state = '', prefix = '', limit = String(defaultLimit) } = ctx.query;
    const filter = { state: single('state', state), prefix: single('prefix', prefix) };
    const page = parseLimit(single('limit', limit));
    const found = [];
    for (const socket of connections.all()) {
      if (found.length === page) break;
      if (matches(socket, filter)) found.push(describe(socket, podId, clock));
    }
    ctx.body = { total: connections.size, connections: found };
  });

  router.get('/machines/:name', async (ctx) => {
    const machine = machines.get(ctx.params['name'] ?? '');
    if (!machine) throw new Problem({ status: 404, code: 'no-such-machine', detail: 'there are connection and pod' });
    const { format = 'json' } = ctx.query;
    if (!isMachineFormat(format)) throw badQuery(`format is ${machineFormats.join(', ')}`);
    ctx.type = mediaTypes[format];
    ctx.body = await formatMachine(machine, format);
  });

  return router;
}

/** `registered` finds `registered.idle` too. */
function matches(socket: { state: string; deviceId: string }, { state, prefix }: { state: string; prefix: string }) {
  const inState = state === '' || socket.state === state || socket.state.startsWith(`${state}.`);
  return inState && socket.deviceId.startsWith(prefix);
}

function single(name: string, value: string | string[]): string {
  if (Array.isArray(value)) throw badQuery(`${name} is given more than once`);
  return value;
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxLimit) throw badQuery(`limit is a number from 1 to ${maxLimit}`);
  return limit;
}

function badQuery(detail: string): Problem {
  return new Problem({ status: 400, code: 'bad-query', detail });
}
