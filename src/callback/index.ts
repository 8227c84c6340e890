import { hostPort, insideCidrs } from '@ws-connect/callback-client/internal/address';
import { createLocate } from '../connections/locate.ts';
import type { StallDetector } from '../connections/stall-detector.ts';
import type { PodContext, Self } from '../context.ts';
import type { PodRuntime } from '../drain/pod-runtime.ts';
import type { HttpServer } from '../http/app.ts';
import { createHttpServer } from '../http/app.ts';
import { LongRequests } from '../http/long-requests.ts';
import type { Registration } from '../registry/registration.ts';
import { requireNothing, requireToken } from './authenticate.ts';
import { batchRoute } from './batch-route.ts';
import { createForward } from './forward.ts';
import { createOwners } from './owners.ts';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { callbackRoutes } from './routes.ts';

export interface CallbackListenerOptions {
  runtime: PodRuntime;
  registration: Registration;
  podClient: PodClient;
  stallDetector: StallDetector;
  self: Self;
  /** What is served at /openapi.json and /asyncapi.json. */
  documents: { openapi: () => object; asyncapi: () => object };
  /** Aborted when the pod closes: requests that have no end of their own must end then. */
  closing: AbortSignal;
}

/** The server for services and other pods, on CALLBACK_PORT. */
export function createCallbackListener(context: PodContext, options: CallbackListenerOptions): HttpServer {
  const { config, clock, log, metrics } = context;
  const { runtime, registration, podClient, stallDetector, self, documents, closing } = options;
  const { maxPayloadBytes, callbackAuth, callbackTokens: tokens = [] } = config;
  const { connections } = runtime;
  const { registry } = registration;
  const owners = createOwners({ registry, log, self, isPodAddress: insideCidrs(config.podCidrs) });
  const entryOf = (deviceId: string) => owners.entryOf(deviceId);
  const locate = createLocate({ connections, stallDetector, lookUp: entryOf });
  const longRequests = new LongRequests();
  const routes = callbackRoutes(
    {
      connections,
      locate,
      entryOf,
      maxPayloadBytes,
      metrics,
      clock,
      forward: createForward(owners, podClient),
      podId: self.podId,
      self: () => hostPort(self.serverIp, self.port()),
      documents,
    },
    batchRoute({ locate, maxPayloadBytes, metrics, clock, owners, podClient, longRequests, closing, log }),
  );
  const count = (path: string, code: string) => {
    if (path === '/callback' || path.startsWith('/callback/')) metrics.callback(code, 0);
  };
  const guard = callbackAuth === 'none' ? requireNothing(tokens, self, count) : requireToken(tokens, self, count);
  return createHttpServer(routes, log, { longRequests, guard });
}
