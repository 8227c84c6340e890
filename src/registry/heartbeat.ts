import type { Clock } from '../clock.ts';
import { repeat } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { PodRecord, Registry } from './registry.ts';
import { podTtlMs } from './registry.ts';

export interface HeartbeatOptions {
  registry: Registry;
  podId: string;
  record: () => PodRecord;
  clock: Clock;
  log: Logger;
  /** The registry has answered for the first time. */
  reached: () => void;
}

const periodMs = podTtlMs / 3;
/** How often the first contact is tried. */
const firstContactMs = 100;

/** Keeps the pod's own record in the registry; the first write that succeeds is the pod's first contact with it. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #end: () => void = () => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, reached } = this.#options;
    let contacted = false;
    let delayMs = 0;
    this.#end = repeat(
      clock,
      () => delayMs,
      async () => {
        const written = await this.beat();
        if (written && !contacted) {
          contacted = true;
          reached();
        }
        delayMs = contacted ? periodMs : firstContactMs;
      },
    );
  }

  /** Writes the record now. False: the registry did not answer. */
  async beat(): Promise<boolean> {
    const { registry, podId, record, log } = this.#options;
    try {
      await registry.writePod(podId, record());
      return true;
    } catch (error) {
      log.debug({ err: error }, 'the pod record could not be written');
      return false;
    }
  }

  /** Stops writing and deletes the record. */
  async stop(): Promise<void> {
    const { registry, podId, log } = this.#options;
    this.#end();
    try {
      await registry.deletePod(podId);
    } catch (error) {
      log.warn({ err: error }, 'the pod record could not be deleted; it ends by itself');
    }
  }
}
