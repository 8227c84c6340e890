import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Fleet } from './fleet.ts';
import { terminate } from './kubelet.ts';
import type { HookDelivery } from './kubelet.ts';
import type { PodProcess } from './pod-process.ts';
import type { Departure } from './report.ts';
import type { Interval } from './statistics.ts';

export interface RolloutOptions {
  fleet: Fleet;
  /** The pods to replace. */
  old: readonly PodProcess[];
  hook: HookDelivery;
  lagMs: number;
  graceMs: number;
  minReadyMs: number;
  overlap: boolean;
  clock: Clock;
  tell: (line: string) => void;
  signal: AbortSignal;
}

/** Replaces pods one by one, a new one first (maxSurge 1, maxUnavailable 0). Resolves when all the old ones are gone. */
export async function rollOut(options: RolloutOptions): Promise<(Departure & Interval)[]> {
  const { fleet, old, minReadyMs, overlap, tell, signal } = options;
  const departures: Promise<Departure & Interval>[] = [];
  for (const pod of old) {
    const fresh = await fleet.start();
    await delay(minReadyMs, undefined, { signal });
    tell(`${fresh.name} is ready, ${pod.name} is told to stop`);
    const departure = depart(pod, options);
    departures.push(departure);
    if (!overlap) await departure;
  }
  return Promise.all(departures);
}

async function depart(pod: PodProcess, options: RolloutOptions): Promise<Departure & Interval> {
  const { fleet, hook, lagMs, graceMs, clock, tell } = options;
  const from = performance.now();
  const { exit, tookMs, overGrace, ...report } = await terminate({
    container: pod.program,
    preStop: (signal) => pod.preStop(signal),
    removeEndpoint: () => fleet.hide(pod),
    hook,
    lagMs,
    graceMs,
    clock,
  });
  tell(`${pod.name} has ended after ${(tookMs / 1000).toFixed(1)} s: ${exit.signal ?? `exit code ${exit.code}`}`);
  const { closedIdle, closedActive } = pod.drainReport ?? {};
  return {
    pod: pod.name,
    hook: report.hook,
    tookMs: Math.round(tookMs),
    graceMs,
    overGrace,
    exitCode: exit.code,
    signal: exit.signal,
    closedIdle,
    closedActive,
    from,
    to: performance.now(),
  };
}
