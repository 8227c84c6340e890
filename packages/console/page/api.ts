import type { ProblemBody } from './wire.ts';

export type Answer<T> = { body: T; refused?: undefined } | { body?: undefined; refused: Refusal };

/** Status 0: no answer came. */
export interface Refusal extends ProblemBody {
  status: number;
}

/** Asks this pod. Never rejects. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { cache: 'no-store', ...init });
    if (response.status === 204) return { body: undefined as T };
    const body: unknown = await response.json();
    return response.ok ? { body: body as T } : { refused: { status: response.status, ...(body as ProblemBody) } };
  } catch {
    return { refused: { status: 0, code: 'no-answer', detail: 'the pod did not answer' } };
  }
}

/** Asks this path again and again while it is on and somebody looks, and at once when it is turned on. */
export class Poll<T> {
  readonly #path: string;
  readonly #everyMs: () => number;
  readonly #show: (answer: Answer<T>) => void;
  /** Counts the turns on and off: what was asked before the last of them is not shown any more. */
  #round = 0;

  constructor(path: string, everyMs: () => number, show: (answer: Answer<T>) => void) {
    this.#path = path;
    this.#everyMs = everyMs;
    this.#show = show;
  }

  start(): void {
    this.#round += 1;
    void this.#turn(this.#round);
  }

  stop(): void {
    this.#round += 1;
  }

  async #turn(round: number): Promise<void> {
    if (round !== this.#round) return;
    if (!document.hidden) {
      const answer = await ask<T>(this.#path);
      if (round !== this.#round) return;
      this.#show(answer);
    }
    setTimeout(() => void this.#turn(round), this.#everyMs());
  }
}
