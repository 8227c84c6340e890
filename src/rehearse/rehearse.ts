import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Caller } from './caller.ts';
import { Devices } from './devices.ts';
import { Ledger } from './ledger.ts';
import { News } from './news.ts';
import { seededRandom } from './random.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import type { Closer, Setting, Stage } from './stage.ts';
import { ownFleet, watched } from './stage.ts';

const connectWithinMs = 120_000;
/** Callbacks begin this long before the first pod goes, and go on this long after the last one has gone. */
const marginMs = 2000;
const settleWithinMs = 15_000;
const progressEveryMs = 2000;

/** Rolls a fleet, or watches one. All it has started is gone when it is over, however it ends: when `signal` says so, by a rejection. */
export async function rehearse(setting: Setting): Promise<Report> {
  const closers: Closer[] = [];
  const { options, signal } = setting;
  const { elsewhere } = options;
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  const play = async () => {
    const stage = elsewhere ? watched(elsewhere, setting, closers) : await ownFleet(setting, closers);
    return perform(stage, setting, closers);
  };
  try {
    return await Promise.race([play(), interrupted]);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** Connects the devices, sends callbacks, lets happen what is to happen, and waits until everything has arrived. */
async function perform(stage: Stage, setting: Setting, closers: Closer[]): Promise<Report> {
  const { options, tell, signal } = setting;
  const startedAt = performance.now();
  const { news, ledger, devices, caller } = createCast(stage, setting);
  closers.push(
    () => devices.retire(),
    () => caller.close(),
    showProgress(devices, ledger, tell),
  );
  devices.start();
  if (!(await news.until(() => devices.areAllConnected, connectWithinMs))) {
    const count = `${devices.connected} of ${options.devices} devices`;
    throw new RehearsalError(`only ${count} connected to ${stage.devicesAt} within ${connectWithinMs / 1000} s`);
  }
  tell('all devices are connected, callbacks begin');
  caller.start();
  await delay(marginMs, undefined, { signal });
  const departures = await stage.run();
  await delay(marginMs, undefined, { signal });
  caller.stop();
  await news.until(() => ledger.underWay === 0 && caller.underWay === 0, options.deadlineMs + settleWithinMs);
  await news.until(() => devices.areAllConnected, settleWithinMs);
  return createReport({
    startedAt,
    endedAt: performance.now(),
    pods: options.pods,
    devices: devices.seen(),
    callbacks: { ...ledger.counts(), delays: ledger.delays, answers: caller.answers },
    departures,
  });
}

/** Who plays: the devices and the caller, and the ledger both write to. */
function createCast({ devicesAt, pods, lookUp }: Stage, { options }: Setting) {
  const runId = `rehearsal-${randomBytes(4).toString('hex')}`;
  const news = new News();
  const common = { ledger: new Ledger(runId), random: seededRandom(options.seed), changed: news.changed };
  const devices = new Devices({ ...common, runId, count: options.devices, mix: options, base: devicesAt });
  const caller = new Caller({
    ...common,
    perSecond: options.rate,
    deadlineMs: options.deadlineMs,
    deviceIds: devices.ids,
    pods,
    lookUp,
  });
  return { news, ledger: common.ledger, devices, caller };
}

/** Says again and again how it is going. Returns what ends it. */
function showProgress(devices: Devices, ledger: Ledger, tell: (line: string) => void): Closer {
  let told = 0;
  const timer = setInterval(() => {
    const moves = devices.seen().returns.length;
    const { sent, delivered, duplicated, wrong } = ledger.counts();
    tell(
      `${devices.connected} of ${devices.ids.length} devices connected, ${moves - told} reconnected; ` +
        `callbacks: ${sent} sent, ${delivered} delivered, ${duplicated} twice, ${wrong} wrong`,
    );
    told = moves;
  }, progressEveryMs);
  return () => clearInterval(timer);
}
