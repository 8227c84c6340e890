import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import { createAskElsewhere } from '../callback/ask-elsewhere.ts';
import { createTakeover } from '../callback/takeover.ts';
import { createAccept } from '../device/accept.ts';
import { createAuthenticate } from '../device/authenticate.ts';
import { createConnectLimit } from '../device/connect-limit.ts';
import { createContest } from '../device/contest.ts';
import { createLifeLog } from '../device/life-log.ts';
import { DeviceListener } from '../device/listener.ts';
import { Episode } from '../episode.ts';
import type { Life } from '../life.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Parts } from '../parts.ts';

export function createDeviceListener(parts: Parts, life: Life): DeviceListener {
  const { config, clock, clockwork, log, metrics, registration, podClient, self, sockets, tracing } = parts;
  const { connections } = life;
  const settings = {
    podId: config.podId,
    idleAfterMs: config.idleAfterMs,
    pingIntervalMs: config.pingIntervalMs,
    pongTimeoutMs: config.pongTimeoutMs,
    refreshMs: config.leaseTtlMs / 3,
    maxBufferedBytes: config.maxBufferedBytes,
    messagesPerSecond: config.messagesPerConnectionPerSecond,
    callbacksPerSecond: config.callbacksPerDevicePerSecond,
    reconnectSpreadMs: config.reconnectSpreadMs,
  };
  const isPodAddress = insideCidrs(config.podCidrs);
  const takeover = createTakeover({ podClient, isPodAddress, metrics, log });
  const lease = registration.leasePorts({
    owner: () => ({ serverIp: self.serverIp, port: self.port(), podId: self.podId }),
    tookOver(holder, previous) {
      connections.noteTakeover(holder, clock.now());
      void takeover(holder.deviceId, previous);
    },
  });
  const origins = config.allowedOrigins && new Set(config.allowedOrigins);
  const takeTurnOf = createConnectLimit(config, clock);
  const turns = new TokenBucket(config.acceptsPerSecond, clock.now());
  const maxConnections = Math.min(config.maxConnections || Infinity, sockets.devices);
  const full = new Episode(clock, {
    begins: () => log.warn({ maxConnections }, 'the pod is full: new devices are refused'),
    ends: (refused) => log.info({ refused }, 'the pod is no longer full'),
  });
  return new DeviceListener({
    maxPayloadBytes: config.maxPayloadBytes,
    metrics,
    log,
    capacity: () => ({
      accepting: life.is('accepting'),
      connections: connections.size,
      maxConnections,
      isOriginAllowed: (origin) => origins === undefined || origins.has(origin),
      isHere: (deviceId) => connections.get(deviceId) !== undefined,
      takeTurnOf,
      takeTurn: () => turns.take(clock.now()),
    }),
    isReady: () => life.is('ready'),
    onRefused: (code) => {
      if (code === 'full') full.happened();
    },
    authenticate: createAuthenticate({ config, clock, log }),
    contest: createContest(
      connections,
      clock,
      createAskElsewhere({
        registry: registration.registry,
        podClient,
        self,
        isPodAddress,
        log,
      }),
    ),
    connects: tracing?.connects,
    accept: createAccept(connections, {
      clock,
      clockwork,
      settings,
      keeper: connections,
      traffic: connections.traffic,
      lease,
      metrics,
      logLife: createLifeLog(log, clock),
      log,
      connects: tracing?.connects,
    }),
  });
}
