import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { Overviews } from '../../../dist/src/admin/overview.js';
import { adminRoutes } from '../../../dist/src/admin/routes.js';
import { isoTime, systemClock as clock } from '../../../dist/src/base/clock.js';
import { loadConfig } from '../../../dist/src/config.js';
import { createAccept } from '../../../dist/src/connections/connections.js';
import { createHttpServer } from '../../../dist/src/http/app.js';
import { createPodRuntime } from '../../../dist/src/drain/pod-runtime.js';
import { createLogger } from '../../../dist/src/observe/log.js';
import { createMetrics } from '../../../dist/src/observe/metrics.js';
import { MemoryRegistry } from '../../../dist/src/registry/memory.js';
import { createDeviceSide } from '../../../dist/src/testing/device-side.js';
import { RecorderSocket } from '../../../dist/src/testing/recorder-socket.js';
import type { PartOptions, Section } from './section.ts';
import { median, significant } from './statistics.ts';

const full = { few: 1000, many: 100_000 };
const quick = { few: 100, many: 1000 };
const looksPerRound = 20;
/** Connections are opened so many at a time, with a turn of the event loop in between for the registry. */
const atOnce = 500;

interface Crowd {
  /** What an operator may look at, each resolving once it is shown. */
  looks: Record<string, () => Promise<unknown>>;
  end: () => void;
}

/** What it takes to show something of a pod with many connections: it must not hold up their callbacks. */
export async function crowd({ rounds, log, quick: isQuick }: PartOptions): Promise<Section> {
  const size = isQuick ? quick : full;
  const few = await measure(await gather(size.few), rounds);
  log(`${size.few}: ${JSON.stringify(few)}`);
  const many = await measure(await gather(size.many), rounds);
  log(`${size.many}: ${JSON.stringify(many)}`);
  return {
    title: 'Showing a pod with few connections and with many',
    columns: ['what is shown', `ms with ${size.few}`, `ms with ${size.many}`],
    rows: Object.keys(few).map((name) => [name, significant(few[name]!), significant(many[name]!)]),
    notes: [
      'From the request to its whole answer, in the process of the pod: about as long as its event loop is held up. Medians.',
      'The connections are real ones but for their sockets, which have no network, so that there may be more than a process may open files.',
    ],
    data: { few, many },
  };
}

/** Median ms of each look. */
async function measure({ looks, end }: Crowd, rounds: number): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const [name, look] of Object.entries(looks)) {
    await look(); // compiles the code
    const taken: number[] = [];
    for (let time = 0; time < rounds * looksPerRound; time += 1) {
      const startedAt = performance.now();
      await look();
      taken.push(performance.now() - startedAt);
    }
    times[name] = median(taken);
  }
  end();
  return times;
}

/** A pod without listeners for devices, and so many connections. */
async function gather(size: number): Promise<Crowd> {
  const config = loadConfig({});
  const log = createLogger('silent');
  const metrics = createMetrics();
  const runtime = createPodRuntime(
    { config, clock, log, metrics },
    { announceDrain() {}, grantCloses: async (count) => count },
  );
  const { connections } = runtime;
  runtime.actor.start();
  const registry = new MemoryRegistry(clock, config.leaseTtlMs);
  const { context } = createDeviceSide({ clock, registry, metrics, log });
  const accept = createAccept(connections, { ...context, table: connections });
  for (let index = 0; index < size; index += 1) {
    const socket = new RecorderSocket('ws-connect.plain');
    accept({
      deviceId: `device-${index}`,
      socket,
      stream: socket.transport,
      tokenExpiresAt: Infinity,
      isContended: false,
    });
    if (index % atOnce === 0) await setImmediate();
  }
  while (connections.stateCounts.countByState().get('registered.active') !== size) await setImmediate();
  metrics.observe({
    connectionStates: () => connections.stateCounts.countByState(),
    drainPhase: runtime.phase,
    isRegistryUp: () => true,
    isRegistryEvicting: () => false,
    dirty: () => ({ count: 0, oldestMs: 0 }),
    droppedLogLines: () => 0,
  });

  const podId = config.podId;
  const overviews = new Overviews({
    podId,
    startedAt: isoTime(clock, clock.now()),
    plan: config.drainPlan,
    runtime,
    metrics,
    isRegistryUp: () => true,
    clock,
  });
  const { progress } = runtime;
  const options = { podId, connections, metrics, clock, isReady: () => true, drain: () => runtime.report, progress };
  const { server } = createHttpServer(adminRoutes(options), log);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (path: string) => read(`http://127.0.0.1:${port}${path}`);
  return {
    looks: {
      'an overview': () => new Promise((resolve) => overviews.look(resolve)).then(() => overviews.stop()),
      'the first 20 connections': () => ask('/connections?limit=20'),
      'those in a state nobody is in': () => ask('/connections?state=unverified&limit=20'),
      'those of a name nobody has': () => ask('/connections?prefix=nobody&limit=20'),
      'a scrape of /metrics': () => ask('/metrics'),
    },
    end() {
      server.close();
      metrics.close();
    },
  };
}

function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (answer) => {
      if (answer.statusCode === 200) text(answer).then(resolve, reject);
      else reject(new Error(`${url} was answered ${answer.statusCode}`));
    }).on('error', reject);
  });
}
