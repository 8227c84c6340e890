import { SimulatedClock } from 'xstate';
import type { LeasePorts } from '../../src/registry/lease.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { AwaitedLease } from './awaited-lease.ts';
import { claim } from './claim.ts';
import { FaultyRegistry } from './faulty-registry.ts';
import { leasePorts } from './lease-ports.ts';
import { leaseTtlMs } from './registry-adapters.ts';
import { singly } from './singly.ts';

/** A pod with a lease of device-1, and the registry it asks over a bad line. */
export class LeaseScene {
  readonly clock = new SimulatedClock();
  readonly #memory = new MemoryRegistry(this.clock, leaseTtlMs);
  /** As the pod sees it. */
  readonly registry = new FaultyRegistry(this.#memory);
  /** Past the faults. */
  readonly stored = singly(this.#memory);
  readonly errors: unknown[] = [];
  /** By whom, and the entry of whom. */
  readonly takeovers: [string, Entry][] = [];
  readonly ports: LeasePorts = leasePorts(this.registry, {
    clock: this.clock,
    onError: (error) => this.errors.push(error),
    tookOver: (holder, previous) => this.takeovers.push([holder.traceId, previous]),
  });
  readonly registrar = this.ports.registrar;
  readonly reconciler = this.ports.reconciler;
  readonly lease = new AwaitedLease(this.ports);

  entry(): Promise<Entry | undefined> {
    return this.stored.lookup('device-1');
  }

  /** Another connection's registration; `later` than the present time, in ms. */
  async otherRegisters(later: number): Promise<Entry> {
    const answer = await this.stored.register(claim({ traceId: 'other' }), Date.now() + later);
    if (answer.outcome === 'refused') throw new Error('refused');
    return answer.entry;
  }

  async deleteEntry(): Promise<void> {
    await this.stored.unregister('device-1', (await this.entry())!);
  }
}
