import type { ServerPorts } from '../server-process.ts';

/** How a pod is attacked, and what the pod needs for that. */
export interface Attack {
  /** What the attacker does, as it stands in the table. */
  title: string;
  /** Arguments of Node for the pod. */
  nodeArgs?: string[];
  needsRedis?: true;
  /** Gets ready in the attacker's process, before there is a pod. `redis` is the URL of one, where the attack needs it. */
  prepare: (redis: string) => Prepared | Promise<Prepared>;
}

export interface Prepared {
  /** Environment variables of the pod. */
  env?: Record<string, string>;
  /** Headers with which the quiet device connects. */
  deviceHeaders?: Record<string, string>;
  /** Attacks until the signal comes. Resolves with what came of it, in a few words. */
  run: (ports: ServerPorts, signal: AbortSignal) => Promise<string>;
}

/** Parent to attacker: attack the pod at these ports; stop. Attacker to parent: ready; over. */
export type ToAttacker = { ports: ServerPorts } | 'stop';
export type FromAttacker = { prepared: Pick<Prepared, 'env' | 'deviceHeaders'> } | { result: string };
