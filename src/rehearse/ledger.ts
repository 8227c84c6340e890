/** One callback, from its first attempt to its arrival. */
interface Message {
  deviceId: string;
  sentAt: number;
  attempts: number;
  arrivals: number;
  /** The caller tries no more, and it had not come. */
  isGivenUp: boolean;
}

export interface CallbackCounts {
  sent: number;
  /** Came to their device. */
  delivered: number;
  /** Needed more than one attempt. */
  retried: number;
  attempts: number;
  /** Never came, whatever the caller was told. */
  lost: number;
  /** Those of them that the caller gave up; the others were answered 200. */
  givenUp: number;
  /** Arrivals after the first. */
  duplicated: number;
  /** Frames that came to a device they were not for, or that nobody sent. */
  wrong: number;
}

/** Writes down every callback that is sent and every frame that arrives, and tells what was lost, doubled or misled. */
export class Ledger {
  /** From the first attempt to the first arrival, ms. */
  readonly delays: number[] = [];
  readonly #messages = new Map<string, Message>();
  readonly #runId: string;
  readonly #counts = { delivered: 0, retried: 0, attempts: 0, givenUp: 0, duplicated: 0, wrong: 0 };
  /** Neither arrived nor given up. */
  underWay = 0;

  constructor(runId: string) {
    this.#runId = runId;
  }

  get sent(): number {
    return this.#messages.size;
  }

  /** A new callback for this device; returns its body, by which it is known. */
  send(deviceId: string, now: number): string {
    const body = `${this.#runId} ${this.#messages.size} ${deviceId}`;
    this.#messages.set(body, { deviceId, sentAt: now, attempts: 0, arrivals: 0, isGivenUp: false });
    this.underWay += 1;
    return body;
  }

  attempt(body: string): void {
    const message = this.#message(body);
    message.attempts += 1;
    this.#counts.attempts += 1;
    if (message.attempts === 2) this.#counts.retried += 1;
  }

  /** The caller tries no more. */
  giveUp(body: string): void {
    const message = this.#message(body);
    if (message.arrivals > 0) return; // an attempt of unknown outcome had reached the device
    message.isGivenUp = true;
    this.#counts.givenUp += 1;
    this.underWay -= 1;
  }

  /** A device has got a frame. */
  arrive(deviceId: string, body: string, now: number): void {
    const message = this.#messages.get(body);
    if (!message || message.deviceId !== deviceId) {
      this.#counts.wrong += 1;
      return;
    }
    message.arrivals += 1;
    if (message.arrivals > 1) {
      this.#counts.duplicated += 1;
      return;
    }
    this.#counts.delivered += 1;
    if (message.isGivenUp) this.#counts.givenUp -= 1;
    else this.underWay -= 1;
    this.delays.push(now - message.sentAt);
  }

  counts(): CallbackCounts {
    const { sent } = this;
    return { sent, ...this.#counts, lost: sent - this.#counts.delivered };
  }

  #message(body: string): Message {
    const message = this.#messages.get(body);
    if (!message) throw new Error(`unknown callback: ${body}`);
    return message;
  }
}
