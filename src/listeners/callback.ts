import { hostPort, insideCidrs } from '@ws-connect/callback-client/internal/address';
import { requireNothing, requireToken } from '../callback/authenticate.ts';
import { batchRoute } from '../callback/batch-route.ts';
import { createForward } from '../callback/forward.ts';
import { createOwners } from '../callback/owners.ts';
import { callbackRoutes } from '../callback/routes.ts';
import { asyncapi } from '../documents/asyncapi.ts';
import { openapi } from '../documents/openapi.ts';
import type { HttpServer } from '../http/app.ts';
import { createHttpServer } from '../http/app.ts';
import { LongRequests } from '../http/long-requests.ts';
import type { Life } from '../life.ts';
import type { Parts } from '../parts.ts';

export function createCallbackListener(parts: Parts, life: Life): HttpServer {
  const { config, clock, freezeWatch, log, metrics, registration, podClient, self, closing, tracing } = parts;
  const { maxPayloadBytes } = config;
  const owners = createOwners({
    registry: registration.registry,
    log,
    self,
    isPodAddress: insideCidrs(config.podCidrs),
  });
  const longRequests = new LongRequests();
  const { connections } = life;
  const checkFreeze = () => freezeWatch.check();
  const shared = { connections, maxPayloadBytes, metrics, clock, checkFreeze };
  const routes = callbackRoutes(
    {
      ...shared,
      forward: createForward(owners, podClient),
      podId: self.podId,
      self: () => hostPort(self.serverIp, self.port()),
      documents: { openapi, asyncapi },
    },
    batchRoute({ ...shared, owners, podClient, longRequests, closing, log }),
  );
  const trace = tracing?.callbacks;
  const { callbackAuth, callbackTokens: tokens = [] } = config;
  const count = (path: string, code: string) => {
    if (path === '/callback' || path.startsWith('/callback/')) metrics.callback(code, 0);
  };
  const guard = callbackAuth === 'none' ? requireNothing(tokens, self, count) : requireToken(tokens, self, count);
  return createHttpServer(routes, log, { trace, longRequests, guard });
}
