import type { ActorRefFrom } from 'xstate';
import { createActor } from 'xstate';
import type { RegistryLinkEffects, RegistryLinkEvent } from '../../machines/registry-link.ts';
import { registryLinkMachine } from '../../machines/registry-link.ts';
import type { Clock } from '../clock.ts';
import { repeat } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { PodRecord, Registry } from './registry.ts';
import { podTtlMs } from './registry.ts';
import { RemoteClock } from './remote-clock.ts';

export interface RegistryLinkOptions {
  /** Not behind this link's own breaker. */
  registry: Registry;
  podId: string;
  record: () => PodRecord;
  clock: Clock;
  log: Logger;
  /** The registry answers, for the first time or again. */
  recovered: () => void;
}

const beatMs = podTtlMs / 3;
/** Each pod has its own, so that a fleet does not probe all at once. */
const probeMs = () => 250 + Math.random() * 250;

/** The chart of the registry link as a running actor, and the pod's own record that it is told by. */
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

  /** Nearly every event is an answer on a steady link, and those change nothing. */
  tell(event: RegistryLinkEvent): void {
    const snapshot = this.#actor.getSnapshot();
    if (snapshot.status !== 'active' || (event.type === 'registry.answered' && snapshot.hasTag('steady'))) return;
    this.#actor.send(event);
  }

  probe(): void {
    void this.beat();
  }

  failed(): void {
    this.#options.log.warn('the registry does not answer: connections stay, and are registered once it does');
  }

  /** Writes the pod's record now. A server that cannot be written to is as good as none. */
  async beat(record = this.#options.record()): Promise<void> {
    const { registry, podId, clock, log } = this.#options;
    try {
      await registry.writePod(podId, record);
      const askedAt = clock.now();
      this.clock.note(await registry.time(), askedAt, clock.now());
      this.tell({ type: 'registry.answered' });
    } catch (error) {
      log.debug({ err: error }, 'the pod record could not be written');
      this.tell({ type: 'registry.failed' });
    }
  }

  recovered(): void {
    this.#options.log.info('the registry answers');
    this.#options.recovered();
  }

  /** Stops writing, and deletes the record. */
  async stop(): Promise<void> {
    const { registry, podId, log } = this.#options;
    this.#end();
    this.#actor.stop();
    try {
      await registry.deletePod(podId);
    } catch (error) {
      log.warn({ err: error }, 'the pod record could not be deleted; it ends by itself');
    }
  }
}
