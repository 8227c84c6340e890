import { restarting } from '../../machines/disconnect.ts';
import { sweepQuota } from '../../machines/drain-plan.ts';
import type { PodEffects, PodEvent } from '../../machines/pod.ts';
import { isoTime } from '../base/clock.ts';
import type { Connections } from '../connections/connections.ts';
import type { DeviceSocket } from '../connections/socket.ts';
import type { PodContext } from '../context.ts';
import { drains } from './channels.ts';
import type { DrainProgress, SweepReport } from './drain-report.ts';

export interface DrainOptions {
  connections: () => Connections;
  /** Tells the pod chart. */
  tell: (event: PodEvent) => void;
  /** Tells the registry that this pod is draining. */
  announce: () => void;
  /** Resolves with how many of `count` idle connections it may close now. Undefined: the fleet has no limit. */
  grant: ((count: number) => Promise<number>) | undefined;
}

interface Spread {
  /** Told how many were closed, once all have had their turn. */
  finished: (closed: number) => void;
  /** Connections that are not idle when their turn comes are left alone. */
  onlyIdle: boolean;
  /** At an even pace it lasts about this long, ms; longer if the fleet's limit is lower. */
  overMs: number;
  grant?: DrainOptions['grant'];
}

/** A sweep closes this often, and in burst this many at a time with a breath in between. */
const sliceMs = 50;
const burstSlice = 64;

/** So many of the latest sweeps are kept to be shown. */
const maxReports = 100;

type DrainContext = Omit<PodContext, 'clockwork'>;

/** Carries out what the pod chart orders while it drains: picks whom to close, and spreads the closes over the interval. */
export class Drain implements PodEffects {
  readonly #context: DrainContext;
  readonly #options: DrainOptions;
  /** When it began, on the pod's clock. */
  #startedAt: number | undefined;
  #timer: unknown;
  /** Closes the next slice of what is being closed. */
  #closeSlice: (() => void) | undefined;
  readonly #reports: SweepReport[] = [];

  constructor(context: DrainContext, options: DrainOptions) {
    this.#context = context;
    this.#options = options;
  }

  announceDrain(): void {
    const { clock, log, config } = this.#context;
    const connections = this.#options.connections().size;
    this.#startedAt = clock.now();
    log.info({ plan: config.drainPlan, connections }, 'drain began');
    drains.started.publish({ podId: config.podId, connections });
    this.#options.announce();
  }

  sweep(sweepsLeft: number): void {
    const { log, config } = this.#context;
    const { tell, grant, connections } = this.#options;
    const { drainPlan: plan, podId } = config;
    drains.sweep.publish({ podId, sweep: plan.sweeps - sweepsLeft + 1, connections: connections().size });
    const staying = this.#staying();
    const idle = staying.filter(({ isIdle }) => isIdle).sort((a, b) => a.lastDataAt - b.lastDataAt);
    const chosen = idle.slice(0, sweepQuota(plan, staying.length, sweepsLeft));
    const finished = (closed: number) => {
      const { at: _, ...report } = this.#report(plan.sweeps - sweepsLeft + 1, idle.length, closed);
      log.info({ ...report, sweeps: plan.sweeps }, 'sweep done');
      tell({ type: 'sweep.finished' });
    };
    this.#closeSpread(chosen, { finished, onlyIdle: true, overMs: plan.intervalMs, grant });
  }

  closeRest(): void {
    const { log, config } = this.#context;
    const plan = config.drainPlan;
    const rest = this.#staying();
    log.info({ rest: rest.length }, 'closing the rest');
    const finished = (closed: number) => {
      const { remaining } = this.#report(plan.sweeps + 1, rest.length, closed);
      log.info({ closed, remaining }, 'rest closed');
    };
    this.#closeSpread(rest, { finished, onlyIdle: false, overMs: plan.restMs }); // not limited by the fleet: the grace ends soon
  }

  /** Ends what is under way. */
  stop(): void {
    this.#context.clock.clearTimeout(this.#timer);
    this.#closeSlice = undefined;
  }

  elapsedMs(): number {
    return this.#startedAt === undefined ? 0 : Math.round(this.#context.clock.now() - this.#startedAt);
  }

  /** ISO 8601 UTC; null before the drain. */
  times(): Pick<DrainProgress, 'startedAt' | 'deadline'> {
    const { clock, config } = this.#context;
    if (this.#startedAt === undefined) return { startedAt: null, deadline: null };
    return {
      startedAt: isoTime(clock, this.#startedAt),
      deadline: isoTime(clock, this.#startedAt + config.drainPlan.forcedAfterMs),
    };
  }

  /** The sweeps that are over, the latest last. */
  get reports(): readonly SweepReport[] {
    return this.#reports;
  }

  #report(sweep: number, idle: number, closed: number): SweepReport {
    const { clock } = this.#context;
    const remaining = this.#options.connections().size;
    const report = { sweep, at: isoTime(clock, clock.now()), idle, closed, remaining };
    this.#reports.push(report);
    if (this.#reports.length > maxReports) this.#reports.shift();
    return report;
  }

  #staying(): DeviceSocket[] {
    return [...this.#options.connections().all()].filter(({ isStaying }) => isStaying);
  }

  /** Closes these one after the other. A spread that is under way ends. */
  #closeSpread(sockets: DeviceSocket[], { finished, onlyIdle, overMs, grant }: Spread): void {
    const { clock, config } = this.#context;
    const even = config.drainPlan.pace === 'even';
    const windowMs = Math.max(overMs - sliceMs, sliceMs); // over a slice early, because timers are late
    const share = (elapsedMs: number) => Math.min(1, (elapsedMs + sliceMs) / windowMs);
    const startedAt = clock.now();
    let next = 0;
    let closed = 0;
    const closeNext = (count: number) => {
      closed += this.#closeAll(sockets.slice(next, next + count), onlyIdle);
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

  #closeAll(sockets: DeviceSocket[], onlyIdle: boolean): number {
    const count = { idle: 0, active: 0 };
    for (const socket of sockets) {
      const { isIdle, isStaying } = socket;
      if (!isStaying || (onlyIdle && !isIdle)) continue;
      socket.leave(restarting);
      count[isIdle ? 'idle' : 'active'] += 1;
    }
    for (const activity of ['idle', 'active'] as const) {
      if (count[activity] === 0) continue;
      this.#context.metrics.drainClosed(activity, count[activity]);
      this.#options.tell({ type: 'connections.closed', activity, count: count[activity] });
    }
    return count.idle + count.active;
  }
}
