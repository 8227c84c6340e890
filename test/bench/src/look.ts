import { Fleet } from './load/fleet.ts';
import { playLives } from './load/lives.ts';
import { Looker } from './load/looker.ts';
import type { PartOptions, Section } from './section.ts';
import { ServerProcess } from './server-process.ts';
import { wsConnect } from './servers/contenders.ts';
import { median, medianRatio, significant } from './statistics.ts';
import { pause, until } from './within.ts';

const full = { devices: 10_000, settleMs: 10_000, idleMs: 10_000, warmUpLives: 10_000, lives: 5000 };
const quick = { devices: 500, settleMs: 500, idleMs: 2000, warmUpLives: 50, lives: 200 };
type Size = typeof full;

/** As often as the operator page asks for the fleet, ms. */
const fleetEveryMs = 5000;
const sampleSize = 100;
const stepsMs = 2000;
/** So that every device is pinged once and refreshed once while it is idle, whoever looks then. */
const settings = { PING_INTERVAL_MS: '10000', LEASE_TTL_MS: '30000' };

interface Look {
  /** ms of CPU a second. */
  idleCpu: number;
  /** From the TCP connect to the end of its actor, µs. */
  cpuPerLife: number;
}

interface Way {
  name: string;
  /** Begins to look. Resolves with what ends it, and rejects when the looker was not shown what it had to be. */
  look: (server: ServerProcess, size: Size) => Promise<() => Promise<void>>;
}

const nobody = async () => async () => {};

/** In the order in which every round takes them, with a pod of its own. */
const ways: Way[] = [
  { name: 'nobody yet', look: nobody },
  { name: 'the page is open', look: openPage },
  { name: 'one device is followed', look: (server) => follow(server, '?device=life-0', 1) },
  {
    name: `${sampleSize} of those lives are followed`,
    look: (server) => follow(server, `?sample=${sampleSize}`, sampleSize),
  },
  { name: 'nobody any more', look: nobody },
];

/** What it costs a pod that somebody looks at it. */
export async function look({ rounds, log, quick: isQuick }: PartOptions): Promise<Section> {
  const size = isQuick ? quick : full;
  const results: Look[][] = ways.map(() => []);
  for (let round = 1; round <= rounds; round += 1) {
    const result = await lookOnce(size);
    ways.forEach((_, index) => results[index]!.push(result[index]!));
    log(`round ${round} of ${rounds}: ${JSON.stringify(result)}`);
  }
  return {
    title: `Being looked at: ${size.devices} idle devices, then ${size.lives} that connect and hang up`,
    columns: ['who looks', 'idle CPU ms/s', '× nobody yet', 'CPU µs/life', '× nobody yet'],
    rows: ways.map(({ name }, index) => [name, ...cells(results[index]!, results[0]!)]),
    notes: [
      'CPU of the pod, all threads, user and system. A life covers TCP, upgrade, registration (in memory), the hang-up and the end of its actor.',
      'Idle: every device is pinged and refreshed once in 10 s, which is more than twice as often as by default.',
      'The page: its stream of overviews, one a second, and the fleet every 5 s. Following is by xstate inspection, as in `ws-connect follow`.',
      'Every life that was followed was shown from its beginning to its end, and an overview came every second.',
    ],
    data: results,
  };
}

function cells(own: Look[], base: Look[]): number[] {
  return (['idleCpu', 'cpuPerLife'] as const).flatMap((figure) => {
    const values = own.map((one) => one[figure]);
    const bases = base.map((one) => one[figure]);
    return [significant(median(values)), significant(medianRatio(values, bases))];
  });
}

async function lookOnce(size: Size): Promise<Look[]> {
  const server = await ServerProcess.start(wsConnect, settings);
  const fleet = new Fleet(server, wsConnect.wire, size.devices);
  await fleet.connect();
  await playLives(server, size.warmUpLives, size.devices);
  await pause(size.settleMs);
  const results: Look[] = [];
  for (const { look: begin } of ways) {
    const end = await begin(server, size);
    results.push(await measure(server, size));
    await end();
  }
  fleet.destroy();
  await server.kill();
  return results;
}

async function measure(server: ServerProcess, { devices, idleMs, lives }: Size): Promise<Look> {
  const before = sample(server);
  await pause(idleMs);
  const between = sample(server);
  await playLives(server, lives, devices);
  const after = sample(server);
  return {
    idleCpu: (between.cpu - before.cpu) / (between.at - before.at),
    cpuPerLife: (after.cpu - between.cpu) / lives,
  };
}

function sample(server: ServerProcess) {
  return { at: performance.now(), cpu: server.cpuMicros() };
}

async function openPage(server: ServerProcess, { idleMs }: Size): Promise<() => Promise<void>> {
  const looker = await Looker.open(server, '');
  const timer = setInterval(() => void fetch(`http://127.0.0.1:${server.ports.adminPort}/pods`), fleetEveryMs);
  return async () => {
    clearInterval(timer);
    looker.leave();
    if (looker.events.length < idleMs / 1000) throw new Error(`only ${looker.events.length} overviews came`);
  };
}

async function follow(server: ServerProcess, query: string, lives: number): Promise<() => Promise<void>> {
  const looker = await Looker.open(server, query);
  return async () => {
    await until(stepsMs, `${lives} whole lives in the stream`, () => looker.hasSeen(lives));
    looker.leave();
  };
}
