/** The composition root: every part of a pod, wired by plain calls. Nothing is shared between two pods of one process. */
import type { Server } from 'node:http';
import { hostPort, insideCidrs } from './address.ts';
import { Followers } from './admin/follow.ts';
import { liveRoutes } from './admin/live-routes.ts';
import { Overviews } from './admin/overview.ts';
import { pageRoutes } from './admin/page-routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { requireToken } from './callback/authenticate.ts';
import { batchRoute } from './callback/batch-route.ts';
import { createForward } from './callback/forward.ts';
import { createOwners } from './callback/owners.ts';
import { PodClient } from './callback/pod-client.ts';
import { callbackRoutes } from './callback/routes.ts';
import { createTakeover } from './callback/takeover.ts';
import type { Clock } from './clock.ts';
import { isoTime } from './clock.ts';
import { Clockwork } from './clockwork.ts';
import type { Config } from './config.ts';
import { configWarnings } from './config.ts';
import { createAccept } from './device/accept.ts';
import { createAuthenticate } from './device/authenticate.ts';
import { createConnectLimit } from './device/connect-limit.ts';
import { createLifeLog } from './device/life-log.ts';
import { DeviceListener } from './device/listener.ts';
import { asyncapi } from './documents/asyncapi.ts';
import { openapi } from './documents/openapi.ts';
import { FreezeWatch } from './freeze-watch.ts';
import { createHttpServer } from './http/app.ts';
import { LongRequests } from './http/long-requests.ts';
import { closeServer, listen } from './http/server.ts';
import type { Life } from './life.ts';
import { createLife } from './life.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createMetrics } from './metrics.ts';
import type { Registration } from './registry/registration.ts';
import { createRegistration } from './registry/registration.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Tracing } from './tracing/tracing.ts';
import { createTracing } from './tracing/tracing.ts';

export interface PodDependencies {
  clock: Clock;
  log: Logger;
}

/** The ports listened on, which are the configured ones or, for 0, any free ones. */
export interface Ports {
  devicePort: number;
  callbackPort: number;
  adminPort: number;
}

export interface Pod {
  /** Opens the listeners. Rejects with a `ListenError`: nothing is left open then, and `ended` never settles. */
  start(): Promise<Ports>;
  /** The first time: drain, or join the drain that /pre-stop began. The second: force the end. */
  terminate(): void;
  /** Resolves with the exit code once everything is over and closed. */
  readonly ended: Promise<number>;
}

/** How long requests under way may take once the drain is over, ms. */
const lastAnswersMs = 500;

export function createPod(config: Config, { clock, log: rootLog }: PodDependencies): Pod {
  const log = rootLog.child({ podId: config.POD_UID });
  const metrics = createMetrics();
  const tracing = createTracing();
  const ports: Ports = { devicePort: 0, callbackPort: 0, adminPort: 0 };
  const startedAt = isoTime(clock, clock.now());
  const registration = createRegistration({
    config,
    clock,
    log,
    metrics,
    leases: () => life.connections.leases(),
    record: () => ({
      serverIp: config.POD_IP,
      port: ports.callbackPort,
      state: life.is('draining') ? 'draining' : 'serving',
      connections: life.connections.size,
      startedAt,
    }),
    reached() {
      if (life.is('ready')) return;
      life.actor.send({ type: 'registry.reached' });
      if (life.is('ready')) log.info(ports, 'ready');
    },
    watch: tracing && ((registry) => tracing.connects.watch(registry)),
  });
  const life = createLife({
    config,
    clock,
    log,
    metrics,
    announceDrain: registration.announce,
    grantCloses: registration.grantCloses,
  });
  const freezeWatch = new FreezeWatch(clock, config.LEASE_TTL_MS / 3, (frozenMs) => {
    log.warn({ frozenMs }, 'the process stood still: every connection is verified before it is trusted');
    life.connections.doubt();
    registration.verifyAll();
  });
  const clockwork = new Clockwork(clock, () => freezeWatch.check());
  const token = config.CALLBACK_TOKENS?.[0];
  const podClient = tracing?.podClient(token) ?? new PodClient(token);
  tracing?.drain(life);
  const closing = new AbortController();
  const parts: Parts = {
    config,
    clock,
    clockwork,
    freezeWatch,
    log,
    metrics,
    registration,
    podClient,
    ports,
    closing: closing.signal,
    tracing,
  };
  const admin = adminListener(parts, life);
  const callback = callbackListener(parts, life);
  const device = deviceListener(parts, life);
  metrics.observe({
    connectionStates: () => life.connections.traffic.countByState(),
    drainPhase: life.phase,
    isRegistryUp: registration.isUp,
    dirty: registration.dirty,
  });

  /** Last opened, first closed; the admin side stays until whoever waits at /pre-stop has the answer. */
  const close = async (): Promise<void> => {
    closing.abort();
    const giveUpOnOthers = setTimeout(() => podClient.close(), lastAnswersMs); // what they owe is answered with 503 then
    await Promise.all([device.close(), closeServer(callback, 2 * lastAnswersMs)]);
    clearTimeout(giveUpOnOthers);
    podClient.close();
    await registration.close();
    await admin.end();
    await closeServer(admin.server, lastAnswersMs);
    metrics.close();
  };

  const open = async (): Promise<void> => {
    const { HOST: host } = config;
    ports.adminPort = await listen(admin.server, 'ADMIN_PORT', { host, port: config.ADMIN_PORT });
    ports.callbackPort = await listen(callback, 'CALLBACK_PORT', { host, port: config.CALLBACK_PORT });
    ports.devicePort = await listen(device.server, 'DEVICE_PORT', { host, port: config.DEVICE_PORT });
    log.info({ ...ports, drainPlan: config.drainPlan }, 'listening');
    for (const warning of configWarnings(config)) log.warn(warning);
  };

  let terminations = 0;

  return {
    async start() {
      try {
        await open();
      } catch (error) {
        await close();
        throw error;
      }
      life.actor.start();
      clockwork.start();
      registration.start();
      return ports;
    },

    terminate() {
      terminations += 1;
      life.actor.send({ type: terminations === 1 ? 'drain' : 'force' });
    },

    ended: life.ended.then(async ({ exitCode }) => {
      const { podId: _, ...report } = await life.report;
      log[report.outcome === 'drained' ? 'info' : 'warn'](report, 'drain over');
      clockwork.stop();
      life.drain.stop();
      for (const socket of life.connections.all()) socket.abandon();
      await registration.stop();
      await close();
      await tracing?.flush().catch((error: unknown) => log.warn({ err: error }, 'the last spans could not be sent'));
      log.info({ exitCode }, 'stopped');
      return exitCode;
    }),
  };
}

