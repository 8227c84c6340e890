import { isIP } from 'node:net';
import type { Breaker } from './breaker.ts';
import type { Pod, Route, Router } from './route.ts';

/** Takes the given pods in turn, for they forward what is not theirs. One that did not answer is passed over while others may. */
export class AnyPod implements Router {
  readonly canLookUp = false;
  readonly unreachable = 'pod-unreachable';
  readonly #pods: readonly Pod[];
  readonly #breaker: Breaker;
  readonly #staysWithOne: boolean;
  #next: number;

  constructor(pods: readonly Pod[], breaker: Breaker, staysWithOne = false) {
    this.#pods = pods;
    this.#breaker = breaker;
    this.#staysWithOne = staysWithOne;
    this.#next = Math.floor(Math.random() * pods.length); // many services that start together spread
  }

  async find(): Promise<Route> {
    const inTurn = [...this.#pods.slice(this.#next), ...this.#pods.slice(0, this.#next)];
    const pod = inTurn.find(({ name }) => this.#breaker.mayAsk(name)) ?? inTurn[0]!;
    this.#next = (this.#pods.indexOf(pod) + (this.#staysWithOne ? 0 : 1)) % this.#pods.length;
    return { pod, traceId: undefined };
  }

  /** The pods forward: nothing to remember. */
  learn(): void {}

  forget(): void {}

  forBatch(): Router {
    return new AnyPod(this.#pods, this.#breaker, true);
  }
}

/** Throws a TypeError unless each is `http://HOST:PORT`, the port being 80 when it is missing. */
export function parseBases(bases: readonly string[]): Pod[] {
  if (!Array.isArray(bases) || bases.length === 0) throw new TypeError('pods must be a list of at least one base URL');
  return bases.map((base: unknown) => {
    const url = typeof base === 'string' && URL.canParse(base) ? new URL(base) : undefined;
    if (url?.href !== `http://${url?.host}/`)
      throw new TypeError(`pods: ${String(base)} is not allowed. Use http://HOST:PORT`);
    const bare = url.hostname.replace(/^\[|\]$/g, '');
    return {
      address: isIP(bare) ? bare : url.hostname,
      port: Number(url.port || 80),
      podId: undefined,
      name: url.host,
    };
  });
}
