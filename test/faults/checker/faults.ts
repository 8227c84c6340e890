import type { Fact, FactOf } from '../history.ts';
import type { Connections } from './connections.ts';
import type { Interval } from './intervals.ts';
import { countWhile, merge } from './intervals.ts';
import type { CheckOptions } from './options.ts';
import type { Pods } from './pods.ts';

/** One fault. Until it is healed `to` is Infinity. */
export interface Fault extends Interval {
  fact: FactOf<'fault.began'>;
}

/** A time in which a pod could not reach the registry, and the one after it that a pod has for registering everybody. */
export interface Outage extends Interval {
  /** The end of the second: `to`, and what it takes to notice and to register everybody at the pod's rate. */
  recoveredBy: number;
  /** How many connections there were to register. */
  connections: number;
  /** The first of the faults it is made of. */
  fault: Fault | undefined;
}

/** All faults of a history, and the marks of quiet. */
export class Faults {
  readonly all: Fault[] = [];
  readonly quiet: FactOf<'quiet'>[] = [];
  readonly #byId = new Map<string, Fault>();

  note(fact: Fact): void {
    if (fact.type === 'fault.began') {
      if (this.#byId.has(fact.fault)) throw new Error(`history: fault ${fact.fault} began twice`);
      const fault = { fact, from: fact.at, to: Infinity };
      this.#byId.set(fact.fault, fault);
      this.all.push(fault);
    }
    if (fact.type === 'fault.ended') {
      const fault = this.#byId.get(fact.fault);
      if (!fault) throw new Error(`history: fault ${fact.fault} ended without having begun`);
      fault.to = fact.at;
    }
    if (fact.type === 'quiet') this.quiet.push(fact);
  }

  on(podId: string): Fault[] {
    return this.all.filter(({ fact }) => fact.pods === undefined || fact.pods.includes(podId));
  }
}

/** What is to be held against a pod's faults, and when: asked for again and again, so worked out once. */
export class Disturbances {
  readonly #faults: Faults;
  readonly #pods: Pods;
  readonly #options: CheckOptions;
  readonly #population: (podId: string, at: number) => number;
  readonly #outages = new Map<string, Outage[]>();
  readonly #touching = new Map<string, Interval[]>();
  readonly #unregistered = new Map<string, Interval[]>();
  #anything: Interval[] | undefined;

  constructor(faults: Faults, pods: Pods, connections: Connections, options: CheckOptions) {
    this.#faults = faults;
    this.#pods = pods;
    this.#options = options;
    this.#population = populationOf(connections);
  }

  /** When the pod could not reach the registry. */
  outages(podId: string): Outage[] {
    return remembered(this.#outages, podId, () => {
      const down = this.#faults.on(podId).filter(({ fact }) => fact.registryDown);
      return merge(down).map(({ from, to }) => {
        const connections = to === Infinity ? 0 : this.#population(podId, to);
        const { reregisterPerSecond, reconnectMs, slackMs } = this.#options;
        const takesMs = reconnectMs + (connections / reregisterPerSecond) * 1000 + slackMs;
        const fault = down.find((each) => each.from === from);
        return { from, to, connections, recoveredBy: to + takesMs, fault };
      });
    });
  }

  /** When a connection of the pod may be unregistered: outages, what it takes to recover from them, and freezes. */
  unregistered(podId: string): Interval[] {
    return remembered(this.#unregistered, podId, () => {
      const recoveries = this.outages(podId).map(({ from, recoveredBy }) => ({ from, to: recoveredBy }));
      return merge([...recoveries, ...this.#pods.of(podId).freezes]);
    });
  }

  /** When anything at all was done to the pod. */
  touching(podId: string): Interval[] {
    return remembered(this.#touching, podId, () => merge([...this.#faults.on(podId), ...this.unregistered(podId)]));
  }

  /** When anything at all was done to any pod. */
  anything(): Interval[] {
    if (!this.#anything) {
      const pods = [...this.#pods.all()];
      const gone = pods.filter(({ killed }) => killed).map(({ goneFrom: from, goneBy: to }) => ({ from, to }));
      this.#anything = merge([...this.#faults.all, ...pods.flatMap(({ podId }) => this.touching(podId)), ...gone]);
    }
    return this.#anything;
  }
}

/** Counts the connections a pod had at a time. */
function populationOf({ byPod }: Connections): (podId: string, at: number) => number {
  const deaths = new Map<string, Float64Array>();
  return (podId, at) => {
    const born = byPod.get(podId) ?? [];
    const died = remembered(deaths, podId, () => Float64Array.from(born, ({ until }) => until).sort());
    const births = countWhile(born.length, (place) => born[place]!.since <= at);
    return births - countWhile(died.length, (place) => died[place]! <= at);
  };
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = make()));
  return value;
}
