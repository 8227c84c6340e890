import type { Balancer, Endpoint } from './balancer.ts';
import type { PodProcessOptions } from './pod-process.ts';
import { PodProcess } from './pod-process.ts';

export interface FleetOptions extends Pick<PodProcessOptions, 'program' | 'env'> {
  balancer: Balancer;
}

/** The pods there are, and which of them devices and services find. */
export class Fleet {
  readonly #options: FleetOptions;
  /** Those that may still run. */
  readonly #alive = new Set<PodProcess>();
  /** Where services find a pod. */
  #callbackEndpoints: Endpoint[] = [];
  #started = 0;
  #isClosed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get callbackEndpoints(): readonly Endpoint[] {
    return this.#callbackEndpoints;
  }

  /** Starts a pod; once it is ready it is found. */
  async start(): Promise<PodProcess> {
    const { balancer, program, env } = this.#options;
    this.#started += 1;
    const pod = await PodProcess.start({
      name: `pod-${this.#started}`,
      program,
      env,
      spawned: (own) => this.#own(own),
    });
    await balancer.add(pod.deviceEndpoint);
    this.#callbackEndpoints.push(pod.callbackEndpoint);
    return pod;
  }

  /** It is found no more. */
  hide(pod: PodProcess): void {
    this.#options.balancer.remove(pod.deviceEndpoint);
    const { port } = pod.callbackEndpoint;
    this.#callbackEndpoints = this.#callbackEndpoints.filter((endpoint) => endpoint.port !== port);
  }

  /** Kills what is left, and lets nothing more be started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#alive].map(({ program }) => program.kill()));
  }

  #own(pod: PodProcess): void {
    this.#alive.add(pod);
    void pod.exited.then(() => this.#alive.delete(pod));
    if (this.#isClosed) void pod.program.kill();
  }
}
