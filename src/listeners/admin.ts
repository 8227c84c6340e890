import type { Server } from 'node:http';
import { Followers } from '../admin/follow.ts';
import { liveRoutes } from '../admin/live-routes.ts';
import { Overviews } from '../admin/overview.ts';
import { pageRoutes } from '../admin/page-routes.ts';
import { adminRoutes } from '../admin/routes.ts';
import { createHttpServer } from '../http/app.ts';
import type { Life } from '../life.ts';
import type { Parts } from '../parts.ts';

/** `end` ends what somebody looks at all the time. */
export function createAdminListener(parts: Parts, life: Life): { server: Server; end: () => Promise<void> } {
  const { config, clock, log, metrics, registration, self, startedAt } = parts;
  const { connections, actor } = life;
  const { POD_UID: podId, drainPlan: plan } = config;
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
  return { server: createHttpServer(router, log), end: () => live.end() };
}
