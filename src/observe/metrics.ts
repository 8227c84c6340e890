import { Counter, Histogram, Registry as PrometheusRegistry } from 'prom-client';
import type { Disconnect } from '../../machines/disconnect.ts';
import { disconnects } from '../../machines/disconnect.ts';
import { LoopLag } from './loop-lag.ts';
import type { MetricSources } from './metrics/gauges.ts';
import { exposeGauges, exposeLag } from './metrics/gauges.ts';
import { collectProcessMetrics } from './metrics/process.ts';
import { countRegistryOperations } from './metrics/registry-operations.ts';
import { seconds } from './metrics/seconds.ts';
import { BufferedCounter } from './metrics/buffered-counter.ts';

const knownCodes = new Set([1000, 1001, 1005, 1006, ...disconnects.map(({ code }) => code)]);

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
  const lag = new LoopLag();
  lag.start();
  collectProcessMetrics(registry);
  exposeLag(registers, lag);
  const { connects, closes, takeovers, drainClosed } = createConnectionCounters(registers);
  const { callbacks, callbackDuration } = createCallbackMetrics(registers);
  const callbackDurations = callbackDuration.labels();

  return {
    connected: (result: string) => connects.add(result),
    closed: ({ code, reason }: Disconnect) => closes.inc({ code: knownCodes.has(code) ? code : 'other', reason }),
    callback(outcome: string, durationMs: number) {
      callbacks.add(outcome);
      callbackDurations.observe(durationMs / 1000);
    },
    registryBatch: countRegistryOperations(registers),
    takeover: (result: string) => takeovers.inc({ result }),
    drainClosed: (activity: 'idle' | 'active', count: number) => drainClosed.inc({ activity }, count),

    /** Connects the gauges that are read at scrape time. */
    observe: (sources: MetricSources) => exposeGauges(registers, sources),

    /** What the operator page shows of them: counts since the start, those of the latency by the upper end of their bucket, s. */
    async read(): Promise<MetricTotals> {
      const [accepted, ended, called, { values }] = await Promise.all([
        connects.read(),
        closes.get(),
        callbacks.read(),
        callbackDuration.get(),
      ]);
      const buckets = values.filter(({ metricName }) => metricName?.endsWith('_bucket'));
      return {
        connects: accepted.map(([result, count]) => ({ result, count })),
        closes: ended.values.map(({ labels: { code, reason }, value }) => ({
          code: String(code),
          reason: String(reason),
          count: value,
        })),
        callbacks: called.map(([outcome, count]) => ({ outcome, count })),
        callbackSeconds: buckets.map(({ labels, value }) => ({ le: String(labels.le), count: value })),
      };
    },

    /** The exposition, and its content type. */
    text: () => registry.metrics(),
    contentType: registry.contentType,

    close(): void {
      lag.stop();
      registry.clear();
    },
  };
}

function createConnectionCounters(registers: PrometheusRegistry[]) {
  const connects = new BufferedCounter({
    name: 'ws_connect_connects_total',
    help: 'Upgrade requests by result: accepted, or the code of the refusal',
    label: 'result',
    registers,
  });
  const closes = new Counter({
    name: 'ws_connect_closes_total',
    help: 'Ended connections by WebSocket close code and reason; other stands for codes that devices chose themselves',
    labelNames: ['code', 'reason'],
    registers,
  });
  const takeovers = new Counter({
    name: 'ws_connect_takeovers_total',
    help: 'Devices that moved to this pod from another pod, by what the other pod answered',
    labelNames: ['result'],
    registers,
  });
  const drainClosed = new Counter({
    name: 'ws_connect_drain_closed_total',
    help: 'Connections closed by the drain, by whether they were idle or active',
    labelNames: ['activity'],
    registers,
  });
  return { connects, closes, takeovers, drainClosed };
}

function createCallbackMetrics(registers: PrometheusRegistry[]) {
  const callbacks = new BufferedCounter({
    name: 'ws_connect_callbacks_total',
    help: 'Callback requests by outcome: delivered, or the code of the problem',
    label: 'outcome',
    registers,
  });
  const callbackDuration = new Histogram({
    name: 'ws_connect_callback_duration_seconds',
    help: 'Time from a callback request to its answer',
    buckets: seconds,
    registers,
  });
  return { callbacks, callbackDuration };
}
