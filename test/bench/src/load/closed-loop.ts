import type { ServerProcess } from '../server-process.ts';
import { pause } from '../within.ts';
import type { Fleet } from './fleet.ts';
import { expectDelivery, Poster } from './poster.ts';

/** Callback connections. */
const lanes = 64;

export interface ClosedLoop {
  warmUpMs: number;
  measureMs: number;
}

export interface Throughput {
  deliveriesPerSecond: number;
  /** CPU of the server, µs. */
  cpuPerDelivery: number;
  /** How much of its core the load generator used, 0 to 1; near 1 it was the bottleneck. */
  generatorLoad: number;
}

/** Posts on every callback connection as fast as it is answered, to all devices in turn, and measures after a warm-up. */
export async function closedLoop(server: ServerProcess, fleet: Fleet, times: ClosedLoop): Promise<Throughput> {
  const { ledger } = fleet;
  const posters = Array.from({ length: lanes }, () => new Poster(server.ports.callbackPort));
  let stopped = false;
  let answersOwed = lanes;
  const next = (poster: Poster) => {
    if (stopped) {
      answersOwed -= 1;
      return;
    }
    poster.post(ledger.post(ledger.posted % fleet.devices.length, 0), (status, body) => {
      expectDelivery(status, body);
      next(poster);
    });
  };
  posters.forEach(next);
  const result = await measured(server, fleet, times);
  stopped = true;
  await fleet.settled();
  if (answersOwed > 0) await pause(100);
  if (answersOwed > 0) throw new Error(`${answersOwed} callbacks were not answered`);
  for (const poster of posters) poster.destroy();
  return result;
}

/** Measures what goes on, after a warm-up. */
export async function measured(server: ServerProcess, { ledger }: Fleet, times: ClosedLoop): Promise<Throughput> {
  await pause(times.warmUpMs);
  const before = sample(server, ledger.arrived);
  await pause(times.measureMs);
  return throughput(before, sample(server, ledger.arrived));
}

type Sample = ReturnType<typeof sample>;

function sample(server: ServerProcess, arrived: number) {
  const { user, system } = process.cpuUsage();
  return { at: performance.now(), arrived, serverCpu: server.cpuMicros(), ownCpu: user + system };
}

function throughput(before: Sample, after: Sample): Throughput {
  const deliveries = after.arrived - before.arrived;
  const ms = after.at - before.at;
  return {
    deliveriesPerSecond: (deliveries / ms) * 1000,
    cpuPerDelivery: (after.serverCpu - before.serverCpu) / deliveries,
    generatorLoad: (after.ownCpu - before.ownCpu) / 1000 / ms,
  };
}
