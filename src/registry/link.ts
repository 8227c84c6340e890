import type { ActorRefFrom } from 'xstate';
import { createActor } from 'xstate';
import type { RegistryLinkEffects, RegistryLinkEvent } from '../../machines/registry-link.ts';
import { registryLinkMachine } from '../../machines/registry-link.ts';
import type { Clock } from '../clock.ts';
import { repeat } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { CheckedRegistry, PodRecord } from './registry.ts';
import { podTtlMs, RegistryUnavailable } from './registry.ts';
import { RemoteClock } from './remote-clock.ts';

export interface RegistryLinkOptions {
  /** The registry itself, not behind the circuit breaker. */
  registry: CheckedRegistry;
  podId: string;
  record: () => PodRecord;
  clock: Clock;
  log: Logger;
  /** Called when the registry answers, for the first time or again. */
  recovered: () => void;
  /** Called when the record of the pod was written while the registry is up. So the registry has room for new entries. */
  recorded: () => void;
}

const evicting =
  'Redis deletes entries when its memory is full. Services then do not find devices that are connected. Set maxmemory-policy to noeviction';

const beatMs = podTtlMs / 3;
/** Time between two probes, ms. It differs between pods, so that a fleet does not probe at the same moment. */
const probeMs = () => 250 + Math.random() * 250;

/** Runs the chart of the registry link, and writes the record of the pod. The writes tell the chart whether the registry answers. */
export class RegistryLink implements RegistryLinkEffects {
  readonly clock: RemoteClock;
  readonly #options: RegistryLinkOptions;
  #end: () => void = () => {};
  readonly #actor: ActorRefFrom<typeof registryLinkMachine>;

  constructor(options: RegistryLinkOptions) {
    const { clock } = options;
    this.#options = options;
    this.clock = new RemoteClock(clock.now(), Date.now());
    this.#actor = createActor(registryLinkMachine, {
      clock,
      input: { effects: this, probeMs: probeMs() },
    });
  }

  start(): void {
    this.#actor.start();
    this.#end = repeat(
      this.#options.clock,
      () => beatMs,
      async () => {
        if (this.isUp()) await this.beat();
      },
    );
  }

  isUp(): boolean {
    return this.#actor.getSnapshot().hasTag('up');
  }

  /** Sends an event to the chart. Answers on a steady link change nothing, so they are not sent. */
  tell(event: RegistryLinkEvent): void {
    const snapshot = this.#actor.getSnapshot();
    if (snapshot.status !== 'active' || (event.type === 'registry.answered' && snapshot.hasTag('steady'))) return;
    this.#actor.send(event);
  }

  /** The `maxmemory-policy` of the registry. Undefined while it is unknown. */
  evictionPolicy: string | undefined;

  probe(): void {
    void this.#probe();
  }

  failed(): void {
    this.#options.log.warn(
      'the registry does not answer. Connections stay open, and the pod registers them when the registry answers again',
    );
  }

  /** Writes the record of the pod now. A server that refuses the write counts as down, except if it only has no room. */
  async beat(record = this.#options.record()): Promise<void> {
    try {
      const isRecorded = await this.#write(record);
      if (!this.isUp()) return; // only a probe can bring the link up
      this.tell({ type: 'registry.answered' });
      if (isRecorded) this.#options.recorded();
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the pod record could not be written');
      this.tell({ type: 'registry.failed' });
    }
  }

  async #probe(): Promise<void> {
    try {
      const { evictionPolicy } = await this.#options.registry.check();
      const isRecorded = await this.#write(this.#options.record());
      this.#learned(evictionPolicy);
      this.tell({ type: 'registry.answered' });
      if (isRecorded && this.isUp()) this.#options.recorded();
    } catch (error) {
      const isRefused = error instanceof RegistryUnavailable && error.result === 'refused';
      this.#options.log.debug({ err: error }, 'the pod record could not be written');
      this.tell({ type: isRefused ? 'registry.refused' : 'registry.failed' });
    }
  }

  /** Writes the record and reads the clock of the registry. False if there is no room for the record. */
  async #write(record: PodRecord): Promise<boolean> {
    const { registry, podId, clock } = this.#options;
    const isRecorded = await registry.writePod(podId, record).then(
      () => true,
      (error: RegistryUnavailable) => {
        if (error.isForRoom) return false;
        throw error;
      },
    );
    const askedAt = clock.now();
    this.clock.note(await registry.time(), askedAt, clock.now());
    return isRecorded;
  }

  #learned(policy: string | undefined): void {
    if (policy === this.evictionPolicy) return;
    this.evictionPolicy = policy;
    const { log } = this.#options;
    if (policy === undefined)
      return log.debug('the pod cannot find out whether Redis deletes entries when its memory is full');
    if (policy !== 'noeviction') log.warn({ evictionPolicy: policy }, evicting);
  }

  recovered(): void {
    this.#options.log.info('the registry answers');
    this.#options.recovered();
  }

  /** Stops writing and deletes the record of the pod. */
  async stop(): Promise<void> {
    const { registry, podId, log } = this.#options;
    this.#end();
    this.#actor.stop();
    try {
      await registry.deletePod(podId);
    } catch (error) {
      log.warn({ err: error }, 'the pod record could not be deleted; it expires by itself');
    }
  }
}
