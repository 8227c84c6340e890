import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { LoopLag } from '../loop-lag.ts';

const drainPhases = { serving: 0, draining: 1, stopped: 2 };

/** What the metrics ask the pod for at every scrape. */
export interface MetricSources {
  /** How many connections are in each state. */
  connectionStates(): Map<string, number>;
  drainPhase(): keyof typeof drainPhases;
  isRegistryUp(): boolean;
  /** It is known to delete entries when it is full. */
  isRegistryEvicting(): boolean;
  dirty(): { count: number; oldestMs: number };
  /** How many lines of the log were dropped since the start. */
  droppedLogLines(): number;
}

/** The gauges of the pod, and what else is read at every scrape. */
export function exposeGauges(registers: Registry[], sources: MetricSources): void {
  exposeConnections(registers, sources);
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('ws_connect_registry_unregistered_connections', 'Open connections whose entry is not in the registry yet', () =>
    unregistered(sources.connectionStates()),
  );
  gauge(
    'ws_connect_registry_up',
    '1 while the registry answers, 0 while the circuit breaker in front of it is open',
    () => Number(sources.isRegistryUp()),
  );
  gauge(
    'ws_connect_registry_evicting',
    '1 if Redis deletes entries when its memory is full, according to its maxmemory-policy',
    () => Number(sources.isRegistryEvicting()),
  );
  gauge(
    'ws_connect_registry_dirty_connections',
    'Connections, open or ended, whose entry must be repaired',
    () => sources.dirty().count,
  );
  gauge(
    'ws_connect_registry_oldest_dirty_seconds',
    'How long the oldest dirty connection has been waiting for its repair',
    () => sources.dirty().oldestMs / 1000,
  );
  gauge('ws_connect_drain_phase', '0 serving, 1 draining, 2 stopped', () => drainPhases[sources.drainPhase()]);
  new Counter({
    name: 'ws_connect_log_lines_dropped_total',
    help: 'Log lines that were dropped because stdout was not read in time',
    registers,
    collect() {
      this.reset();
      this.inc(sources.droppedLogLines());
    },
  });
}

export function exposeLag(registers: Registry[], lag: Pick<LoopLag, 'longestMs' | 'reset'>): void {
  new Gauge({
    name: 'ws_connect_event_loop_lag_seconds',
    help: 'Longest delay of the event loop since the last scrape',
    registers,
    collect() {
      this.set(lag.longestMs / 1000);
      lag.reset();
    },
  });
}

function exposeConnections(registers: Registry[], sources: MetricSources): void {
  new Gauge({
    name: 'ws_connect_connections',
    help: 'Connections by the state of their statechart',
    labelNames: ['state'],
    registers,
    collect() {
      const states = sources.connectionStates();
      this.reset();
      for (const [state, count] of states) this.set({ state }, count);
      if (states.size === 0) this.set({ state: 'registered.active' }, 0); // an autoscaler takes no series for no data
    },
  });
}

function unregistered(states: Map<string, number>): number {
  const connecting = [...states].filter(([state]) => state.startsWith('connecting.'));
  return connecting.reduce((sum, [, count]) => sum + count, 0);
}
