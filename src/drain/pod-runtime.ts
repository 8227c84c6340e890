import type { ActorRefFrom } from 'xstate';
import { createActor, toPromise } from 'xstate';
import type { ConnectionsLogic } from '../../machines/connections.ts';
import { podMachine } from '../../machines/pod.ts';
import { stateName } from '../../machines/state-name.ts';
import { Connections } from '../connections/connections.ts';
import type { PodContext } from '../context.ts';
import { drains } from './channels.ts';
import type { DrainProgress, DrainReport } from './drain-report.ts';
import { Drain } from './drain.ts';

export interface PodRuntimeOptions {
  /** Tells the registry that this pod is draining. */
  announceDrain: () => void;
  /** Resolves with how many of `count` idle connections the fleet's limit allows to close now. */
  grantCloses: (count: number) => Promise<number>;
}

export type PodRuntime = ReturnType<typeof createPodRuntime>;

/** The pod's chart as a running actor, the connections that it supervises, and the drain that it orders. */
export function createPodRuntime(context: Omit<PodContext, 'clockwork'>, options: PodRuntimeOptions) {
  const { config, clock } = context;
  const { drainPlan: plan, podId } = config;
  const drain = new Drain(context, {
    connections: () => connections,
    announce: options.announceDrain,
    grant: config.fleetClosesPerSecond > 0 ? options.grantCloses : undefined,
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
    const result = { podId, outcome, sweeps, ...closed(), durationMs: drain.elapsedMs() };
    drains.ended.publish(result);
    return result;
  });
  const state = () => stateName(actor.getSnapshot().value);
  return { actor, drain, connections, is, state, phase, progress, report, ended };
}
