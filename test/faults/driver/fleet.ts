import { setTimeout as delay } from 'node:timers/promises';
import { within } from './patience.ts';
import { nextClockError } from './pod-clock.ts';
import type { PodPlace } from './pod.ts';
import { FaultPod } from './pod.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryStage } from './registry-stage.ts';

export interface FleetOptions {
  recorder: Recorder;
  stage: RegistryStage;
  /** The file that the pods run. */
  program: string;
  env: Record<string, string>;
  /** The second number of the pods' addresses, so that fleets side by side do not meet. */
  net: number;
}

const memoryEveryMs = 1000;
/** Longer than any outage the nemesis makes, ms. */
const readyWithinMs = 60_000;

/** The pods there are, as a load balancer knows them: from ready to gone. */
export class FaultFleet {
  pods: readonly FaultPod[] = [];
  readonly #options: FleetOptions;
  readonly #started: FaultPod[] = [];
  #count = 0;
  readonly #over = new AbortController();

  constructor(options: FleetOptions) {
    this.#options = options;
    void this.#sampleMemory();
  }

  /** Starts a pod at an address of its own, or in the place of one that is gone. Resolves once it is ready. */
  async start(place?: PodPlace): Promise<FaultPod> {
    const { recorder, stage, program, env } = this.#options;
    const number = (this.#count += 1);
    const podId = `pod-${number}`;
    const line = await stage.lineFor();
    const pod = new FaultPod({
      podId,
      program,
      place: place ?? this.#placeOf(number),
      env: { ...env, REDIS_URL: line.url },
      clockError: nextClockError(this.#started.filter(({ isGone }) => !isGone).map(({ clockError }) => clockError)),
      proxy: line.proxy,
      recorder,
    });
    this.#started.push(pod);
    void pod.exited.then(() => {
      this.#leave(pod);
      return line.proxy?.close();
    });
    await within(`pod ${podId} to be ready`, readyWithinMs, pod.ready);
    await pod.openToPeers();
    this.pods = [...this.pods, pod];
    return pod;
  }

  /** Ends its process at once. Nobody is sent there any more. */
  async kill(pod: FaultPod): Promise<void> {
    this.#leave(pod);
    pod.signal('SIGKILL');
    await pod.exited;
  }

  /** Who publishes this address now, if anybody. */
  at(published: string, callbackPort: number): FaultPod | undefined {
    return this.pods.find(({ place }) => place.published === published && place.callbackPort === callbackPort);
  }

  /** Drains all pods side by side, and waits for their ends. */
  async stop(): Promise<void> {
    this.#over.abort();
    for (const pod of this.#started) pod.signal('SIGTERM');
    await within('the end of all pods', readyWithinMs, Promise.all(this.#started.map(({ exited }) => exited)));
  }

  /** Whatever happened: no process stays behind. */
  async destroy(): Promise<void> {
    this.#over.abort();
    for (const pod of this.#started) pod.signal('SIGKILL');
    await Promise.all(this.#started.map(({ exited }) => exited));
  }

  #leave(pod: FaultPod): void {
    this.pods = this.pods.filter((each) => each !== pod);
  }

  #placeOf(number: number): PodPlace {
    const { net } = this.#options;
    const host = `127.${net}.${number >> 8}.${number & 255}`;
    return {
      host,
      published: `127.${net}.${128 + (number >> 8)}.${number & 255}`,
      devicePort: 0,
      callbackPort: 0,
      adminPort: 0,
    };
  }

  async #sampleMemory(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      for (const pod of this.pods) pod.sampleMemory();
      await delay(memoryEveryMs, undefined, { signal }).catch(() => {}); // it is over
    }
  }
}
