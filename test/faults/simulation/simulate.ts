import type { Times } from '../checker.ts';
import type { Fact } from '../history.ts';
import { SimulatedCaller } from './caller.ts';
import { SimulatedDevice } from './device.ts';
import { SimulatedNemesis } from './nemesis.ts';
import { SimulatedPod } from './pod.ts';
import { SimulatedRedis } from './redis.ts';
import { Simulation } from './simulation.ts';

export interface SimulationSettings {
  devices: number;
  pods: number;
  /** Simulated time, ms. */
  lastsMs: number;
  hopEveryMs: number;
  /** From one callback of anybody to the next, ms on average. */
  callEveryMs: number;
}

/** Nobody calls in the last of the time, so that all answers come, ms. */
const lastAnswersMs = 6000;

/** What a simulated history is checked against. */
export const simulatedTimes = {
  leaseTtlMs: 3000,
  drainBudgetMs: 10_000,
  reregisterPerSecond: 500,
  slackMs: 100,
  settleMs: 6000,
  memoryBoundBytes: 200e6,
} satisfies Times;

/** The history of a fleet of correct pods under faults. */
export function simulate(seed: number, settings: SimulationSettings): Fact[] {
  const { devices: deviceCount, pods: podCount, lastsMs, hopEveryMs, callEveryMs } = settings;
  const { leaseTtlMs, reregisterPerSecond } = simulatedTimes;
  const simulation = new Simulation(seed);
  const redis = new SimulatedRedis(simulation, leaseTtlMs);
  const all: SimulatedPod[] = [];
  const start = () => {
    const podId = `pod-${all.length + 1}`;
    all.push(new SimulatedPod(simulation, { podId, redis, refreshMs: leaseTtlMs / 3, reregisterPerSecond }));
  };
  for (let count = 0; count < podCount; count += 1) start();
  const pods = () => all.filter(({ state }) => state === 'serving');
  let conns = 0;
  const devices = Array.from({ length: deviceCount }, (_, index) => {
    const hops = { simulation, pods, nextConn: () => (conns += 1), hopEveryMs: hopEveryMs * (1 + 10 * (index % 4)) };
    return new SimulatedDevice(`device-${index}`, hops);
  });
  for (const device of devices) simulation.after(simulation.random.between(0, 1000), () => device.begin());
  const caller = new SimulatedCaller(simulation, (podId) => all.find((pod) => pod.podId === podId)!);
  const endsAt = simulation.now + lastsMs;
  repeatedly(simulation, callEveryMs, () => {
    if (simulation.now > endsAt - lastAnswersMs) return;
    caller.call(simulation.random.pick(devices)!.deviceId, simulation.random.pick(pods())!);
  });
  repeatedly(simulation, 3000, () => simulation.random.pick(devices)!.pauseFor(simulation.random.between(100, 3000)));
  repeatedly(simulation, 2000, () => {
    const { podId } = simulation.random.pick(pods())!;
    simulation.record({ type: 'pod.memory', podId, rssBytes: simulation.random.between(80e6, 120e6) });
  });
  new SimulatedNemesis({ simulation, redis, pods, start }).begin();
  simulation.run(lastsMs);
  return simulation.facts;
}

function repeatedly(simulation: Simulation, everyMs: number, run: () => void): void {
  simulation.after(simulation.random.between(0, 2 * everyMs), () => {
    run();
    repeatedly(simulation, everyMs, run);
  });
}
