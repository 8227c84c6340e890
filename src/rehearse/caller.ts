import { backoffMs } from '@ws-connect/callback-client/internal/backoff';
import type { PodAnswer } from '@ws-connect/callback-client/internal/pod-client';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { PodError } from '@ws-connect/callback-client/internal/pod-exchange';
import type { Endpoint } from './balancer.ts';
import type { Ledger } from './ledger.ts';
import { pick } from './random.ts';
import type { Random } from './random.ts';

/** The pod that the registry names for a device. */
export interface Owner extends Endpoint {
  podId: string;
}

export interface CallerOptions {
  perSecond: number;
  /** How long it goes on trying with one callback, ms. */
  deadlineMs: number;
  deviceIds: readonly string[];
  /** The pods as a service finds them just now. */
  pods: () => readonly Endpoint[];
  /** Who holds the device. Undefined: nobody does, or the registry did not say. Without it every callback goes to any pod. */
  lookUp: ((deviceId: string) => Promise<Owner | undefined>) | undefined;
  ledger: Ledger;
  random: Random;
  changed: () => void;
}

/** What came of one attempt. `unknown`: the callback may have been delivered. */
export type Attempt = { status: number; retryAfter?: string | undefined } | 'refused' | 'unknown' | 'nowhere';

const tickMs = 10;
const answerWithinMs = 10_000;
const patience = { firstMs: 100, mostMs: 2000 };
/** Another attempt would be answered the same. */
const final = new Set([400, 401, 403, 413]);
/** Nothing reached the pod. */
const undelivered = new Set<PodError['code']>(['unreachable', 'unproven']);

/**
 * How long to wait before the next attempt, or undefined: there is none. An outcome that is unknown is tried again as well: a
 * service that would rather lose than double does not, and devices know what they have by its id.
 */
export function nextAttemptMs(attempt: Attempt, attempts: number, random: Random): number | undefined {
  if (typeof attempt === 'string') return backoffMs(random, attempts, patience);
  const { status, retryAfter } = attempt;
  if (status === 200 || final.has(status)) return undefined;
  const asked = /^\d{1,4}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : 0;
  return asked + backoffMs(random, attempts, patience);
}

/** A service that sends callbacks at a rate, however long the answers take, and follows the contract. */
export class Caller {
  /** Answers by status, and `refused`, `unknown` and `nowhere`. */
  readonly answers = new Map<string, number>();
  /** Callbacks it has not finished with. */
  underWay = 0;
  readonly #options: CallerOptions;
  readonly #client = new PodClient();
  readonly #waits = new Map<NodeJS.Timeout, () => void>();
  #ticker: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  start(): void {
    const { perSecond } = this.#options;
    const startedAt = performance.now();
    let started = 0;
    this.#ticker = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
      for (; started < due; started += 1) void this.#begin();
    }, tickMs);
  }

  /** Sends no new ones. */
  stop(): void {
    clearInterval(this.#ticker);
  }

  /** Gives up what is under way. */
  close(): void {
    this.stop();
    this.#isClosed = true;
    for (const [timer, wake] of this.#waits) {
      clearTimeout(timer);
      wake();
    }
    this.#client.close();
  }

  async #begin(): Promise<void> {
    this.underWay += 1;
    await this.#call();
    this.underWay -= 1;
    this.#options.changed();
  }

  async #call(): Promise<void> {
    const { deviceIds, ledger, random, deadlineMs } = this.#options;
    const deviceId = pick(random, deviceIds)!;
    const startedAt = performance.now();
    const body = ledger.send(deviceId, startedAt);
    for (let attempts = 1; !this.#isClosed; attempts += 1) {
      ledger.attempt(body);
      const attempt = await this.#attempt(deviceId, Buffer.from(body));
      this.#count(attempt);
      if (typeof attempt === 'object' && attempt.status === 200) return;
      const waitMs = nextAttemptMs(attempt, attempts, random);
      if (waitMs === undefined || performance.now() + waitMs > startedAt + deadlineMs) break;
      await this.#wait(waitMs);
    }
    ledger.giveUp(body);
  }

  /** Half of the callbacks go to the pod the registry names, the others to any. */
  async #attempt(deviceId: string, body: Buffer): Promise<Attempt> {
    const { lookUp, pods, random } = this.#options;
    const directed = lookUp !== undefined && random() < 0.5;
    const target = directed ? await lookUp(deviceId) : pick(random, pods());
    if (!target) return 'nowhere';
    try {
      const { status, headers } = await this.#post(target, deviceId, body);
      return { status, retryAfter: headers['retry-after'] };
    } catch (error) {
      return error instanceof PodError && undelivered.has(error.code) ? 'refused' : 'unknown';
    }
  }

  #post({ host, port, podId }: Endpoint & Partial<Owner>, deviceId: string, body: Buffer): Promise<PodAnswer> {
    return this.#client.send({
      address: host,
      port,
      podId,
      method: 'POST',
      path: `/callback/${deviceId}`,
      headers: { 'Content-Type': 'text/plain' },
      body,
      timeoutMs: answerWithinMs,
    });
  }

  #count(attempt: Attempt): void {
    const key = typeof attempt === 'string' ? attempt : String(attempt.status);
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, ms);
      this.#waits.set(timer, resolve);
    });
  }
}
