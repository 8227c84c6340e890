import { hostPort, insideCidrs } from '../address.ts';
import { requireToken } from '../callback/authenticate.ts';
import { batchRoute } from '../callback/batch-route.ts';
import { createForward } from '../callback/forward.ts';
import { createOwners } from '../callback/owners.ts';
import { refusePages } from '../callback/refuse-pages.ts';
import { callbackRoutes } from '../callback/routes.ts';
import { asyncapi } from '../documents/asyncapi.ts';
import { openapi } from '../documents/openapi.ts';
import type { HttpServer } from '../http/app.ts';
import { createHttpServer } from '../http/app.ts';
import { LongRequests } from '../http/long-requests.ts';
import type { Life } from '../life.ts';
import type { Parts } from '../parts.ts';

export function createCallbackListener(parts: Parts, life: Life): HttpServer {
  const { config, clock, freezeWatch, log, metrics, registration, podClient, ports, closing, tracing } = parts;
  const { POD_IP: serverIp, POD_UID: podId, MAX_PAYLOAD_BYTES: maxPayloadBytes } = config;
  const owners = createOwners({
    registry: registration.registry,
    log,
    self: { podId, serverIp, port: () => ports.callbackPort },
    isPodAddress: insideCidrs(config.POD_CIDRS),
  });
  const longRequests = new LongRequests();
  const { connections } = life;
  const checkFreeze = () => freezeWatch.check();
  const shared = { connections, maxPayloadBytes, metrics, clock, checkFreeze };
  const routes = callbackRoutes(
    {
      ...shared,
      forward: createForward(owners, podClient),
      podId,
      self: () => hostPort(serverIp, ports.callbackPort),
      documents: { openapi, asyncapi },
    },
    batchRoute({ ...shared, owners, podClient, longRequests, closing, log }),
  );
  const trace = tracing?.callbacks;
  const count = (path: string, code: string) => {
    if (path === '/callback' || path.startsWith('/callback/')) metrics.callback(code, 0);
  };
  const guard = config.CALLBACK_AUTH === 'none' ? refusePages(count) : requireToken(config.CALLBACK_TOKENS!, count);
  return createHttpServer(routes, log, { trace, longRequests, guard });
}
