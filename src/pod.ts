/** The composition root: every part of a pod, wired by plain calls. Two pods of one process share nothing but the clock. */
import type { Server } from 'node:http';
import { createAdminListener } from './admin/index.ts';
import type { Clock } from './base/clock.ts';
import { isoTime } from './base/clock.ts';
import { Clockwork } from './base/clockwork.ts';
import { Episode } from './base/episode.ts';
import { createCallbackListener } from './callback/index.ts';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { Config } from './config.ts';
import { configWarnings } from './config.ts';
import { StallDetector } from './connections/stall-detector.ts';
import { refreshMs } from './connections/socket.ts';
import type { PodContext, Self } from './context.ts';
import { createDeviceListener } from './device/index.ts';
import { asyncapi } from './documents/asyncapi.ts';
import { openapi } from './documents/openapi.ts';
import { createPodRuntime } from './drain/pod-runtime.ts';
import { limitConnections, listen } from './http/server.ts';
import type { Logger } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import { openFileLimit, openFilesWarning, shareSockets } from './open-files.ts';
import { createRegistration } from './registry/registration.ts';
import type { PodRecord } from './registry/registry.ts';

/** The ports that the pod listens on: the configured ones, or free ones where 0 is configured. */
export interface Ports {
  devicePort: number;
  callbackPort: number;
  adminPort: number;
}

export interface PodDependencies {
  clock: Clock;
  log: Logger;
  /** How many lines of the log were dropped since the start. Default: none. */
  droppedLogLines?: () => number;
}

export interface Pod {
  /** Opens the listeners. Rejects with a `ListenError`: nothing is left open then, and `ended` never settles. */
  start(): Promise<Ports>;
  /** Tells the pod of a signal to end. The first one starts the drain or joins it, the second one forces its end. */
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
  const ports: Ports = { devicePort: 0, callbackPort: 0, adminPort: 0 };
  const self: Self = {
    podId: config.podId,
    serverIp: config.podIp,
    port: () => config.callbackAdvertisedPort ?? ports.callbackPort, // known once the pod listens
  };
  const startedAt = isoTime(clock, clock.now());
  /** The pod's own record. The drain passes the state, because its first effect runs before the chart has moved. */
  const record = (state: PodRecord['state'] = runtime.is('accepting') ? 'serving' : 'draining'): PodRecord => ({
    serverIp: self.serverIp,
    port: self.port(),
    state,
    connections: runtime.connections.size,
    startedAt,
  });
  const registration = createRegistration(
    { config, clock, log, metrics },
    {
      leases: () => runtime.connections.leases(),
      record,
      reached() {
        if (runtime.is('ready')) return;
        runtime.actor.send({ type: 'registry.reached' });
        if (runtime.is('ready')) log.info(ports, 'ready');
      },
    },
  );
  const runtime = createPodRuntime(
    { config, clock, log, metrics },
    { announceDrain: () => registration.announce(record('draining')), grantCloses: registration.grantCloses },
  );
  const stallDetector = new StallDetector(clock, refreshMs(config), (frozenMs) => {
    log.warn({ frozenMs }, 'the process stalled: every connection is verified again before it is used');
    runtime.connections.markUnverified();
    registration.verifyAll();
  });
  const context: PodContext = {
    config,
    clock,
    clockwork: new Clockwork(clock, () => stallDetector.check()),
    log,
    metrics,
  };
  const fileLimit = openFileLimit();
  const sockets = shareSockets(fileLimit);
  const podClient = new PodClient({
    token: config.callbackTokens?.[0],
    acceptsPodId: config.callbackAuth === 'none',
    maxTotalSockets: sockets.pods,
  });
  const closing = new AbortController();
  const shared = { runtime, registration, podClient, self };
  const admin = createAdminListener(context, { ...shared, startedAt });
  const documents = { openapi, asyncapi };
  const callback = createCallbackListener(context, { ...shared, stallDetector, documents, closing: closing.signal });
  const device = createDeviceListener(context, { ...shared, sockets });
  limitPort(admin.server, 'ADMIN_PORT', sockets.admin);
  limitPort(callback.server, 'CALLBACK_PORT', sockets.callers);
  limitPort(device.server, 'DEVICE_PORT', sockets.deviceSockets);
  metrics.observe({
    connectionStates: () => runtime.connections.stateCounts.countByState(),
    drainPhase: runtime.phase,
    isRegistryUp: registration.isUp,
    isRegistryEvicting: registration.isEvicting,
    dirty: registration.dirty,
    droppedLogLines,
  });

  function limitPort(server: Server, name: string, maxSockets: number): void {
    const dropping = new Episode(clock, {
      begins: () =>
        log.warn({ port: name, maxSockets }, 'new connections are closed at once: the limit of open files is reached'),
      ends: (cut) => log.info({ port: name, cut }, 'new connections are accepted again'),
    });
    limitConnections(server, maxSockets, () => dropping.happened());
  }

  /** Requests under way are answered first, also those that wait at /pre-stop. */
  const close = async (): Promise<void> => {
    closing.abort();
    const giveUpOnOthers = setTimeout(() => podClient.close(), lastAnswersMs); // requests that still wait for another pod are answered with 503 then
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

  return {
    async start() {
      try {
        await open();
      } catch (error) {
        await close();
        throw error;
      }
      runtime.actor.start();
      context.clockwork.start();
      registration.start();
      return ports;
    },

    terminate() {
      runtime.actor.send({ type: 'terminate' });
    },

    ended: runtime.ended.then(async ({ exitCode }) => {
      const { podId: _, ...report } = await runtime.report;
      log[report.outcome === 'drained' ? 'info' : 'warn'](report, 'drain over');
      context.clockwork.stop();
      runtime.drain.stop();
      for (const socket of runtime.connections.all()) socket.abandon();
      await registration.stop();
      await close();
      log.info({ exitCode }, 'stopped');
      return exitCode;
    }),
  };
}
