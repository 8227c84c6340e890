import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export interface ServerSentEvent {
  event: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events and keeps them. It leaves at the end of the test. */
export class EventReader {
  readonly events: ServerSentEvent[] = [];
  readonly response: IncomingMessage;
  /** The stream is over. */
  readonly closed: Promise<unknown>;
  #wake = () => {};

  private constructor(response: IncomingMessage) {
    this.response = response;
    this.closed = once(response, 'close');
    let event = '';
    createInterface(response).on('line', (line) => {
      if (line.startsWith('event: ')) event = line.slice(7);
      if (line.startsWith('data: ')) this.events.push({ event, data: JSON.parse(line.slice(6)) });
      this.#wake();
    });
    response.on('error', () => {}); // the end of the test
    onTestFinished(() => this.leave());
  }

  static async open(url: string): Promise<EventReader> {
    const outgoing = request(url).end();
    outgoing.on('error', () => {});
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return new EventReader(response);
  }

  /** Resolves with the first event that fits, also one of the past. */
  async first(fits: (data: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.events.find(({ data }) => fits(data));
      if (found) return found.data;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  leave(): void {
    this.response.destroy();
  }
}
