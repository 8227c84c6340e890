/** One fault run: pods, devices, callers and a registry, a nemesis that breaks things, and the judgement on what was seen. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report, Times } from './checker.ts';
import { check } from './checker.ts';
import { Callers } from './driver/callers.ts';
import { Device, habits } from './driver/device.ts';
import { FaultFleet } from './driver/fleet.ts';
import { settles } from './driver/patience.ts';
import { Random } from './random.ts';
import { Recorder } from './driver/recorder.ts';
import type { Mode } from './driver/registry-stage.ts';
import { watchStarvation } from './driver/starvation-watch.ts';
import { readHistory } from './history.ts';
import type { Scene } from './nemesis/fault.ts';
import { Nemesis } from './nemesis/nemesis.ts';
import type { Stage } from './stages.ts';
import { startStage } from './stages.ts';

export interface RunOptions {
  mode: Mode;
  seed: number;
  /** The file that the pods run. */
  program: string;
  /** With a short one leases end within a fault; with a long one it shows whether a refresh is all that repairs. */
  leaseTtlMs: number;
  pods: number;
  devices: number;
  callbacksPerSecond: number;
  /** How often a fault comes alone, from 0 to 1. */
  alone: number;
  /** Asked after each round of faults. */
  goesOn: (roundsDone: number) => boolean;
  /** Where the history goes. */
  path: string;
  /** The second number of the pods' addresses. */
  net: number;
  tell?: (sentence: string) => void;
}

/** What there was. */
export interface Performance {
  mode: Mode;
  seed: number;
  leaseTtlMs: number;
  path: string;
  /** The name of each fault there was. */
  faults: string[];
  /** Devices told not to come back though they had no other connection. */
  stranded: number;
}

export interface RunResult extends Performance {
  report: Report;
}

const reregisterPerSecond = 500;

/** What a run is judged by: room for a machine with less processor than the run would like, and no more. */
export function timesOf({ leaseTtlMs }: Pick<Performance, 'leaseTtlMs'>): Times {
  return { ...times, leaseTtlMs };
}

const times = {
  reregisterPerSecond,
  slackMs: 1500,
  settleMs: 2500,
  drainBudgetMs: 6000,
  memoryBoundBytes: 400e6,
};

const env = {
  REREGISTER_PER_SECOND: String(reregisterPerSecond),
  RECONNECT_SPREAD_MS: '500',
  IDLE_AFTER_MS: '500',
  PING_INTERVAL_MS: '2000',
  PONG_TIMEOUT_MS: '8000',
  DRAIN_SWEEPS: '5',
  DRAIN_INTERVAL_MS: '200',
  DRAIN_DEADLINE_MS: '5000',
  TERMINATION_GRACE_MS: '8000',
};

/** However bad it is, the run goes on after this, ms: the checker will say what was not well. */
const calmWithinMs = 12_000;
/** A connection that closes is over after this, ms; the checker decides about a quiet moment with hindsight. */
const closeGraceMs = 3200;

/** Judges a run by its history. That takes a second or so in which nothing else goes on. */
export async function judge(performance: Performance): Promise<RunResult> {
  return { ...performance, report: check(await readHistory(performance.path), timesOf(performance)) };
}

/** Plays a run to its end. Whatever happens, no process stays behind. */
export async function perform(options: RunOptions): Promise<Performance> {
  const { mode, seed, path, leaseTtlMs } = options;
  setMaxListeners(0, process); // every server and every pod is killed when this process ends
  const recorder = new Recorder(path);
  const endWatch = watchStarvation(recorder);
  const { stage, faultsOf } = await startStage(mode, recorder);
  const fleet = new FaultFleet({
    recorder,
    stage,
    program: options.program,
    env: { ...env, LEASE_TTL_MS: String(leaseTtlMs) },
    net: options.net,
  });
  let outcome;
  try {
    await Promise.all(Array.from({ length: options.pods }, () => fleet.start()));
    outcome = await play(options, { recorder, stage, fleet, faultsOf });
    await fleet.stop();
  } finally {
    endWatch();
    await fleet.destroy();
    await stage.stop();
    await recorder.close();
  }
  return { mode, seed, path, leaseTtlMs, ...outcome };
}

interface Theatre extends Stage {
  recorder: Recorder;
  fleet: FaultFleet;
}

/** From the first connect to the last quiet. */
async function play(options: RunOptions, { recorder, stage, fleet, faultsOf }: Theatre) {
  const { seed, leaseTtlMs, callbacksPerSecond: perSecond, goesOn, tell = () => {} } = options;
  const random = new Random(seed);
  const deviceIds = Array.from({ length: options.devices }, (_, index) => `device-${index}`);
  const scene: Scene = { fleet, recorder, leaseTtlMs, deviceIds };
  const nemesis = new Nemesis({ scene, random: random.fork(), alone: options.alone, ...faultsOf(scene) });
  const callers = new Callers({ fleet, stage, recorder, random: random.fork(), deviceIds, perSecond });
  const devices = deviceIds.map((deviceId, index) => {
    const habit = habits[index % habits.length]!;
    return new Device({ deviceId, habit, fleet, recorder, random: random.fork() });
  });
  const faults: string[] = [];
  let stranded = 0;
  try {
    for (const device of devices) device.start();
    callers.start();
    await calm({ recorder, stage, fleet, devices, tell });
    for (let rounds = 0; goesOn(rounds); rounds += 1) {
      const names = await nemesis.strike();
      tell(`round ${rounds + 1}: ${names.join(', ')}`);
      faults.push(...names);
      stranded += devices.filter(({ isStranded }) => isStranded).length;
      for (const device of devices) device.revive();
      await calm({ recorder, stage, fleet, devices, tell });
    }
    await delay(closeGraceMs);
    await callers.stop();
    return { faults, stranded };
  } finally {
    for (const device of devices) device.retire();
  }
}

interface Calm extends Pick<Theatre, 'recorder' | 'stage' | 'fleet'> {
  devices: readonly Device[];
  tell: (sentence: string) => void;
}

/** Waits until everybody is where they want to be, says so, and gives it the time to be right. */
async function calm({ recorder, stage, fleet, devices, tell }: Calm): Promise<void> {
  const isCalm = async () => {
    if (!devices.every(({ isConnected, isAway }) => isConnected || isAway)) return false;
    await stage.settled();
    const owed = await Promise.all(fleet.pods.map((pod) => pod.metric('ws_connect_registry_dirty_connections')));
    return owed.every((dirty) => dirty === 0);
  };
  if (!(await settles(calmWithinMs, isCalm))) tell('it did not become calm');
  recorder.record({ type: 'quiet' });
  await delay(times.settleMs);
}
