import type { Fact } from '../history.ts';
import { Callbacks } from './callbacks.ts';
import { Connections } from './connections.ts';
import { Disturbances, Faults } from './faults.ts';
import type { CheckOptions } from './options.ts';
import { Pods } from './pods.ts';
import { Replay } from './replay.ts';

/** A history in the order in which questions are asked about it. */
export interface World {
  options: CheckOptions;
  /** The time of the last fact: of what comes later nothing is known. */
  end: number;
  pods: Pods;
  connections: Connections;
  callbacks: Callbacks;
  faults: Faults;
  disturbances: Disturbances;
  registry: Replay;
}

/** `facts` in the order of time. Throws at what only a faulty recorder can have written. */
export function worldOf(facts: readonly Fact[], options: CheckOptions): World {
  const pods = new Pods();
  const connections = new Connections();
  const callbacks = new Callbacks();
  const faults = new Faults();
  const registry = new Replay();
  const parts = [pods, connections, callbacks, faults, registry];
  for (const fact of facts) for (const part of parts) part.note(fact);
  connections.join(pods, options.slackMs);
  callbacks.join();
  const disturbances = new Disturbances(faults, pods, connections, options);
  return { options, end: facts.at(-1)?.at ?? 0, pods, connections, callbacks, faults, disturbances, registry };
}
