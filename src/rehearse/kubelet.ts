/**
 * Ends one container as Kubernetes documents it ("Pod Lifecycle: Termination of Pods", "Container Lifecycle Hooks"):
 *
 *   0            the endpoint begins to go (it is gone after the lag), and at the same time the pre-stop hook is called
 *   hook over    SIGTERM. Whatever the hook answered, or if it could not be reached at all
 *   grace over   SIGKILL. The grace counts from 0, the hook included; but SIGTERM always has 2 s
 */
import type { Clock } from '../base/clock.ts';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Container {
  /** Does nothing when the process is gone. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Never rejects. */
  exited: Promise<Exit>;
}

/** Delivery is at least once: a kubelet that restarts calls again. `never` is a node that lost its kubelet, or SIGTERM by hand. */
export type HookDelivery = 'once' | 'twice' | 'never';

export interface Termination {
  container: Container;
  /** One call of the pre-stop hook. Resolves at any answer; rejects when there was none. */
  preStop: (signal: AbortSignal) => Promise<unknown>;
  removeEndpoint: () => void;
  hook: HookDelivery;
  /** How long the removal of the endpoint takes until the balancer heeds it. */
  lagMs: number;
  /** terminationGracePeriodSeconds. */
  graceMs: number;
  clock: Clock;
}

export interface TerminationReport {
  /** `unfinished`: the grace ended first. */
  hook: 'answered' | 'failed' | 'unfinished' | 'none';
  hookMs: number;
  tookMs: number;
  exit: Exit;
  /** It was still there when its grace was over. */
  overGrace: boolean;
}

/** What SIGTERM has at least, however long the hook took. */
const shortestGraceMs = 2000;

/** Resolves when the process is gone. */
export async function terminate(termination: Termination): Promise<TerminationReport> {
  const { container, removeEndpoint, lagMs, graceMs, clock } = termination;
  const startedAt = clock.now();
  clock.setTimeout(removeEndpoint, lagMs);
  const hook = await runHook(termination);
  const hookMs = clock.now() - startedAt;
  container.signal('SIGTERM');
  const ended = await within(clock, Math.max(shortestGraceMs, graceMs - hookMs), container.exited);
  if (!ended) container.signal('SIGKILL');
  const exit = await container.exited;
  const tookMs = clock.now() - startedAt;
  return { hook, hookMs, tookMs, exit, overGrace: !ended || hook === 'unfinished' || tookMs > graceMs };
}

async function runHook({ preStop, hook, graceMs, clock }: Termination): Promise<TerminationReport['hook']> {
  if (hook === 'never') return 'none';
  const abort = new AbortController();
  const calls = Array.from({ length: hook === 'twice' ? 2 : 1 }, () => preStop(abort.signal));
  const outcome = await within(clock, graceMs, Promise.allSettled(calls));
  abort.abort();
  if (!outcome) return 'unfinished';
  return outcome.some(({ status }) => status === 'fulfilled') ? 'answered' : 'failed';
}

/** Undefined when it takes longer. */
async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: unknown;
  const late = new Promise<undefined>((resolve) => {
    timer = clock.setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
