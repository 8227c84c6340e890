import { insideCidrs } from '../address.ts';
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
    podId: config.POD_UID,
    idleAfterMs: config.IDLE_AFTER_MS,
    pingIntervalMs: config.PING_INTERVAL_MS,
    pongTimeoutMs: config.PONG_TIMEOUT_MS,
    refreshMs: config.LEASE_TTL_MS / 3,
    maxBufferedBytes: config.MAX_BUFFERED_BYTES,
    messagesPerSecond: config.MESSAGES_PER_CONNECTION_PER_SECOND,
    callbacksPerSecond: config.CALLBACKS_PER_DEVICE_PER_SECOND,
    reconnectSpreadMs: config.RECONNECT_SPREAD_MS,
  };
  const isPodAddress = insideCidrs(config.POD_CIDRS);
  const takeover = createTakeover({ podClient, isPodAddress, metrics, log });
  const lease = registration.leasePorts({
    owner: () => ({ serverIp: self.serverIp, port: self.port(), podId: self.podId }),
    tookOver(holder, previous) {
      connections.noteTakeover(holder, clock.now());
      void takeover(holder.deviceId, previous);
    },
  });
  const origins = config.ALLOWED_ORIGINS && new Set(config.ALLOWED_ORIGINS);
  const takeTurnOf = createConnectLimit(config, clock);
  const turns = new TokenBucket(config.ACCEPTS_PER_SECOND, clock.now());
  const maxConnections = Math.min(config.MAX_CONNECTIONS || Infinity, sockets.devices);
  const full = new Episode(clock, {
    begins: () => log.warn({ maxConnections }, 'the pod is full: new devices are refused'),
    ends: (refused) => log.info({ refused }, 'the pod is no longer full'),
  });
  return new DeviceListener({
    maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
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
