import { Followers } from '../admin/follow.ts';
import { requireKnownHost } from '../admin/known-hosts.ts';
import { liveRoutes } from '../admin/live-routes.ts';
import { Overviews } from '../admin/overview.ts';
import { pageRoutes } from '../admin/page-routes.ts';
import { adminRoutes } from '../admin/routes.ts';
import type { HttpServer } from '../http/app.ts';
import { createHttpServer } from '../http/app.ts';
import type { Life } from '../life.ts';
import type { Parts } from '../parts.ts';

/** Closing it ends what somebody looks at all the time, too. */
export function createAdminListener(parts: Parts, life: Life): HttpServer {
  const { config, clock, log, metrics, registration, self, startedAt } = parts;
  const { connections, actor } = life;
  const { podId, drainPlan: plan } = config;
  const overviews = new Overviews({ podId, startedAt, plan, life, metrics, isRegistryUp: registration.isUp, clock });
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
    isReady: () => life.is('ready'),
    drain() {
      life.actor.send({ type: 'drain' });
      return life.report;
    },
    progress: life.progress,
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
