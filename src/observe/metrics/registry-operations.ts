import type { Registry } from 'prom-client';
import { Counter, Histogram } from 'prom-client';
import { seconds } from './seconds.ts';

/** How the commands of a batch ended. */
const results = ['ok', 'failed', 'refused', 'unknown'] as const;
export type OperationCounts = Record<(typeof results)[number], number>;

/** What the registry was asked. Returns what notes a batch of one operation. */
export function countRegistryOperations(registers: Registry[]) {
  const operations = new Counter({
    name: 'ws_connect_registry_operations_total',
    help: 'Registry commands by result: ok, failed, refused, or unknown (no answer arrived; the registry may have executed the command)',
    labelNames: ['operation', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'ws_connect_registry_operation_duration_seconds',
    help: 'Time from sending a batch of commands to the last of their replies',
    labelNames: ['operation'],
    buckets: seconds,
    registers,
  });
  const handlesOf = kept((operation) => ({
    results: results.map((result) => ({ result, counter: operations.labels(operation, result) })),
    duration: duration.labels(operation),
  }));
  return (operation: string, counts: OperationCounts, durationMs: number): void => {
    const handles = handlesOf(operation);
    for (const { result, counter } of handles.results) if (counts[result] > 0) counter.inc(counts[result]);
    handles.duration.observe(durationMs / 1000);
  };
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
