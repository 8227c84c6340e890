import { Callbacks, talk } from './load/callbacks.ts';
import { Fleet } from './load/fleet.ts';
import { LagWatch } from './load/lag-watch.ts';
import type { LoadDevice } from './load/device.ts';
import { ServerProcess } from './server-process.ts';
import { wsConnect } from './servers/contenders.ts';
import { quantile } from './statistics.ts';
import { pause, until, within } from './within.ts';

export interface DrainSize {
  devices: number;
  /** The first so many devices talk and are sent callbacks. */
  talkers: number;
  /** How long the state before the drain is watched. */
  beforeMs: number;
}

/** All in ms unless it says otherwise. */
export interface DrainRound {
  durationSeconds: number;
  closesPerSecond: number;
  mostClosesInASecond: number;
  lagBefore: number;
  lagDuring: number;
  /** The answer to one scrape of /metrics with all devices connected. */
  scrape: number;
  p99Before: number;
  p99During: number;
  p99Ratio: number;
  /** The slowest callback. */
  worstBefore: number;
  worstDuring: number;
  /** What the load generator itself adds to the callback times. */
  latenessP99Before: number;
  latenessP99During: number;
  answeredDuring: number;
  refusedDuring: number;
}

/** More than IDLE_AFTER_MS: who does not talk is idle then. */
const idleMs = 5000;
const drainMs = 40_000;
const restarting = 1012;
/** The share of devices gone from which a scrape is cheap. */
const cheapShare = 0.9;

export async function drainOnce({ devices, talkers, beforeMs }: DrainSize): Promise<DrainRound> {
  const server = await ServerProcess.start(wsConnect);
  const fleet = new Fleet(server, wsConnect.wire, devices);
  await fleet.connect();
  const target: Target = { server, fleet, talking: fleet.devices.slice(0, talkers) };
  const stopTalking = talk(target.talking);
  await watch(target, () => pause(idleMs)); // warm-up
  const before = await watch(target, () => pause(beforeMs));

  const closedAt: number[] = [];
  fleet.onClose = (device, code) => {
    if (code !== restarting) throw new Error(`device ${device} was closed with ${code}`);
    closedAt.push(performance.now());
  };
  const report: Promise<DrainReport>[] = [];
  const drained = () => {
    report.push(preStop(server));
    return until(drainMs, 'all closes', () => closedAt.length === devices);
  };
  const during = await watch(target, drained, () => closedAt.length > cheapShare * devices);
  stopTalking();
  checkReport(await within(drainMs, 'the answer to /pre-stop', report[0]!), devices);
  const code = await within(drainMs, 'the exit', server.exited);
  if (code !== 0) throw new Error(`ws-connect ended with ${code}`);
  await fleet.settled();
  return summary(before, during, closedAt);
}

interface Target {
  server: ServerProcess;
  fleet: Fleet;
  talking: LoadDevice[];
}

interface Watched {
  lag: LagWatch;
  callbacks: Callbacks;
}

/** Calls back those who talk, and watches the lag, until `over` resolves. */
async function watch(
  { server, fleet, talking }: Target,
  over: () => Promise<void>,
  scrapeIsCheap = () => false,
): Promise<Watched> {
  const lag = await LagWatch.start(adminOf(server), scrapeIsCheap);
  await pause(lag.scrapeMs); // what had to wait for the scrape is over
  const callbacks = await Callbacks.start(server, fleet, talking);
  await over();
  await callbacks.stop();
  await lag.stop();
  return { lag, callbacks };
}

function summary(before: Watched, during: Watched, closedAt: number[]): DrainRound {
  const durationSeconds = (closedAt.at(-1)! - closedAt[0]!) / 1000;
  const [p99Before, p99During] = [before, during].map(({ callbacks }) => quantile(callbacks.latencies, 0.99));
  return {
    durationSeconds,
    closesPerSecond: closedAt.length / durationSeconds,
    mostClosesInASecond: mostWithin(closedAt, 1000),
    lagBefore: before.lag.worstMs,
    lagDuring: during.lag.worstMs,
    scrape: during.lag.scrapeMs,
    p99Before: p99Before!,
    p99During: p99During!,
    p99Ratio: p99During! / p99Before!,
    worstBefore: quantile(before.callbacks.latencies, 1),
    worstDuring: quantile(during.callbacks.latencies, 1),
    latenessP99Before: before.callbacks.latenessP99,
    latenessP99During: during.callbacks.latenessP99,
    answeredDuring: during.callbacks.latencies.length,
    refusedDuring: during.callbacks.refused,
  };
}

function adminOf({ ports }: ServerProcess): string {
  return `http://127.0.0.1:${ports.adminPort}`;
}

/** What /pre-stop answers, as far as it is looked at. */
interface DrainReport {
  outcome: string;
  closedIdle: number;
  closedActive: number;
}

async function preStop(server: ServerProcess): Promise<DrainReport> {
  const answer = await fetch(`${adminOf(server)}/pre-stop`);
  return (await answer.json()) as DrainReport;
}

function checkReport(report: DrainReport, devices: number): void {
  const { outcome, closedIdle, closedActive } = report;
  if (outcome !== 'drained' || closedIdle + closedActive !== devices) {
    throw new Error(`the drain of ${devices} devices ended with ${JSON.stringify(report)}`);
  }
}

/** The largest number of times within any window of `ms`; `times` are in order. */
function mostWithin(times: number[], ms: number): number {
  let from = 0;
  let most = 0;
  times.forEach((time, index) => {
    while (times[from]! <= time - ms) from += 1;
    most = Math.max(most, index - from + 1);
  });
  return most;
}
