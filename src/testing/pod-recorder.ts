import type { SimulatedClock } from 'xstate';
import type { PodEffects, PodInput } from '../../machines/pod.ts';

/** Writes down what a pod's life asks for, and when: `1000: sweep, 2 left`. It closes nobody: that is the test's to do. */
export class PodRecorder implements PodEffects {
  readonly calls: string[] = [];
  readonly #clock: SimulatedClock | undefined;

  /** Without a clock the calls alone are written down. */
  constructor(clock?: SimulatedClock) {
    this.#clock = clock;
  }

  /** What a pod with these effects is made from: two sweeps, a second apart, and 5 s for all of the drain. */
  get input(): PodInput {
    return { effects: this, sweeps: 2, intervalMs: 1000, forcedAfterMs: 5000 };
  }

  announceDrain(): void {
    this.#note('announce');
  }

  sweep(sweepsLeft: number): void {
    this.#note(`sweep, ${sweepsLeft} left`);
  }

  closeRest(): void {
    this.#note('close the rest');
  }

  #note(call: string): void {
    this.calls.push(this.#clock ? `${this.#clock.now()}: ${call}` : call);
  }
}
