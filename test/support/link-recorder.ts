import type { SimulatedClock } from 'xstate';
import type { RegistryLinkEffects, RegistryLinkInput } from '../../machines/registry-link.ts';

/** Writes down what the registry link asks for, and when: `500: probe`. It answers nothing: that is the test's to do. */
export class LinkRecorder implements RegistryLinkEffects {
  readonly calls: string[] = [];
  readonly #clock: SimulatedClock | undefined;

  /** Without a clock the calls alone are written down. */
  constructor(clock?: SimulatedClock) {
    this.#clock = clock;
  }

  get input(): RegistryLinkInput {
    return { effects: this, probeMs: 500 };
  }

  probe(): void {
    this.#note('probe');
  }

  recovered(): void {
    this.#note('recovered');
  }

  failed(): void {
    this.#note('failed');
  }

  #note(call: string): void {
    this.calls.push(this.#clock ? `${this.#clock.now()}: ${call}` : call);
  }
}
