import type { ActorRefFrom } from 'xstate';
import { createActor, toPromise } from 'xstate';
import type { ConnectionsLogic } from '../machines/connections.ts';
import { podMachine } from '../machines/pod.ts';
import { stateName } from '../machines/state-name.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { Connections } from './device/connections.ts';
import { Drain } from './drain.ts';
import type { DrainProgress, DrainReport } from './drain-report.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface LifeOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Tells the registry that this pod is draining. */
  announceDrain: () => void;
  grantCloses: (count: number) => Promise<number>;
}

export type Life = ReturnType<typeof createLife>;

/** The pod's chart as a running actor, the connections it supervises, and the drain it orders. */
export function createLife({ config, clock, log, metrics, announceDrain, grantCloses }: LifeOptions) {
  const { drainPlan: plan, podId } = config;
  const drain = new Drain({
    plan,
    idleAfterMs: config.idleAfterMs,
    connections: () => connections,
    clock,
    metrics,
    log,
    announce: announceDrain,
    grant: config.fleetClosesPerSecond > 0 ? grantCloses : undefined,
    tell: (event) => actor.send(event),
  });
  const actor = createActor(podMachine, {
    clock,
    input: { effects: drain, sweeps: plan.sweeps, intervalMs: plan.intervalMs, forcedAfterMs: plan.forcedAfterMs },
  });
  const connections = new Connections(actor.getSnapshot().children['connections'] as ActorRefFrom<ConnectionsLogic>);

  const is = (tag: 'accepting' | 'ready' | 'draining'): boolean => actor.getSnapshot().hasTag(tag);
  const phase = (): DrainProgress['phase'] => {
    if (is('accepting')) return 'serving';
    return is('draining') ? 'draining' : 'stopped';
  };
  const closed = () => {
    const { closedIdle, closedActive } = actor.getSnapshot().context;
    return { closedIdle, closedActive, remaining: connections.size };
  };
  const progress = (): DrainProgress => {
    const { sweep, sweeps } = actor.getSnapshot().context;
    return { phase: phase(), sweep, sweeps, ...closed(), ...drain.times() };
  };
  const ended = toPromise(actor);
  const report: Promise<DrainReport> = ended.then(({ outcome }) => {
    const { sweep: sweeps } = actor.getSnapshot().context;
    return { podId, outcome, sweeps, ...closed(), durationMs: drain.elapsedMs() };
  });
  const state = () => stateName(actor.getSnapshot().value);
  return { actor, drain, connections, is, state, phase, progress, report, ended };
}
