import { setTimeout } from 'node:timers/promises';
import { push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { callbackToken, deviceToken } from './generate/tokens.ts';
import type { FuzzedPod } from './pod.ts';

const deviceId = 'witness';
/** From an answer to the next callback, ms. */
const everyMs = 10;
/** How long a callback may take; generous, because the machine may be busy, ms. */
export const patienceMs = 10_000;

/** A device that does nothing wrong, and a service that calls it back all the time. What the fuzzer does must not touch them. */
export class Witness {
  /** What happened to them, in a sentence. */
  fault: string | undefined;
  /** The slowest callback, ms. */
  worstMs = 0;
  callbacks = 0;
  readonly #pod: FuzzedPod;
  readonly #device: Device;
  #isLeaving = false;

  private constructor(pod: FuzzedPod) {
    this.#pod = pod;
    const headers = { Authorization: `Bearer ${deviceToken(deviceId)}` };
    this.#device = new Device(`ws://127.0.0.1:${pod.ports.device}/connect?deviceId=${deviceId}`, [], { headers });
    void this.#device.closed.then(({ code, reason }) => {
      if (!this.#isLeaving) this.fault ??= `the witness was closed with ${code} ${reason}`;
    });
  }

  static async start(pod: FuzzedPod): Promise<Witness> {
    const witness = new Witness(pod);
    await witness.#device.opened;
    void witness.#run();
    return witness;
  }

  leave(): void {
    this.#isLeaving = true;
    this.#device.vanish();
  }

  async #run(): Promise<void> {
    while (!this.#isLeaving && this.fault === undefined) {
      const fault = await this.#callBack().catch(
        (error: unknown) => `a callback to the witness failed: ${String(error)}`,
      );
      if (!this.#isLeaving) this.fault ??= fault;
      await setTimeout(everyMs);
    }
  }

  /** Resolves with what was wrong. */
  async #callBack(): Promise<string | undefined> {
    this.callbacks += 1;
    const text = `callback ${this.callbacks}`;
    const askedAt = performance.now();
    const headers = { Authorization: `Bearer ${callbackToken}`, 'Content-Type': 'text/plain' };
    const late = setTimeout(patienceMs, undefined, { ref: false });
    const answer = await Promise.race([push(this.#pod.callback, deviceId, text, headers), late]);
    const frames = answer && (await Promise.race([this.#device.received(this.callbacks), late]));
    this.worstMs = Math.max(this.worstMs, performance.now() - askedAt);
    if (!frames)
      return `a callback to the witness was not ${answer ? 'delivered' : 'answered'} within ${patienceMs} ms`;
    if (answer.status !== 200) return `a callback to the witness was answered ${answer.status}: ${String(answer.body)}`;
    return String(frames.at(-1)!.data) === text ? undefined : 'the witness got another callback';
  }
}