/** What the parts of the pod are made of. */
interface Parts {
  config: Config;
  clock: Clock;
  clockwork: Clockwork;
  log: Logger;
  metrics: Metrics;
  freezeWatch: FreezeWatch;
  registration: Registration;
  podClient: PodClient;
  ports: Ports;
  /** Requests without an end are to come to one. */
  closing: AbortSignal;
  tracing: Tracing | undefined;
}

function deviceListener(parts: Parts, life: Life): DeviceListener {
  const { config, clock, clockwork, log, metrics, registration, podClient, ports, tracing } = parts;
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
  const takeover = createTakeover({ podClient, isPodAddress: insideCidrs(config.POD_CIDRS), metrics, log });
  const lease = registration.leasePorts({
    owner: () => ({ serverIp: config.POD_IP, port: ports.callbackPort, podId: config.POD_UID }),
    tookOver(holder, previous) {
      connections.noteTakeover(holder, clock.now());
      void takeover(holder.deviceId, previous);
    },
  });
  const origins = config.ALLOWED_ORIGINS && new Set(config.ALLOWED_ORIGINS);
  const takeTurnOf = createConnectLimit(config, clock);
  const turns = new TokenBucket(config.ACCEPTS_PER_SECOND, clock.now());
  return new DeviceListener({
    maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
    metrics,
    log,
    capacity: () => ({
      accepting: life.is('accepting'),
      connections: connections.size,
      maxConnections: config.MAX_CONNECTIONS,
      isOriginAllowed: (origin) => origins === undefined || origins.has(origin),
      isHere: (deviceId) => connections.get(deviceId) !== undefined,
      takeTurnOf,
      takeTurn: () => turns.take(clock.now()),
    }),
    authenticate: createAuthenticate({ config, clock, log }),
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

function callbackListener(parts: Parts, life: Life): Server {
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
  if (config.CALLBACK_AUTH === 'none') return createHttpServer(routes, log, { trace, longRequests });
  const guard = requireToken(config.CALLBACK_TOKENS!, (path, code) => {
    if (path === '/callback' || path.startsWith('/callback/')) metrics.callback(code, 0);
  });
  return createHttpServer(routes, log, { trace, longRequests, guard });
}

/** `end` ends what somebody looks at all the time. */
function adminListener(parts: Parts, life: Life): { server: Server; end: () => Promise<void> } {
  const { config, clock, log, metrics, registration } = parts;
  const { connections, actor } = life;
  const { POD_UID: podId, drainPlan: plan } = config;
  const overviews = new Overviews({ podId, plan, life, metrics, isRegistryUp: registration.isUp, clock });
  const followers = new Followers({
    inspect: (observer) => actor.system.inspect(observer),
    connections: () => connections.all(),
    clock,
  });
  const live = liveRoutes({ podId, connections, registry: registration.registry, overviews, followers, clock });
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
