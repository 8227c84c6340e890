import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import { Episode } from '../base/episode.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { createAskElsewhere } from '../callback/ask-elsewhere.ts';
import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { createTakeover } from '../callback/takeover.ts';
import { createAccept } from '../connections/connections.ts';
import { createEndLog } from '../connections/end-log.ts';
import type { PodContext, Self } from '../context.ts';
import type { PodRuntime } from '../drain/pod-runtime.ts';
import type { SocketShares } from '../open-files.ts';
import type { Registration } from '../registry/registration.ts';
import type { AdmissionPolicy } from './admission.ts';
import { createAuthenticate } from './authenticate.ts';
import { createConnectLimit } from './connect-limit.ts';
import { createContest } from './contest.ts';
import { DeviceListener } from './listener.ts';

export interface DeviceListenerParts {
  runtime: PodRuntime;
  registration: Registration;
  podClient: PodClient;
  self: Self;
  sockets: SocketShares;
}

/** The server for devices, on DEVICE_PORT. */
export function createDeviceListener(context: PodContext, parts: DeviceListenerParts): DeviceListener {
  const { config, clock, log, metrics } = context;
  const { runtime, registration, podClient, self, sockets } = parts;
  const { connections } = runtime;
  const isPodAddress = insideCidrs(config.podCidrs);
  const takeover = createTakeover({ podClient, isPodAddress, metrics, log });
  const lease = registration.leasePorts({
    owner: () => ({ serverIp: self.serverIp, port: self.port(), podId: self.podId }),
    tookOver(holder, previous) {
      connections.noteTakeover(holder, clock.now());
      void takeover(holder.deviceId, previous);
    },
  });
  const maxConnections = Math.min(config.maxConnections || Infinity, sockets.devices);
  const full = new Episode(clock, {
    begins: () => log.warn({ maxConnections }, 'the pod is full: new devices are refused'),
    ends: (refused) => log.info({ refused }, 'the pod is no longer full'),
  });
  const { registry } = registration;
  const logEnd = createEndLog(log, clock);
  return new DeviceListener({
    maxPayloadBytes: config.maxPayloadBytes,
    metrics,
    log,
    policy: createPolicy(context, runtime, maxConnections),
    isReady: () => runtime.is('ready'),
    onRefused: (code) => {
      if (code === 'full') full.happened();
    },
    authenticate: createAuthenticate({ config, clock, log }),
    contest: createContest(connections, clock, createAskElsewhere({ registry, podClient, self, isPodAddress, log })),
    accept: createAccept(connections, { ...context, table: connections, lease, logEnd }),
  });
}

/** The admission policy as it is at the moment of each upgrade request. */
function createPolicy(
  { config, clock }: PodContext,
  runtime: PodRuntime,
  maxConnections: number,
): () => AdmissionPolicy {
  const { connections } = runtime;
  const origins = config.allowedOrigins && new Set(config.allowedOrigins);
  const takeFromAddressLimit = createConnectLimit(config, clock);
  const podLimit = new TokenBucket(config.acceptsPerSecond, clock.now());
  return () => ({
    accepting: runtime.is('accepting'),
    connections: connections.size,
    maxConnections,
    isOriginAllowed: (origin) => origins === undefined || origins.has(origin),
    isHere: (deviceId) => connections.get(deviceId) !== undefined,
    takeFromAddressLimit,
    takeFromPodLimit: () => podLimit.take(clock.now()),
  });
}
