import { SimulatedClock } from 'xstate';
import type { LeasePorts } from '../../src/registry/lease.ts';
import { Reconciler } from '../../src/registry/reconciler.ts';
import { Registrar } from '../../src/registry/registrar.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { claim } from './claim.ts';
import { leaseTtlMs } from './registry-adapters.ts';

/** What the leases of a pod share. Its reconciler is told what is dirty, and repairs nothing until it is started. */
export function leasePorts(registry: Registry, overrides: Partial<LeasePorts> = {}): LeasePorts {
  const { serverIp, port, podId } = claim();
  const clock = overrides.clock ?? new SimulatedClock();
  return {
    registrar: new Registrar(registry),
    reconciler: new Reconciler({ clock, perSecond: 1000, isUp: () => true, random: () => 0 }),
    clock,
    leaseTtlMs,
    registryTime: (at) => Date.now() - (clock.now() - at),
    owner: () => ({ serverIp, port, podId }),
    tookOver: () => {},
    onError: () => {},
    ...overrides,
  };
}
