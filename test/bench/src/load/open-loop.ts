import { until } from '../within.ts';
import { Poster } from './poster.ts';

/** Callback connections; a post waits when all of them are busy, and its clock runs from when it was due. */
const lanes = 128;
const answersMs = 5000;

/** One post: the request, and who takes the answer. */
export interface Post {
  request: Buffer;
  onAnswer: (status: number, body: string) => void;
}

/** The post that is due now, or undefined to leave it out. */
type NextPost = (intendedAt: number) => Post | undefined;

/** Posts at a fixed rate, however long the answers take: each has an intended time, and what delays it counts as its latency. */
export class OpenLoop {
  readonly #free: Poster[];
  readonly #posters: Poster[];
  readonly #intervalMs: number;
  readonly #next: NextPost;
  #dueAt = 0;
  #running = false;
  /** How late each post was sent, ms: what the load generator itself, and a lack of free connections, add. */
  readonly latenesses: number[] = [];

  private constructor(posters: Poster[], perSecond: number, next: NextPost) {
    this.#posters = posters;
    this.#free = [...posters];
    this.#intervalMs = 1000 / perSecond;
    this.#next = next;
  }

  /** Resolves with a loop whose connections are open. */
  static async connect(port: number, perSecond: number, next: NextPost): Promise<OpenLoop> {
    const posters = Array.from({ length: lanes }, () => new Poster(port));
    await Promise.all(posters.map((poster) => poster.connected));
    return new OpenLoop(posters, perSecond, next);
  }

  start(): void {
    this.#running = true;
    this.#dueAt = performance.now();
    setImmediate(this.#turn);
  }

  /** Resolves once everything posted is answered. */
  async stop(): Promise<void> {
    this.#running = false;
    await until(answersMs, 'the answer to every callback', () => this.#free.length === lanes);
    for (const poster of this.#posters) poster.destroy();
  }

  /** Keeps its core busy, as a timer would be up to 1 ms late. */
  readonly #turn = (): void => {
    if (!this.#running) return;
    const now = performance.now();
    while (this.#dueAt <= now && this.#free.length > 0) {
      const post = this.#next(this.#dueAt);
      if (post) this.#send(post, now);
      this.#dueAt += this.#intervalMs;
    }
    setImmediate(this.#turn);
  };

  #send({ request, onAnswer }: Post, now: number): void {
    this.latenesses.push(now - this.#dueAt);
    const poster = this.#free.pop()!;
    poster.post(request, (status, body) => {
      this.#free.push(poster);
      onAnswer(status, body);
    });
  }
}
