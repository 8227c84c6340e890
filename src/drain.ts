import { restarting } from '../machines/disconnect.ts';
import type { DrainPlan } from '../machines/drain-plan.ts';
import { sweepQuota } from '../machines/drain-plan.ts';
import type { PodEffects, PodEvent } from '../machines/pod.ts';
import type { Clock } from './clock.ts';
import { isoTime } from './clock.ts';
import type { Connections } from './device/connections.ts';
import type { DeviceSocket } from './device/socket.ts';
import type { DrainProgress, SweepReport } from './drain-report.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface DrainOptions {
  plan: DrainPlan;
  idleAfterMs: number;
  connections: () => Connections;
  clock: Clock;
  metrics: Metrics;
  log: Logger;
  /** Tells the pod chart. */
  tell: (event: PodEvent) => void;
  /** Tells the registry that this pod is draining. */
  announce: () => void;
  /** How many of `count` idle connections it may close now, if the fleet has a limit. */
  grant: ((count: number) => Promise<number>) | undefined;
}

interface Spread {
  /** Told how many were closed, once all have had their turn. */
  finished: (closed: number) => void;
  /** Those that have become less quiet than this by their turn are left alone, ms. */
  spareBelowMs: number;
  /** In an even pace it lasts about this long, or longer if the fleet's limit is less, ms. */
  overMs: number;
  grant?: DrainOptions['grant'];
}

/** A sweep closes this often, and in burst this many at a time with a breath in between. */
const sliceMs = 50;
const burstSlice = 64;

/** So many of the latest sweeps are kept to be shown. */
const maxReports = 100;

/** Carries out what the pod chart orders while it drains: picks whom to close, and spreads the closes over the interval. */
export class Drain implements PodEffects {
  readonly #options: DrainOptions;
  /** When it began, on the pod's clock. */
  #startedAt: number | undefined;
  #timer: unknown;
  /** Closes the next slice of what is being closed. */
  #closeSlice: (() => void) | undefined;
  readonly #reports: SweepReport[] = [];

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  announceDrain(): void {
    const { clock, plan, log, connections, announce } = this.#options;
    this.#startedAt = clock.now();
    log.info({ plan, connections: connections().size }, 'drain began');
    announce();
  }

  sweep(sweepsLeft: number): void {
    const { plan, idleAfterMs, log, tell, grant } = this.#options;
    const staying = this.#staying();
    const idle = this.#idle(staying);
    const chosen = idle.slice(0, sweepQuota(plan, staying.length, sweepsLeft));
    const finished = (closed: number) => {
      const { at: _, ...report } = this.#report(plan.sweeps - sweepsLeft + 1, idle.length, closed);
      log.info({ ...report, sweeps: plan.sweeps }, 'sweep done');
      tell({ type: 'sweep.finished' });
    };
    this.#closeSpread(chosen, { finished, spareBelowMs: idleAfterMs, overMs: plan.intervalMs, grant });
  }

  closeRest(): void {
    const { plan, log } = this.#options;
    const rest = this.#staying();
    log.info({ rest: rest.length }, 'closing the rest');
    const finished = (closed: number) => {
      const { remaining } = this.#report(plan.sweeps + 1, rest.length, closed);
      log.info({ closed, remaining }, 'rest closed');
    };
    this.#closeSpread(rest, { finished, spareBelowMs: 0, overMs: plan.restMs }); // not limited by the fleet: the grace ends soon
  }

  /** Ends what is under way. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#closeSlice = undefined;
  }

  elapsedMs(): number {
    return this.#startedAt === undefined ? 0 : Math.round(this.#options.clock.now() - this.#startedAt);
  }

  /** ISO 8601 UTC; null before the drain. */
  times(): Pick<DrainProgress, 'startedAt' | 'deadline'> {
    const { clock, plan } = this.#options;
    if (this.#startedAt === undefined) return { startedAt: null, deadline: null };
    return {
      startedAt: isoTime(clock, this.#startedAt),
      deadline: isoTime(clock, this.#startedAt + plan.forcedAfterMs),
    };
  }

  /** The sweeps that are over, the latest last. */
  get reports(): readonly SweepReport[] {
    return this.#reports;
  }

  #report(sweep: number, idle: number, closed: number): SweepReport {
    const { clock, connections } = this.#options;
    const report = { sweep, at: isoTime(clock, clock.now()), idle, closed, remaining: connections().size };
    this.#reports.push(report);
    if (this.#reports.length > maxReports) this.#reports.shift();
    return report;
  }

  #staying(): DeviceSocket[] {
    return [...this.#options.connections().all()].filter(({ isStaying }) => isStaying);
  }

  /** Those of them that are idle, longest idle first. */
  #idle(staying: DeviceSocket[]): DeviceSocket[] {
    const { clock, idleAfterMs } = this.#options;
    const now = clock.now();
    const quiet = staying.map((socket) => ({ socket, quietMs: socket.quietMs(now) }));
    const idle = quiet.filter(({ quietMs }) => quietMs >= idleAfterMs);
    return idle.sort((a, b) => b.quietMs - a.quietMs).map(({ socket }) => socket);
  }

  /** Closes these one after the other. A spread that is under way ends. */
  #closeSpread(sockets: DeviceSocket[], { finished, spareBelowMs, overMs, grant }: Spread): void {
    const { clock, plan } = this.#options;
    const even = plan.pace === 'even';
    const windowMs = Math.max(overMs - sliceMs, sliceMs); // over a slice early, because timers are late
    const share = (elapsedMs: number) => Math.min(1, (elapsedMs + sliceMs) / windowMs);
    const startedAt = clock.now();
    let next = 0;
    let closed = 0;
    const closeNext = (count: number) => {
      closed += this.#closeAll(sockets.slice(next, next + count), spareBelowMs);
      next += count;
      if (next >= sockets.length) return finished(closed);
      this.#timer = clock.setTimeout(closeSlice, even || grant ? sliceMs : 0);
    };
    const closeSlice = () => {
      const end = even ? Math.ceil(sockets.length * share(clock.now() - startedAt)) : next + burstSlice;
      const count = Math.min(end, sockets.length) - next;
      if (!grant || count === 0) return closeNext(count);
      void grant(count).then((granted) => {
        if (this.#closeSlice === closeSlice) closeNext(granted);
      });
    };
    this.stop();
    this.#closeSlice = closeSlice;
    closeSlice();
  }

  #closeAll(sockets: DeviceSocket[], spareBelowMs: number): number {
    const { clock, idleAfterMs, metrics, tell } = this.#options;
    const now = clock.now();
    const count = { idle: 0, active: 0 };
    for (const socket of sockets) {
      const quietMs = socket.quietMs(now);
      if (quietMs < spareBelowMs || !socket.isStaying) continue;
      socket.leave(restarting);
      count[quietMs >= idleAfterMs ? 'idle' : 'active'] += 1;
    }
    for (const activity of ['idle', 'active'] as const) {
      if (count[activity] === 0) continue;
      metrics.drainClosed(activity, count[activity]);
      tell({ type: 'connections.closed', activity, count: count[activity] });
    }
    return count.idle + count.active;
  }
}
