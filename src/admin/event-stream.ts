import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import type { Clock } from '../base/clock.ts';
import { repeat } from '../base/clock.ts';

/** A reader that is behind by more than this gets no more until it has caught up, bytes. */
const maxWaitingBytes = 262_144;

/**
 * How often `alive` is sent, ms: no proxy takes a quiet stream for a dead one, a reader knows that it still hears, and one that has
 * gone without a word is found out.
 */
const aliveMs = 15_000;

/** The last is for nginx, which would keep events until there are enough of them. */
export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
};

/** Server-sent events (WHATWG HTML, "Server-sent events") to one reader, until it leaves or they are ended. */
export class EventStream {
  readonly #response: ServerResponse;
  #missed = 0;

  /** Becomes the answer to this request. `onClose` is called when nobody reads any more. */
  constructor(ctx: Context, clock: Clock, onClose: () => void) {
    const { res } = ctx;
    this.#response = res;
    ctx.respond = false;
    const endAlive = repeat(
      clock,
      () => aliveMs,
      async () => this.#alive(),
    );
    res.once('close', () => {
      endAlive();
      onClose();
    });
    res.on('error', () => {}); // 'close' follows
    res.write('retry: 2000\n\n'); // the headers go out with the first bytes
  }

  /** A slow reader misses events, and is told how many with the next. */
  send(event: string, value: object): void {
    if (this.#response.writableLength > maxWaitingBytes) {
      this.#missed += 1;
      return;
    }
    const missed = this.#missed > 0 ? { missed: this.#missed } : {};
    this.#missed = 0;
    this.#response.write(`event: ${event}\ndata: ${JSON.stringify({ ...value, ...missed })}\n\n`);
  }

  end(): void {
    this.#response.end();
  }

  #alive(): void {
    if (this.#response.writableLength === 0) this.#response.write('event: alive\ndata: {}\n\n');
  }
}
