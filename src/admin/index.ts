import type { PodContext, Self } from '../context.ts';
import type { PodRuntime } from '../drain/pod-runtime.ts';
import type { HttpServer } from '../http/app.ts';
import { createHttpServer } from '../http/app.ts';
import type { Registration } from '../registry/registration.ts';
import { Followers } from './follow.ts';
import { requireKnownHost } from './known-hosts.ts';
import { liveRoutes } from './live-routes.ts';
import { Overviews } from './overview.ts';
import { pageRoutes } from './page-routes.ts';
import { adminRoutes } from './routes.ts';

export interface AdminListenerOptions {
  runtime: PodRuntime;
  registration: Registration;
  self: Self;
  /** When the pod was started, ISO 8601 UTC. */
  startedAt: string;
}

/** The server for the kubelet, Prometheus and operators, on ADMIN_PORT. Closing it also ends the event streams. */
export function createAdminListener(context: PodContext, options: AdminListenerOptions): HttpServer {
  const { config, clock, log, metrics } = context;
  const { runtime, registration, self, startedAt } = options;
  const { connections, actor } = runtime;
  const { podId, drainPlan: plan } = config;
  const overviews = new Overviews({ podId, startedAt, plan, runtime, metrics, isRegistryUp: registration.isUp, clock });
  const followers = new Followers({
    inspect: (observer) => actor.system.inspect(observer),
    connections: () => connections.all(),
    clock,
  });
  const live = liveRoutes({
    self,
    connections,
    registry: registration.registry,
    overviews,
    followers,
    clock,
  });
  const router = adminRoutes({
    podId,
    connections,
    metrics,
    clock,
    isReady: () => runtime.is('ready'),
    drain() {
      actor.send({ type: 'drain' });
      return runtime.report;
    },
    progress: runtime.progress,
  });
  router.use(live.router.routes(), pageRoutes().routes());
  const { server, close } = createHttpServer(router, log, { guard: requireKnownHost(config.adminHosts) });
  return {
    server,
    async close(withinMs) {
      await live.end();
      await close(withinMs);
    },
  };
}
