/** The composition root: every part of a pod, wired by plain calls. Nothing is shared between two pods of one process. */
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { Self } from './callback/owners.ts';
import type { Server } from 'node:http';
import type { Clock } from './clock.ts';
import { isoTime } from './clock.ts';
import { Clockwork } from './clockwork.ts';
import type { Config } from './config.ts';
import { configWarnings } from './config.ts';
import { Episode } from './episode.ts';
import { FreezeWatch } from './freeze-watch.ts';
import { limitConnections, listen } from './http/server.ts';
import { createLife } from './life.ts';
import type { Logger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { openFileLimit, openFilesWarning, shareSockets } from './open-files.ts';
import { createRegistration } from './registry/registration.ts';
import type { PodRecord } from './registry/registry.ts';
import { createTracing } from './tracing/tracing.ts';
import { createAdminListener } from './listeners/admin.ts';
import { createCallbackListener } from './listeners/callback.ts';
import { createDeviceListener } from './listeners/device.ts';
import type { Parts, Ports } from './parts.ts';

export type { Ports } from './parts.ts';

export interface PodDependencies {
  clock: Clock;
  log: Logger;
  /** How many lines of the log were dropped since the start; by default none ever is. */
  droppedLogLines?: () => number;
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

export function createPod(config: Config, dependencies: PodDependencies): Pod {
  const { clock, log: rootLog, droppedLogLines = () => 0 } = dependencies;
  const log = rootLog.child({ podId: config.podId });
  const metrics = createMetrics();
  const tracing = createTracing();
  const ports: Ports = { devicePort: 0, callbackPort: 0, adminPort: 0 };
  const self: Self = {
    podId: config.podId,
    serverIp: config.podIp,
    port: () => config.callbackAdvertisedPort ?? ports.callbackPort, // known once the pod listens
  };
  const startedAt = isoTime(clock, clock.now());
  /** The pod's own record. The drain's first effect says by itself what the state is: its chart still shows the state before then. */
  const record = (state: PodRecord['state'] = life.is('accepting') ? 'serving' : 'draining'): PodRecord => ({
    serverIp: self.serverIp,
    port: self.port(),
    state,
    connections: life.connections.size,
    startedAt,
  });
  const registration = createRegistration({
    config,
    clock,
    log,
    metrics,
    leases: () => life.connections.leases(),
    record,
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
    announceDrain: () => registration.announce(record('draining')),
    grantCloses: registration.grantCloses,
  });
  const freezeWatch = new FreezeWatch(clock, config.leaseTtlMs / 3, (frozenMs) => {
    log.warn({ frozenMs }, 'the process stood still: every connection is verified before it is trusted');
    life.connections.doubt();
    registration.verifyAll();
  });
  const clockwork = new Clockwork(clock, () => freezeWatch.check());
  const fileLimit = openFileLimit();
  const sockets = shareSockets(fileLimit);
  const introduction = {
    token: config.callbackTokens?.[0],
    acceptsPodId: config.callbackAuth === 'none',
    maxTotalSockets: sockets.pods,
  };
  const podClient = tracing?.podClient(introduction) ?? new PodClient(introduction);
  tracing?.drain(life);
  const closing = new AbortController();
  const parts: Parts = {
    config,
    startedAt,
    clock,
    clockwork,
    freezeWatch,
    log,
    metrics,
    registration,
    podClient,
    self,
    sockets,
    closing: closing.signal,
    tracing,
  };
  const admin = createAdminListener(parts, life);
  const callback = createCallbackListener(parts, life);
  const device = createDeviceListener(parts, life);
  limitPort(admin.server, 'ADMIN_PORT', sockets.admin);
  limitPort(callback.server, 'CALLBACK_PORT', sockets.callers);
  limitPort(device.server, 'DEVICE_PORT', sockets.deviceSockets);
  metrics.observe({
    connectionStates: () => life.connections.traffic.countByState(),
    drainPhase: life.phase,
    isRegistryUp: registration.isUp,
    isRegistryEvicting: registration.isEvicting,
    dirty: registration.dirty,
    droppedLogLines,
  });

  function limitPort(server: Server, name: string, maxSockets: number): void {
    const dropping = new Episode(clock, {
      begins: () =>
        log.warn({ port: name, maxSockets }, 'new connections are cut: the limit of open files allows no more'),
      ends: (cut) => log.info({ port: name, cut }, 'new connections are accepted again'),
    });
    limitConnections(server, maxSockets, () => dropping.happened());
  }

  /** Whoever waits at /pre-stop is answered like everybody whose request is under way. */
  const close = async (): Promise<void> => {
    closing.abort();
    const giveUpOnOthers = setTimeout(() => podClient.close(), lastAnswersMs); // what they owe is answered with 503 then
    await Promise.all([device.close(), callback.close(2 * lastAnswersMs), admin.close(2 * lastAnswersMs)]);
    clearTimeout(giveUpOnOthers);
    podClient.close();
    await registration.close();
    metrics.close();
  };

  const open = async (): Promise<void> => {
    const { host } = config;
    ports.adminPort = await listen(admin.server, 'ADMIN_PORT', { host, port: config.adminPort });
    ports.callbackPort = await listen(callback.server, 'CALLBACK_PORT', { host, port: config.callbackPort });
    ports.devicePort = await listen(device.server, 'DEVICE_PORT', { host, port: config.devicePort });
    log.info({ ...ports, drainPlan: config.drainPlan }, 'listening');
    for (const warning of configWarnings(config)) log.warn(warning);
    const warning = openFilesWarning(fileLimit, config.maxConnections);
    if (warning) log.warn(warning);
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
