import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry as PrometheusRegistry } from 'prom-client';
import type { Disconnect } from '../machines/disconnect.ts';
import { disconnects } from '../machines/disconnect.ts';

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const knownCodes = new Set([1000, 1001, 1005, 1006, ...disconnects.map(({ code }) => code)]);
const registryResults = ['ok', 'failed', 'refused', 'unknown'] as const;
const drainPhases = { serving: 0, draining: 1, stopped: 2 };

/** What the metrics ask the pod for at every scrape. */
export interface MetricSources {
  /** How many connections are in each state. */
  connectionStates(): Map<string, number>;
  drainPhase(): keyof typeof drainPhases;
  isRegistryUp(): boolean;
  dirty(): { count: number; oldestMs: number };
}

export interface MetricTotals {
  connects: { result: string; count: number }[];
  closes: { code: string; reason: string; count: number }[];
  callbacks: { outcome: string; count: number }[];
  /** How many callbacks took at most `le` seconds, `+Inf` for all. */
  callbackSeconds: { le: string; count: number }[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The pod's Prometheus metrics. Labels are taken from small fixed sets, never from what a device or a caller sent. */
export function createMetrics() {
  const registry = new PrometheusRegistry();
  const registers = [registry];
  collectProcessMetrics(registry);
  const loopDelay = monitorEventLoopDelay({ resolution: 10 });
  loopDelay.enable();

  const connects = new Tally();
  const connectsTotal = new Counter({
    name: 'ws_connect_connects_total',
    help: 'Upgrade requests by result: accepted, or the code of the refusal',
    labelNames: ['result'],
    registers,
    collect() {
      for (const [result, count] of connects.take()) this.inc({ result }, count);
    },
  });
  const closes = new Counter({
    name: 'ws_connect_closes_total',
    help: 'Ended connections by WebSocket close code and reason; a code the device chose itself counts as other',
    labelNames: ['code', 'reason'],
    registers,
  });
  const callbacks = new Tally();
  const callbacksTotal = new Counter({
    name: 'ws_connect_callbacks_total',
    help: 'Callback requests by outcome: delivered, or the code of the problem',
    labelNames: ['outcome'],
    registers,
    collect() {
      for (const [outcome, count] of callbacks.take()) this.inc({ outcome }, count);
    },
  });
  const callbackDuration = new Histogram({
    name: 'ws_connect_callback_duration_seconds',
    help: 'From the request to its answer',
    buckets: seconds,
    registers,
  });
  const registryOperations = new Counter({
    name: 'ws_connect_registry_operations_total',
    help: 'Registry commands by result: ok, failed, refused, or unknown (no answer came, and it may have been carried out)',
    labelNames: ['operation', 'result'],
    registers,
  });
  const registryDuration = new Histogram({
    name: 'ws_connect_registry_operation_duration_seconds',
    help: 'From the commands sent together to the last of their replies',
    labelNames: ['operation'],
    buckets: seconds,
    registers,
  });
  const takeovers = new Counter({
    name: 'ws_connect_takeovers_total',
    help: 'Devices that came over from another pod, by what that pod did when it was told',
    labelNames: ['result'],
    registers,
  });
  const drainClosed = new Counter({
    name: 'ws_connect_drain_closed_total',
    help: 'Connections closed by the drain, by whether they were idle or active',
    labelNames: ['activity'],
    registers,
  });

  const callbackDurations = callbackDuration.labels();
  const registryBy = kept((operation: string) => ({
    ok: registryOperations.labels(operation, 'ok'),
    failed: registryOperations.labels(operation, 'failed'),
    refused: registryOperations.labels(operation, 'refused'),
    unknown: registryOperations.labels(operation, 'unknown'),
    duration: registryDuration.labels(operation),
  }));

  return {
    connected: (result: string) => connects.add(result),
    closed: ({ code, reason }: Disconnect) => closes.inc({ code: knownCodes.has(code) ? code : 'other', reason }),
    callback(outcome: string, durationMs: number) {
      callbacks.add(outcome);
      callbackDurations.observe(durationMs / 1000);
    },
    registryBatch(operation: string, count: Record<(typeof registryResults)[number], number>, durationMs: number) {
      const handles = registryBy(operation);
      for (const result of registryResults) if (count[result] > 0) handles[result].inc(count[result]);
      handles.duration.observe(durationMs / 1000);
    },
    takeover: (result: string) => takeovers.inc({ result }),
    drainClosed: (activity: 'idle' | 'active', count: number) => drainClosed.inc({ activity }, count),

    /** Connects the gauges that are read at scrape time. */
    observe(sources: MetricSources): void {
      new Gauge({
        name: 'ws_connect_connections',
        help: 'Connections by the state of their chart',
        labelNames: ['state'],
        registers,
        collect() {
          const states = sources.connectionStates();
          this.reset();
          for (const [state, count] of states) this.set({ state }, count);
          if (states.size === 0) this.set({ state: 'registered.active' }, 0); // an autoscaler takes no series for no data
          const connecting = [...states].filter(([state]) => state.startsWith('connecting.'));
          unregistered.set(connecting.reduce((sum, [, count]) => sum + count, 0)); // scraped after this one
        },
      });
      const unregistered = new Gauge({
        name: 'ws_connect_registry_unregistered_connections',
        help: 'Open connections whose entry is not in the registry yet',
        registers,
      });
      new Gauge({
        name: 'ws_connect_registry_up',
        help: '1 while the registry answers, 0 while the circuit breaker in front of it is open',
        registers,
        collect() {
          this.set(Number(sources.isRegistryUp()));
        },
      });
      new Gauge({
        name: 'ws_connect_registry_dirty_connections',
        help: 'Connections, ended ones included, whose entry has to be repaired',
        registers,
        collect() {
          this.set(sources.dirty().count);
        },
      });
      new Gauge({
        name: 'ws_connect_registry_oldest_dirty_seconds',
        help: 'For how long the oldest of them has been waiting for that',
        registers,
        collect() {
          this.set(sources.dirty().oldestMs / 1000);
        },
      });
      new Gauge({
        name: 'ws_connect_drain_phase',
        help: '0 serving, 1 draining, 2 stopped',
        registers,
        collect() {
          this.set(drainPhases[sources.drainPhase()]);
        },
      });
      new Gauge({
        name: 'ws_connect_event_loop_lag_seconds',
        help: 'The longest the event loop was held up since the last scrape',
        registers,
        collect() {
          this.set(loopDelay.max / 1e9);
          loopDelay.reset();
        },
      });
    },

    /** What the operator page shows of them: counts since the start, those of the latency by the upper end of their bucket, s. */
    async read(): Promise<MetricTotals> {
      const [accepted, ended, called, { values }] = await Promise.all([
        connectsTotal.get(),
        closes.get(),
        callbacksTotal.get(),
        callbackDuration.get(),
      ]);
      const buckets = values.filter(({ metricName }) => metricName?.endsWith('_bucket'));
      return {
        connects: accepted.values.map(({ labels, value }) => ({ result: String(labels.result), count: value })),
        closes: ended.values.map(({ labels: { code, reason }, value }) => ({
          code: String(code),
          reason: String(reason),
          count: value,
        })),
        callbacks: called.values.map(({ labels, value }) => ({ outcome: String(labels.outcome), count: value })),
        callbackSeconds: buckets.map(({ labels, value }) => ({ le: String(labels.le), count: value })),
      };
    },

    /** The exposition, and its content type. */
    text: () => registry.metrics(),
    contentType: registry.contentType,

    close(): void {
      loopDelay.disable();
      registry.clear();
    },
  };
}

/** prom-client's own, but for those that would hold up the event loop for each of many thousand sockets. */
function collectProcessMetrics(registry: PrometheusRegistry): void {
  collectDefaultMetrics({ register: registry });
  for (const what of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${what}`);
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  }
  registry.removeSingleMetric('process_open_fds'); // it reads the folder synchronously
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, sockets included',
    registers: [registry],
    async collect() {
      const open = await readdir('/proc/self/fd').catch(() => []); // no such folder but on Linux
      this.set(Math.max(0, open.length - 1)); // but for the one it was read by
    },
  });
}

/** Counts since the last scrape, by label: prom-client makes a string of the labels at each `inc`, which takes microseconds. */
class Tally {
  #counts = new Map<string, number>();

  add(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  take(): Map<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }
}

/** Keeps what `make` makes of each label: finding a metric's child by its labels anew every time costs microseconds. */
function kept<T>(make: (label: string) => T): (label: string) => T {
  const made = new Map<string, T>();
  return (label) => {
    let one = made.get(label);
    if (one === undefined) {
      one = make(label);
      made.set(label, one);
    }
    return one;
  };
}
