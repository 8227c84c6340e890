import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Fault, Scene } from './fault.ts';

export interface NemesisOptions {
  scene: Scene;
  random: Random;
  /** Those of the registry as a whole: one at a time. */
  registryFaults: readonly Fault[];
  /** Those of one pod. */
  podFaults: readonly Fault[];
  /** How often a fault comes alone, from 0 to 1: what it costs can only be told then. */
  alone: number;
}

const lateMs = 700;
/** With more, hardly a pod would be left that nothing is excused for. */
const podsHit = 2;

/** Breaks things, in an order that the seed decides. */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #registryDeck: Deck;
  readonly #podDeck: Deck;

  constructor(options: NemesisOptions) {
    const { random, registryFaults, podFaults } = options;
    this.#options = options;
    this.#registryDeck = new Deck(registryFaults, random.fork());
    this.#podDeck = new Deck(podFaults, random.fork());
  }

  /** One fault, or one of the registry and two of pods at about the same time. Resolves with their names once all is healed. */
  async strike(): Promise<string[]> {
    const { random, scene } = this.#options;
    const pods = random.shuffled([...scene.fleet.pods]);
    const faults = this.#draw();
    const strikes = faults.map((fault, index) => ({
      fault,
      pod: pods[index % pods.length]!,
      dice: random.fork(),
      afterMs: random.between(0, lateMs),
    }));
    await Promise.all(
      strikes.map(async ({ fault, pod, dice, afterMs }) => {
        await delay(afterMs);
        await fault.strike(pod, dice);
      }),
    );
    return faults.map(({ name }) => name);
  }

  #draw(): Fault[] {
    const { random, alone, registryFaults, podFaults } = this.#options;
    if (random.chance(alone)) {
      const kinds = registryFaults.length + podFaults.length;
      return [(random.chance(registryFaults.length / kinds) ? this.#registryDeck : this.#podDeck).draw()];
    }
    return [this.#registryDeck.draw(), ...Array.from({ length: podsHit }, () => this.#podDeck.draw())];
  }
}

/** Deals all before it deals one again. */
class Deck {
  readonly #all: readonly Fault[];
  readonly #random: Random;
  #left: Fault[];

  constructor(all: readonly Fault[], random: Random) {
    this.#all = all;
    this.#random = random;
    this.#left = random.shuffled(all);
  }

  draw(): Fault {
    if (this.#left.length === 0) this.#left = this.#random.shuffled(this.#all);
    return this.#left.pop()!;
  }
}
