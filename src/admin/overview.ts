import type { DrainPlan } from '../../machines/drain-plan.ts';
import type { Clock } from '../base/clock.ts';
import { isoTime, repeat } from '../base/clock.ts';
import type { Flow } from '../connections/state-counts.ts';
import type { DrainProgress, SweepReport } from '../drain/drain-report.ts';
import type { PodRuntime } from '../drain/pod-runtime.ts';
import { LoopLag } from '../observe/loop-lag.ts';
import type { Metrics, MetricTotals } from '../observe/metrics.ts';

/** A pod at one moment. Counts are since its start. */
export interface Overview extends MetricTotals {
  /** ISO 8601 UTC. */
  at: string;
  podId: string;
  /** ISO 8601 UTC. A pod that was started again may have the podId it had. */
  startedAt: string;
  /** The pod chart's dotted state. */
  state: string;
  connections: number;
  /** Connections by the dotted state of their chart. */
  states: Record<string, number>;
  flows: Flow[];
  isRegistryUp: boolean;
  /** The longest the event loop was held up since the last overview, ms. */
  lagMs: number;
  plan: DrainPlan;
  drain: DrainProgress;
  /** The sweeps that are over. */
  sweepsDone: readonly SweepReport[];
}

export interface OverviewsOptions {
  podId: string;
  startedAt: string;
  plan: DrainPlan;
  runtime: PodRuntime;
  metrics: Metrics;
  isRegistryUp: () => boolean;
  clock: Clock;
}

const everyMs = 1000;

/** Makes an overview a second for everybody who looks, and none while nobody does. */
export class Overviews {
  readonly #options: OverviewsOptions;
  readonly #lookers = new Set<(overview: Overview) => void>();
  readonly #lag = new LoopLag();
  #end = () => {};

  constructor(options: OverviewsOptions) {
    this.#options = options;
  }

  /** Calls `show` with an overview now and with one every second. Returns what ends that. */
  look(show: (overview: Overview) => void): () => void {
    if (this.#lookers.size === 0) this.#begin();
    this.#lookers.add(show);
    void this.#read().then((overview) => this.#lookers.has(show) && show(overview));
    return () => {
      this.#lookers.delete(show);
      if (this.#lookers.size === 0) this.stop();
    };
  }

  /** Shows everybody an overview out of turn and ends: the pod is over. */
  async last(): Promise<void> {
    if (this.#lookers.size > 0) {
      const overview = await this.#read();
      for (const show of this.#lookers) show(overview);
    }
    this.stop();
  }

  stop(): void {
    this.#lookers.clear();
    this.#lag.stop();
    this.#end();
  }

  #begin(): void {
    this.#lag.start();
    this.#end = repeat(
      this.#options.clock,
      () => everyMs,
      async () => {
        const overview = await this.#read();
        for (const show of this.#lookers) show(overview);
        this.#lag.reset();
      },
    );
  }

  async #read(): Promise<Overview> {
    const { podId, startedAt, plan, runtime, metrics, isRegistryUp, clock } = this.#options;
    const { stateCounts, size } = runtime.connections;
    return {
      at: isoTime(clock, clock.now()),
      podId,
      startedAt,
      state: runtime.state(),
      connections: size,
      states: Object.fromEntries(stateCounts.countByState()),
      flows: stateCounts.flows(),
      ...(await metrics.read()),
      isRegistryUp: isRegistryUp(),
      lagMs: this.#lag.longestMs,
      plan,
      drain: runtime.progress(),
      sweepsDone: runtime.drain.reports,
    };
  }
}
